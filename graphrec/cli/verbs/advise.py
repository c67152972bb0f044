"""`graphrec advise`: which recommender to use on these data, and why."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, print_table, progress
from graphrec.cli.durations import read_seconds
from graphrec.cli.watch import Watch


@app.command()
def advise(  # noqa: PLR0917
    path: Annotated[
        Path | None,
        typer.Argument(help="A folder, file or zip; without it, the data of the graph.", show_default=False),
    ] = None,
    budget: Annotated[str, typer.Option(help="Begin no candidate after so long, such as 90s, 10m or 1h30m.")] = "5m",
    users: Annotated[int, typer.Option(min=1, help="Measure a sample of so many users.")] = 2000,
    seed: Annotated[int, typer.Option(help="For the split and the sample.")] = 0,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Look at the data, try what fits them, the quickest first, and say which recommender to use and why."""
    from graphrec.advising import advise
    from graphrec.connect import connect

    seconds = read_seconds(budget, "--budget")
    with ExitStack() as stack:
        bars = stack.enter_context(progress())
        data = path or stack.enter_context(connect(home))
        found = advise(data, budget=seconds, n_users=users, seed=seed, progress=Watch(bars).tell)
    if as_json:
        emit_json(found.as_dict())
        return
    for sentence in found.look.sentences:
        console.print(sentence, markup=False)
    console.print(f"{found.n_users:,} users measured ({found.split})", markup=False)
    seconds_of = [
        {name: f"{value:.1f}" if name.endswith("_s") else value for name, value in row.items()} for row in found.rows
    ]
    print_table(seconds_of, list(dict.fromkeys(name for row in found.rows for name in row)))
    for sentence in found.why:
        console.print(sentence, markup=False)
    console.print(f"Use {found.use}: {_how(found.use)}", markup=False)


def _how(name: str) -> str:
    """The command with which a recommender is used."""
    from graphrec.models.train import trainable

    asked = f"graphrec recommend USER --with {name}"
    return f"graphrec train --model {name}, then {asked}" if name in trainable() else f"{asked} (nothing to train)"
