"""`graphrec predict`: what a user would rate items with."""

from __future__ import annotations

from typing import Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, emit_json, print_table


@app.command()
def predict(
    user: Annotated[str, typer.Argument(help="The user's id.")],
    item: Annotated[list[str], typer.Argument(help="The items' ids.")],
    model: Annotated[
        str, typer.Option("--with", help="svd or svdpp, once trained; user_neighbours or item_neighbours, at once.")
    ] = "svd",
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Predict what a user would rate items with, on the scale of the data."""
    from graphrec.connect import connect
    from graphrec.recommend.rating import predict as answer

    with connect(home) as graph:
        found = answer(graph, user, item, model)
    if as_json:
        emit_json({"user_id": user, "model": model, "ratings": found})
        return
    rows = [{"item_id": i, "rating": "unknown" if r is None else f"{r:.2f}"} for i, r in found.items()]
    print_table(rows, ["item_id", "rating"], title=f"{model} for user {user}")
