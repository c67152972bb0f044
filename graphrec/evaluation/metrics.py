"""The metrics by name, each over ranked lists cut at k and the held-back items of each test user.

Every test user counts, those that got no list with 0; `n_test` is how many items of the user are held back. A hit is
a held-back item in the first k. Metrics of users are means over them, others look at all lists together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from graphrec.evaluation import accuracy, beyond
from graphrec.evaluation.truth import Background, Floats, Ints, Ranked, Truth

__all__ = [
    "ACCURACY",
    "METRICS",
    "Background",
    "Floats",
    "Ints",
    "Ranked",
    "Truth",
    "definitions",
    "measure",
    "measure_users",
    "needs_background",
]


@dataclass(frozen=True)
class Metric:
    """`of_user`: one number a test user, NaN for one who doesn't count; else `of_all`: one for all lists.

    `needs`: "background", or "tags" within it.
    """

    says: Callable[[Truth, Ranked], Floats | float]
    needs: str = ""
    higher: bool = True

    def can_tell(self, truth: Truth) -> bool:
        """Whether the truth has what this metric looks at."""
        if not self.needs or truth.background is None:
            return not self.needs
        return self.needs != "tags" or truth.background.tags is not None


METRICS: Mapping[str, Metric] = {
    "recall": Metric(accuracy.recall),
    "precision": Metric(accuracy.precision),
    "ndcg": Metric(accuracy.ndcg),
    "map": Metric(accuracy.mean_average_precision),
    "mrr": Metric(accuracy.reciprocal_rank),
    "hit_rate": Metric(accuracy.hit_rate),
    "auc": Metric(accuracy.auc, "background"),
    "coverage": Metric(beyond.coverage),
    "gini": Metric(beyond.gini, higher=False),
    "novelty": Metric(beyond.novelty),
    "tail": Metric(beyond.tail),
    "popularity": Metric(beyond.popularity, higher=False),
    "lift": Metric(beyond.lift, "background", higher=False),
    "diversity": Metric(beyond.diversity, "background"),
    "serendipity": Metric(beyond.serendipity, "background"),
    "miscalibration": Metric(beyond.miscalibration, "tags", higher=False),
}

ACCURACY = ("recall", "precision", "ndcg", "map", "mrr", "hit_rate", "auc")
"""Those that say how right lists are; the others say what they are like."""


def measure(truth: Truth, lists: pd.DataFrame, ks: tuple[int, ...]) -> dict[str, float]:
    """Every metric at every k that the truth has enough for, as `ndcg@20`. `lists`: user_id, item_id and rank."""
    return measure_users(truth, lists, ks)[0]


def measure_users(
    truth: Truth, lists: pd.DataFrame, ks: tuple[int, ...], kept: tuple[str, ...] = ()
) -> tuple[dict[str, float], dict[str, Floats]]:
    """What `measure` gives, and for the metrics in `kept` (as `ndcg@20`) the numbers of the test users."""
    values: dict[str, float] = {}
    users: dict[str, Floats] = {}
    for k in ks:
        ranked = Ranked.of(truth, lists, k)
        for name, metric in METRICS.items():
            if metric.can_tell(truth):
                found = metric.says(truth, ranked)
                values[f"{name}@{k}"] = _mean(found)
                if f"{name}@{k}" in kept and isinstance(found, np.ndarray):
                    users[f"{name}@{k}"] = found
    return values, users


def needs_background(name: str) -> bool:
    """Whether a metric looks at more than hits, so that its truth needs a background."""
    return bool(METRICS[name].needs)


def definitions() -> dict[str, str]:
    """What each metric is, in a sentence."""
    return {name: " ".join((metric.says.__doc__ or "").split()) for name, metric in METRICS.items()}


def _mean(found: Floats | float) -> float:
    if not isinstance(found, np.ndarray):
        return found
    counts = found[~np.isnan(found)]
    return float(counts.mean()) if len(counts) else 0.0
