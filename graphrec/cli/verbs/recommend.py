"""`graphrec recommend`: items for a user, or for a visitor's items."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, emit_json, err, print_table
from graphrec.cli.pairs import read_pairs
from graphrec.errors import InputError

WithOption = Annotated[
    str | None,
    typer.Option(
        "--with",
        help="walk, cooccurrence, user_neighbours, item_neighbours, popular, trending, tags, friends; or a model "
        "that is trained: blend, lightgcn, p3alpha, item_graph, ease, gfcf, chebyshev, spectral, svd, svdpp, als, bpr, "
        "nmf, content, multvae, sasrec, neumf, two_tower, weighted, switching, cascade, augmented, stacked. Without it "
        "blend or lightgcn where a version is live, else walk.",
        show_default=False,
    ),
]


@app.command()
def recommend(  # noqa: PLR0917
    user: Annotated[str | None, typer.Argument(help="The user's id; unknown ones get popular items.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many items.")] = 10,
    model: WithOption = None,
    item: Annotated[
        list[str] | None,
        typer.Option("--item", metavar="ID[=WEIGHT]", help="An item that a visitor liked; may be repeated."),
    ] = None,
    context: Annotated[
        list[str] | None,
        typer.Option(
            "--context",
            metavar="KEY=VALUE",
            help="Where or when the list is for, such as device=tv or hour=20, for --with switching; may be repeated.",
        ),
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Recommend items to a user, each with its reason; items the user has are left out."""
    from graphrec.connect import connect
    from graphrec.recommend.answer import recommend as answer

    if user is None and not item:
        raise InputError("expected a user's id, or items that a visitor liked (--item ID); found neither")
    with connect(home) as graph:
        told = read_pairs(context or [], "--context device=tv")
        table = answer(graph, user, k, model, items=_weighted(item or []), context=told)
    show(table, as_json, f"for user {user}" if user else "for a visitor")


def show(table: Any, as_json: bool, what: str) -> None:
    """Print an answer: its note on standard error, its rows as a table or as JSON."""
    rows = table.to_dict("records")
    if as_json:
        emit_json({"model": table.attrs["model"], "note": table.attrs["note"], "items": rows})
        return
    if table.attrs["note"]:
        err.print(table.attrs["note"], markup=False)
    columns = ["rank", "item_id", "title", "tags", "score", "reason"]
    columns = [c for c in columns if c not in ("title", "tags") or any(row[c] for row in rows)]
    print_table(rows, columns, title=f"{table.attrs['model']} {what}")


def _weighted(items: list[str]) -> dict[str, float]:
    weights = {}
    for text in items:
        item_id, _, weight = text.rpartition("=") if "=" in text else (text, "", "1")
        try:
            weights[item_id] = float(weight)
        except ValueError:
            weights[text] = 1.0
    return weights
