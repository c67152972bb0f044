"""`graphrec advise`: which recommender to use on these data, and why."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, print_table, progress
from graphrec.cli.durations import read_seconds
from graphrec.cli.watch import Watch

if TYPE_CHECKING:
    from graphrec.advising import Advice

TRIED = "tried because"


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
    _print(found)
    for sentence in found.why:
        console.print(sentence, markup=False)
    console.print(f"Use {found.use}: {_how(found.use)}", markup=False)


def _print(found: Advice) -> None:
    """The candidates that were measured, why each was tried, and why others weren't measured."""
    measured = [row for row in found.rows if "note" not in row]
    names = [name for name in measured[0] if name not in ("model", TRIED)]
    rows = [
        {"model": row["model"], **{name.removesuffix("@10"): _cell(name, row[name]) for name in names}}
        for row in measured
    ]
    print_table(rows, list(rows[0]), "Lists of 10, the best first")
    for row in measured:
        console.print(f"  {row['model']}: {row[TRIED]}", markup=False)
    for note in dict.fromkeys(row["note"] for row in found.rows if "note" in row):
        those = ", ".join(row["model"] for row in found.rows if row.get("note") == note)
        console.print(f"Not measured: {those} ({note})", markup=False)


def _cell(name: str, value: float) -> float | str:
    """Seconds and megabytes with fewer digits than metrics."""
    return f"{value:.1f}" if name.endswith(("_s", "_mib")) else value


def _how(name: str) -> str:
    """The command with which a recommender is used."""
    from graphrec.models.train import trainable

    asked = f"graphrec recommend USER --with {name}"
    return f"graphrec train --model {name}, then {asked}" if name in trainable() else f"{asked} (nothing to train)"
