"""Quality against time: recall@20 over the seconds of the fit, one panel a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from contest.data import DATASETS

OURS, PEERS = "#0072b2", "#d55e00"
"""Told apart by people who see colours differently, too."""

LEAST_S = 0.01
"""A fit that takes less is drawn here, as a logarithm has no 0."""


def draw(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the plot: models with searched settings as discs with their names, with defaults as rings."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    names = [name for name in DATASETS if any(row["dataset"] == name and "recall@20" in row for row in rows)]
    if not names:
        return
    n_columns = min(len(names), 2)
    n_rows = -(-len(names) // n_columns)
    figure, axes = plt.subplots(n_rows, n_columns, figsize=(9 * n_columns, 6.2 * n_rows), squeeze=False)
    for ax in axes.flat[len(names) :]:
        ax.set_visible(False)
    for ax, name in zip(axes.flat, names, strict=False):
        _panel(ax, DATASETS[name].title, [row for row in rows if row["dataset"] == name and "recall@20" in row])
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _panel(ax: Any, title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    searched = {row["model"]: row for row in rows if row["chosen"] == "searched"}
    defaults = {row["model"]: row for row in rows if row["chosen"] == "defaults"}
    for row in defaults.values():
        ax.plot(*_point(row), "o", mfc="none", mec=_colour(row), alpha=0.6)
    labelled = list({**defaults, **searched}.values())
    for row in searched.values():
        ax.plot(*_point(row), "o", color=_colour(row))
    for name, colour in (("graphrec", OURS), ("other packages", PEERS)):
        ax.plot([], [], "o", color=colour, label=name)
    ax.plot([], [], "o", mfc="none", mec="grey", label="with defaults")
    ax.set(title=title, xscale="log", xlabel="seconds to fit", ylabel="recall@20")
    ax.grid(alpha=0.25)
    ax.legend(loc="lower right", fontsize=8)
    _label(ax, sorted(labelled, key=lambda row: row["recall@20"]))


def _label(ax: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Names at the right edge, from the lowest to the highest, so far apart that they can be read."""
    low, high = ax.get_ylim()
    wanted = np.array([(row["recall@20"] - low) / (high - low) for row in rows])
    for row, height in zip(rows, spread(wanted, 0.035), strict=True):
        cut = " (cut off)" if row.get("note") else ""
        ax.annotate(
            row["model"] + cut,
            xy=_point(row),
            xytext=(1.02, height),
            textcoords="axes fraction",
            color=_colour(row),
            fontsize=8,
            va="center",
            arrowprops={"arrowstyle": "-", "color": _colour(row), "alpha": 0.25, "lw": 0.7},
        )


def spread(heights: np.ndarray, gap: float) -> np.ndarray:
    """Rising heights moved apart to at least `gap`, as a block around where they were."""
    found = heights.astype(float)
    for _ in range(200):
        near = np.flatnonzero(np.diff(found) < gap - 1e-9)
        if not len(near):
            break
        for n in near:
            middle = (found[n] + found[n + 1]) / 2
            found[n], found[n + 1] = middle - gap / 2, middle + gap / 2
    return found


def _point(row: Mapping[str, Any]) -> tuple[float, float]:
    return max(row["fit_s"], LEAST_S), row["recall@20"]


def _colour(row: Mapping[str, Any]) -> str:
    return OURS if row["package"].startswith("graphrec") else PEERS
