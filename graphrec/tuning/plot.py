"""A search as a picture: its trials in their order, and what mattered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from graphrec.tuning.result import Trial, Tuning, check_file

PLOTS = (".png", ".svg", ".pdf")

DONE, BEST, WITHOUT = "#4c78a8", "#e45756", "#8c8c8c"


def check_plot(path: Path) -> None:
    """InputError unless a plot can be written to the path; asked before the work, not after it."""
    check_file(path, PLOTS, "the plot")


def plot_tuning(tuning: Tuning, path: Path) -> None:
    """Draw the value of each trial and the best so far, and beside them how much each setting mattered."""
    check_plot(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_trials(left, tuning)
    _draw_importances(right, tuning)
    figure.suptitle(f"{tuning.model} on {tuning.dataset}: best {tuning.optimise} {tuning.best.value:.4f}", fontsize=13)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def _draw_trials(axes: Any, tuning: Tuning) -> None:
    trials = sorted(tuning.trials, key=lambda trial: trial.number)
    numbers, values = _values(trials)
    axes.plot(numbers, values, "o", color=DONE, markersize=5, alpha=0.7, label="trial")
    axes.step(numbers, np.maximum.accumulate(values), where="post", color=DONE, linewidth=1.2, label="best so far")
    best = tuning.best
    axes.plot([best.number], [best.value], "*", color=BEST, markersize=13, label=f"best, trial {best.number}")
    floor = float(values.min())
    for state, marker in (("pruned", "v"), ("failed", "x")):
        ended = [trial.number for trial in trials if trial.state == state]
        if ended:
            axes.plot(ended, [floor] * len(ended), marker, color=WITHOUT, label=f"{state}, without a value")
    axes.set_xlabel("trial")
    axes.set_ylabel(f"{tuning.optimise} of the validation part")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="y", alpha=0.25)
    axes.legend(frameon=False, fontsize=8, ncols=5, loc="lower left", bbox_to_anchor=(0, 1))


def _draw_importances(axes: Any, tuning: Tuning) -> None:
    names = list(tuning.importances)[::-1]
    shares = [tuning.importances[name] for name in names]
    bars = axes.barh([f"{name}\nbest {tuning.best.settings[name]}" for name in names], shares, 0.5, color=DONE)
    axes.bar_label(bars, [f"{share:.0%}" for share in shares], padding=3, fontsize=8)
    axes.set_xlim(0, 1.15 * max(shares, default=1))
    axes.set_xlabel("share in what mattered (PED-ANOVA)")
    axes.tick_params(axis="y", labelsize=8)
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    if not names:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "too few trials to say", transform=axes.transAxes, ha="center", color=WITHOUT)


def _values(trials: list[Trial]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Numbers and values of the trials that have one."""
    found = [(trial.number, trial.value) for trial in trials if trial.value is not None]
    return np.array([n for n, _ in found]), np.array([v for _, v in found])
