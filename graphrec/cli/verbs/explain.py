"""`graphrec explain`: why an item is recommended to a user."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, print_table
from graphrec.cli.verbs.recommend import WithOption

if TYPE_CHECKING:
    from graphrec.recommend.explain import Explanation


@app.command()
def explain(  # noqa: PLR0917
    user: Annotated[str, typer.Argument(help="The user's id.")],
    item: Annotated[str, typer.Argument(help="The item's id.")],
    model: WithOption = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many reasons.")] = 5,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the paths into this .png, .svg or .pdf file.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Say why an item is recommended to a user: the parts of its score and the paths behind them."""
    from graphrec.connect import connect
    from graphrec.recommend.explain import explain as answer
    from graphrec.recommend.plot import plot_explanation

    with connect(home) as graph:
        found = answer(graph, user, item, model, k=k)
    if plot is not None:
        plot_explanation(found, plot)
    if as_json:
        emit_json(asdict(found))
        return
    _print(found)
    if plot is not None:
        console.print(f"the paths: {plot}", markup=False)


def _print(found: Explanation) -> None:
    if found.score is None:
        console.print(f"{found.model} doesn't reach {found.title} for user {found.user_id}", markup=False)
        return
    seen = "; the user has it already" if found.seen else ""
    console.print(f"{found.title} for user {found.user_id}: {found.model} score {found.score:.4f}{seen}", markup=False)
    rows = [
        {
            "part": "" if r.part is None else f"{r.part:.3g}",
            "reason": r.text,
            "path": " → ".join(label for _, label in r.path),
        }
        for r in found.reasons
    ]
    print_table(rows, ["part", "reason", "path"])
