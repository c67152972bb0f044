"""One function to compare recommenders on whatever holds data, with what chance can explain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from graphrec.comparing.gathering import Asked, Gathered, gather
from graphrec.comparing.paired import Floats, bootstrap, differences
from graphrec.comparing.result import Comparison
from graphrec.errors import InputError
from graphrec.evaluation.metrics import ACCURACY, METRICS
from graphrec.evaluation.ranking import Progress
from graphrec.evaluation.running import check_asked
from graphrec.evaluation.stage import staged
from graphrec.frames import Frames
from graphrec.graph import Graph

DECIDING = (*ACCURACY, "novelty", "tail", "diversity", "serendipity")
"""Metrics that have a number of each user, where more is better."""


def compare(
    data: Graph | Frames | Path | str, asked: Asked, *, against: str | None = None, progress: Progress | None = None
) -> Comparison:
    """Models beside each other: means with bootstrap intervals, paired tests with all comparisons in mind, slices of
    little known users and items, and costs.

    `data` is as for `evaluate`. `against`: compare the others with this model alone, which needs less data.
    """
    _check(asked, against)
    with TemporaryDirectory(prefix="graphrec-") as folder:
        frames = staged(data, Path(folder) / "frames")
        return judge(gather(frames, asked, progress), asked, against=against)


def judge(gathered: Gathered, asked: Asked, *, against: str | None = None) -> Comparison:
    """What the numbers of the users tell."""
    values = gathered.values(asked.models)
    n_users = len(next(iter(values.values())))
    if n_users < 2:
        raise InputError(f"expected at least two test users with all models and seeds, found {n_users}; hold back more")
    return Comparison(
        metric=asked.metric,
        seeds=list(asked.seeds),
        n_users=n_users,
        told=gathered.told,
        rows=_rows(gathered, asked, values),
        differences=differences(values, against, seed=asked.seeds[0]),
        slices=_mean_slices(gathered.slices),
    )


def _rows(gathered: Gathered, asked: Asked, values: Mapping[str, Floats]) -> list[dict[str, Any]]:
    """A row a model, the best first."""
    figures = gathered.figures.drop(columns=["seed", "fold"]).groupby("model", sort=False).mean()
    found = {str(row["model"]): row for row in figures.reset_index().to_dict("records")}
    rows = []
    for model in sorted(asked.models, key=lambda name: -float(values[name].mean())):
        low, high = bootstrap(values[model].mean(axis=1), asked.seeds[0])
        told = {asked.metric: float(values[model].mean()), "low": low, "high": high}
        rows.append({**{str(name): value for name, value in found[model].items()}, **told})
    return rows


def _mean_slices(slices: pd.DataFrame) -> list[dict[str, Any]]:
    """Of each slice the means over seeds and folds."""
    keys = ["model", "by", "group"]
    numbers = {name: float for name in slices.columns if name not in (*keys, "seed", "fold")}
    means = slices[[*keys, *numbers]].astype(numbers).groupby(keys, sort=False).mean().reset_index()
    return [
        {str(name): None if isinstance(value, float) and np.isnan(value) else value for name, value in row.items()}
        for row in means.to_dict("records")
    ]


def _check(asked: Asked, against: str | None) -> None:
    check_asked(asked.models, asked.ks, asked.n_users)
    name, _, k = asked.metric.partition("@")
    if name not in METRICS or not k.isdecimal() or int(k) not in asked.ks:
        known = ", ".join(METRICS)
        raise InputError(
            f"expected METRIC@K to decide by, with K among {_texts(asked.ks)}, found {asked.metric!r}; "
            f"there are {known}"
        )
    if name not in DECIDING:
        raise InputError(f"{name} has no number of each user that should be high; decide by {', '.join(DECIDING)}")
    if against is not None and against not in asked.models:
        raise InputError(f"expected --against one of {', '.join(asked.models)}, found {against!r}")
    if not asked.seeds or len(set(asked.seeds)) < len(asked.seeds):
        raise InputError(f"expected different seeds, found {_texts(asked.seeds) or 'none'}")


def _texts(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))
