"""`graphrec queries`: the questions that the graph can be asked by name."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from graphrec import queries as files
from graphrec.cli.app import JsonOption, app, console, emit_json, print_table


@app.command()
def queries(
    folder: Annotated[str | None, typer.Argument(help="Only those in this folder, such as 'walk'.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the queries under cypher/, with what each gives; `graphrec query NAME` runs one."""
    found = [query for query in files.all_queries().values() if folder in (None, query.name.split("/")[0])]
    if as_json:
        emit_json([_described(query) for query in found])
        return
    print_table(({"query": q.name, "access": q.access, "what it gives": q.summary} for q in found), _COLUMNS)
    console.print("`graphrec query NAME --about` tells one's parameters.")


_COLUMNS = ("query", "access", "what it gives")


def _described(query: files.Query) -> dict[str, Any]:
    return {
        "name": query.name,
        "summary": query.summary,
        "description": query.description,
        "parameters": dict(query.parameters),
        "defaults": dict(query.defaults),
        "returns": query.returns,
        "access": query.access,
        "example": query.example,
    }
