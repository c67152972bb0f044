"""`graphrec train`: fit a model to the graph and write what it has learnt back."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.progress import Progress

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, err, progress
from graphrec.cli.pairs import read_pairs
from graphrec.connect import connect
from graphrec.versions import ModelVersion

NAMED = ["embedding_dim", "num_layers", "learning_rate", "batch_size", "epochs", "patience"]
"""Options that are settings of LightGCN, alone or in the blend."""


@app.command()
def train(  # noqa: PLR0917
    model: Annotated[
        str,
        typer.Option(
            help="blend, lightgcn; a graph filter: p3alpha, item_graph, ease, gfcf, chebyshev, spectral; factors: svd, "
            "svdpp, als, bpr, nmf; or content."
        ),
    ] = "blend",
    embedding_dim: Annotated[
        int | None, typer.Option(help="How many numbers a vector has.", show_default="256")
    ] = None,
    num_layers: Annotated[int | None, typer.Option(help="How many hops are propagated.", show_default="2")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The step size of Adam.", show_default="0.01")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Users a step.", show_default="by their number")] = None,
    epochs: Annotated[int | None, typer.Option(help="The most epochs to train.", show_default="40")] = None,
    patience: Annotated[
        int | None, typer.Option(help="Stop after so many epochs without a better recall.", show_default="3")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same vectors.", show_default="42")] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any other setting; may be repeated.")
    ] = None,
    warm: Annotated[
        bool, typer.Option("--warm", help="Start at what the live version has learnt; a few epochs suffice.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run, if there is one.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Train even if data and settings are the same.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Train a model on the graph and write back what it has learnt: vectors with an index, similar items, or both;
    of a model that has nothing for the graph the files of its version are kept.

    A blend is LightGCN, a graph filter, a walk and popularity, by weights that are learnt as well; settings of a part
    are named like --set lightgcn.epochs=20. Part of LightGCN's training data is withheld to know when to stop. What is
    new goes into the idle slot; the version before stays live until that is complete. Interrupted, `graphrec train
    --resume` goes on. Where neither data nor settings have changed since, there is nothing to train.
    """
    given = (embedding_dim, num_layers, learning_rate, batch_size, epochs, patience)
    part = "lightgcn." if model == "blend" else ""
    named = {f"{part}{n}": v for n, v in zip(NAMED, given, strict=True) if v is not None}
    if seed is not None:
        named |= {"seed": seed}
    settings = named | read_pairs(setting or [], "--set temperature=0.1")
    with connect(home) as graph, progress() as bar:
        from graphrec.models.train import train as run

        watch = _Watch(bar)
        try:
            flags = {"warm": warm, "resume": resume, "again": again}
            version = run(graph, model, settings, **flags, progress=watch.fit, publishing=watch.publish)
        except KeyboardInterrupt:
            err.print(f"interrupted; the version before stays live, `graphrec train --model {model} --resume` goes on")
            raise typer.Exit(130) from None
    if not watch.has_begun:
        err.print("neither data nor settings have changed since it was trained; --again trains it all the same")
    _show(version, as_json)


class _Watch:
    """Turns what training and publishing tell into progress bars."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, Any] = {}

    @property
    def has_begun(self) -> bool:
        """Whether anything was told."""
        return bool(self._tasks)

    def fit(self, report: Any) -> None:
        """One step of one epoch."""
        if not self._tasks and report.memory:
            err.print(f"training takes about {report.memory / 2**30:.1f} GiB of memory")
        best = report.best_recall if report.recall is None else report.recall
        told = f"loss {report.loss:.3f}" + (f", validation recall@20 {best:.4f}" if best is not None else "")
        self._update("training", (report.epoch - 1) * report.steps + report.step, report.epochs * report.steps, told)

    def publish(self, what: str, done: int, total: int) -> None:
        """One block of vectors, or the index."""
        if "training" in self._tasks:
            self._bar.stop_task(self._tasks["training"])
        self._update(what, done, total, "")

    def _update(self, what: str, done: int, total: int, told: str) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, total=total, rate="")
        self._bar.update(self._tasks[what], completed=done, total=total, rate=told)


def _show(version: ModelVersion, as_json: bool) -> None:
    if as_json:
        maps = {"metrics": version.metrics, "settings": version.settings, "numbers": version.numbers}
        emit_json({**version.node(), **{name: dict(values) for name, values in maps.items()}})
        return
    told = [f"{version.dim} numbers a vector"] if version.dim else []
    told += [f"up to {version.n_neighbours} similar items an item"] if version.n_neighbours else []
    told = told or ["in its files"]
    metrics = ", ".join(f"{name} {value:.4g}" for name, value in version.metrics.items())
    known = "; ".join([", ".join(told), *([metrics] if metrics else [])])
    console.print(f"{version.name} version {version.version} is live ({known})")
