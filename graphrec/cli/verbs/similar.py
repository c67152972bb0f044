"""`graphrec similar`: items near to one."""

from __future__ import annotations

from typing import Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app
from graphrec.cli.verbs.recommend import WithOption, show


@app.command()
def similar(
    item: Annotated[str, typer.Argument(help="The item's id.")],
    k: Annotated[int, typer.Option("-k", min=1, help="How many items.")] = 10,
    model: WithOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show the items nearest to one item: by who likes them, by their tags or by their vectors."""
    from graphrec.connect import connect
    from graphrec.recommend.answer import similar as answer

    with connect(home) as graph:
        table = answer(graph, item, k, model)
    show(table, as_json, f"near item {item}")
