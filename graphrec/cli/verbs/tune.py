"""`graphrec tune`: a model's settings searched on a validation part of the training data."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, err, print_table, progress
from graphrec.cli.durations import read_seconds
from graphrec.cli.pairs import read_pairs
from graphrec.cli.relevant import RelevantOption, least

if TYPE_CHECKING:
    from graphrec.tuning import Trial, Tuning
    from graphrec.tuning.search import Step

MOST_ROWS = 20
"""Trials that are printed."""

BESIDE = ("recall", "ndcg", "coverage")
"""Metrics that are printed beside the one that is optimised."""


@app.command()
def tune(  # noqa: PLR0917
    model: Annotated[str, typer.Option(help="Which fitted model to tune.")] = "lightgcn",
    data: Annotated[
        Path | None,
        typer.Option(help="A folder, file or zip to tune on; without it, the data of the graph.", show_default=False),
    ] = None,
    optimise: Annotated[str, typer.Option(help="METRIC@K, see `graphrec evaluate --definitions`.")] = "recall@20",
    sampler: Annotated[str, typer.Option(help="tpe, random or grid.")] = "tpe",
    trials: Annotated[int, typer.Option(min=1, help="How many settings to try, those before counted.")] = 30,
    budget: Annotated[
        str | None, typer.Option(help="Stop after so long, such as 90s, 10m or 1h30m.", show_default=False)
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that try settings beside each other.")] = 1,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting that isn't searched; may be repeated."),
    ] = None,
    ranges: Annotated[
        list[str] | None,
        typer.Option(
            "--search",
            metavar="NAME=RANGE",
            help="Search here instead: LOW:HIGH, LOW:HIGH:log or A,B,C; may be repeated.",
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="How to set test and validation parts aside, as in evaluate.", show_default=False)
    ] = None,
    share: Annotated[float, typer.Option(help="The share of each of both.")] = 0.2,
    relevant: RelevantOption = "any",
    seed: Annotated[int, typer.Option(help="For the split, and for what is tried.")] = 0,
    resume: Annotated[bool, typer.Option("--resume/--again", help="Go on with the trials of before, or anew.")] = True,
    out: Annotated[
        Path | None, typer.Option(help="Write every trial to this .json or .csv file.", show_default=False)
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the search into this .png, .svg or .pdf file.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Search a model's settings and say how to train it with the best.

    The test part that `graphrec evaluate` would hold back is set aside; trials learn from a part of the rest and are
    measured on the other. Trials are kept: an interrupted search goes on where it was. With --data the graph isn't
    touched and no server is needed.
    """
    from graphrec.connect import connect
    from graphrec.evaluation import SplitSettings
    from graphrec.tuning import tune
    from graphrec.tuning.plot import check_plot, plot_tuning
    from graphrec.tuning.result import check_log

    for file, check in ((out, check_log), (plot, check_plot)):
        if file is not None:
            check(file)
    with ExitStack() as stack:
        bars = stack.enter_context(progress())
        found = tune(
            data or stack.enter_context(connect(home)),
            model,
            optimise=optimise,
            sampler=sampler,
            trials=trials,
            budget=None if budget is None else read_seconds(budget, "--budget"),
            jobs=jobs,
            settings=SplitSettings(split, share, seed, least(relevant)),
            fixed=read_pairs(setting or [], "--set temperature=0.1"),
            ranges=read_pairs(ranges or [], "--search temperature=0.05:0.5:log"),
            resume=resume,
            home=home,
            progress=_Watch(bars).tell,
        )
    if out is not None:
        found.write(out)
    if as_json:
        emit_json(found.as_dict())
    else:
        _print(found)
    if plot is not None:
        plot_tuning(found, plot)
    if found.ended == "interrupted":
        err.print("interrupted; the same command goes on")
        raise typer.Exit(130)


class _Watch:
    """Turns the steps of a search into a bar."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("reading", total=None, rate="")

    def tell(self, step: Step) -> None:
        """Trials ended, the best so far, what runs now."""
        best = f"best {step.best.value:.4f}" if step.best and step.best.value is not None else ""
        doing = step.doing or "trials"
        self._bar.update(self._task, description=doing, completed=step.done, total=step.wanted, rate=best)


def _print(found: Tuning) -> None:
    console.print(f"{found.model} on {found.dataset}, {found.sampler} search, seed {found.seed}", markup=False)
    console.print(
        f"{found.n_train:,} training and {found.n_validation:,} validation pairs of {found.n_users:,} users "
        f"over {found.n_items:,} items ({found.split}: {found.says}); the test part is set aside",
        markup=False,
    )
    best = found.best
    k = found.optimise.partition("@")[2]
    metrics = [found.optimise, *(name for metric in BESIDE if (name := f"{metric}@{k}") != found.optimise)]
    columns = ["trial", *metrics, "seconds", "settings"]
    print_table([_row(trial) for trial in found.trials[:MOST_ROWS] if trial.value is not None], columns)
    if len(found.trials) > MOST_ROWS:
        console.print(f"… of {len(found.trials)} trials; --out FILE writes them all", markup=False)
    for trial in found.trials:
        if trial.reason:
            console.print(f"trial {trial.number} {trial.state}: {trial.reason}", markup=False)
    mattered = ", ".join(f"{name} {share:.0%}" for name, share in found.importances.items())
    if mattered:
        console.print(f"what mattered: {mattered}", markup=False)
    console.print(f"best: trial {best.number}, {found.optimise} {best.value:.4f}", markup=False)
    console.print(found.command(), markup=False)


def _row(trial: Trial) -> dict[str, object]:
    settings = " ".join(f"{name}={value}" for name, value in trial.settings.items())
    seconds = f"{sum(trial.seconds.values()):.1f}"
    return {"trial": trial.number, **trial.metrics, "seconds": seconds, "settings": settings}
