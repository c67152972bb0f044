"""What fairness and wider lists cost: accuracy beside each way's own metric, over how much of it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from graphrec.errors import InputError
from graphrec.evaluation.parts import SplitSettings
from graphrec.evaluation.ranking import IN_MEMORY, Progress
from graphrec.evaluation.running import Run
from graphrec.evaluation.stage import staged
from graphrec.fairness.reranked import Reranked
from graphrec.fairness.steps import MEASURED, STEPS, Side
from graphrec.frames import Frames
from graphrec.graph import Graph
from graphrec.recommend.fitted import FITTED, make_fitted

PENALTY = "popularity_penalty"
"""What is asked of LightGCN while it learns, beside the ways that only reorder."""

SHOWN = ("ndcg", "recall", "diversity", "miscalibration", "tail", "lift", "gini", "coverage")


@dataclass(frozen=True)
class Tradeoff:
    """`rows`: a row a way and number: `way`, `weight`, `for`: the metric that it is for, and metrics at `k`."""

    dataset: str
    model: str
    says: str
    k: int
    rows: Sequence[Mapping[str, Any]]


def weigh(
    data: Graph | Frames | Path | str,
    model: str = "item_graph",
    ways: Sequence[str] = tuple(STEPS),
    *,
    weights: Sequence[float] = (0.0, 0.25, 0.5, 0.75),
    k: int = 10,
    split: SplitSettings | None = None,
    n_users: int | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Tradeoff:
    """Measure a fitted model's lists under each way at each number. Training penalties are fitted anew for each."""
    _check(model, ways)
    with TemporaryDirectory(prefix="graphrec-") as folder:
        frames = staged(data, Path(folder) / "frames")
        run = Run.of(
            frames, Path(folder) / "train", split or SplitSettings(), ks=[k], n_users=n_users, progress=progress
        )
        side = Side.of(run.held.snapshot)
        plain = make_fitted(model, settings, with_reasons=False).fit(run.held.snapshot)
        rows = []
        for way in ways:
            for weight in weights:
                if way == PENALTY:
                    changed = {**(settings or {}), PENALTY: weight}
                    asked: Any = make_fitted(model, changed, with_reasons=False).fit(run.held.snapshot)
                else:
                    asked = Reranked(plain, run.held.snapshot, side, way, weight)
                figures = run.measure(asked, IN_MEMORY).figures
                told = {f"{name}@{k}": figures[f"{name}@{k}"] for name in SHOWN if f"{name}@{k}" in figures}
                rows.append({"way": way, "weight": weight, "for": f"{MEASURED[way]}@{k}", **told})
        return Tradeoff(frames.name, model, run.dealt.says, k, rows)


def _check(model: str, ways: Sequence[str]) -> None:
    if model not in FITTED:
        raise InputError(f"no recommender {model!r} that is fitted; there are {', '.join(FITTED)}")
    for way in ways:
        if way not in (*STEPS, PENALTY):
            raise InputError(f"no way {way!r}; there are {', '.join((*STEPS, PENALTY))}")
        if way == PENALTY and model != "lightgcn":
            raise InputError(f"{PENALTY} is a setting of lightgcn, found --model {model}")
