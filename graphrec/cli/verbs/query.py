"""`graphrec query`: run one of the queries under cypher/ by its name."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphrec import queries as files
from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, print_table
from graphrec.errors import InputError

if TYPE_CHECKING:
    from graphrec.graph import Graph
    from graphrec.privacy.entry import Entry

ParamOption = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter; JSON, or plain text. May be repeated."),
]


@app.command()
def query(  # noqa: PLR0917
    name: Annotated[str, typer.Argument(help="A name that `graphrec queries` lists, such as walk/recommend.")],
    param: ParamOption = None,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Allow a query that changes the graph.")] = False,
    about: Annotated[
        bool, typer.Option("--about", help="Print what the query says of itself, and don't run it.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Run a query and print its rows as a table, JSON or CSV. Parameters with a default may be left out."""
    from graphrec.connect import connect
    from graphrec.privacy.entry import entry_of

    asked = files.get(name)
    if about:
        tell(asked)
        return
    if as_json and as_csv:
        raise InputError("expected one of --json and --csv, found both; leave one out")
    if asked.access != "read" and not write:
        raise InputError(f"query {name} changes the graph; say --write to allow it")
    given = dict(read_parameter(asked, text) for text in param or ())
    asked.complete(given)
    with connect(home) as graph:
        rows = run(graph, asked, entered(given, entry_of(graph.home)))
    show(asked, rows, as_json=as_json, as_csv=as_csv)


def read_parameter(query: files.Query, text: str) -> tuple[str, Any]:
    """Name and value of `name=value`: JSON where it is JSON, else text. Ids stay text: `item_id=50` gives '50'."""
    name, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"expected a parameter as name=value, found {text!r}")
    if name.endswith("_id"):
        return name, value.removeprefix('"').removesuffix('"') if value.startswith('"') else value
    try:
        found = json.loads(value)
    except json.JSONDecodeError:
        found = value
    if name.endswith("_ids"):
        return name, [_id(item) for item in found] if isinstance(found, list) else value.split(",")
    if name in ("excluded", "allowed") and isinstance(found, list):
        return name, [_id(item) for item in found]
    return name, found


def _id(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def entered(given: dict[str, Any], entry: Entry) -> dict[str, Any]:
    """The parameters with users' ids as the graph holds them."""
    found = dict(given)
    if "user_id" in given:
        found["user_id"] = entry.user(given["user_id"])
    if "user_ids" in given:
        found["user_ids"] = [entry.user(user_id) for user_id in given["user_ids"]]
    return found


def run(graph: Graph, query: files.Query, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows, by the way that fits the query's access."""
    if query.identifiers:
        raise InputError(f"query {query.name} belongs to graphrec's own schema and can't be run by hand")
    if query.access == "read":
        return graph.read(query.name, **given)
    return graph.write(query.name, **given) if query.access == "write" else graph.run(query.name, **given)


def show(query: files.Query, rows: Sequence[dict[str, Any]], *, as_json: bool, as_csv: bool) -> None:
    """Print the rows, the columns in the order that the query declares."""
    if as_json:
        emit_json(rows)
    elif as_csv:
        table = csv.writer(sys.stdout, lineterminator="\n")
        table.writerow(query.returns)
        table.writerows([_cell(row[column]) for column in query.returns] for row in rows)
    elif rows:
        print_table(rows, query.returns)
    else:
        console.print("no rows")


def tell(query: files.Query) -> None:
    """Print the query's own words, its parameters and its columns."""
    console.print(query.description, markup=False)
    rows = [{"parameter": name, "meaning": meaning} for name, meaning in query.parameters.items()]
    if rows:
        print_table(rows, ("parameter", "meaning"))
    console.print(
        f"returns: {', '.join(query.returns) or 'nothing'}\naccess: {query.access}\n{query.example}", markup=False
    )


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
