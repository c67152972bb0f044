"""What fairness and wider lists cost: accuracy beside each way's own metric, over how much of it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from graphrec.errors import InputError
from graphrec.evaluation.groups import OTHERS, item_labels, item_rows
from graphrec.evaluation.parts import SplitSettings
from graphrec.evaluation.ranking import IN_MEMORY, Progress
from graphrec.evaluation.running import Run
from graphrec.evaluation.stage import staged
from graphrec.evaluation.truth import Ranked
from graphrec.fairness.reranked import Reranked
from graphrec.fairness.steps import GROUP, MEASURED, OF_GROUPS, STEPS, Side
from graphrec.frames import Frames
from graphrec.graph import Graph
from graphrec.recommend.fitted import FITTED, make_fitted

PENALTIES = ("popularity_penalty", "group_penalty")
"""What is asked of LightGCN while it learns, beside the ways that only reorder."""

USUAL = tuple(way for way in STEPS if way not in OF_GROUPS)
"""Ways that need nothing but the lists."""

SHOWN = ("ndcg", "recall", "diversity", "miscalibration", "tail", "lift", "gini", "coverage")


@dataclass(frozen=True)
class Tradeoff:
    """`rows`: a row a way and number: `way`, `weight`, `for`: the metric that it is for, and metrics at `k`.

    Where a `group` of items is named: its share of all places, and by how much recall of other items is higher (`gap`).
    """

    dataset: str
    model: str
    says: str
    k: int
    rows: Sequence[Mapping[str, Any]]
    group: str = ""


def weigh(
    data: Graph | Frames | Path | str,
    model: str = "item_graph",
    ways: Sequence[str] = USUAL,
    *,
    weights: Sequence[float] = (0.0, 0.25, 0.5, 0.75),
    k: int = 10,
    split: SplitSettings | None = None,
    n_users: int | None = None,
    settings: Mapping[str, Any] | None = None,
    group: str = "",
    progress: Progress | None = None,
) -> Tradeoff:
    """Measure a fitted model's lists under each way at each number. Training penalties are fitted anew for each.

    `group`: of items, as `tag:Drama` or `language:fr`, for the ways that need one.
    """
    _check(model, ways, group)
    with TemporaryDirectory(prefix="graphrec-") as folder:
        frames = staged(data, Path(folder) / "frames")
        run = Run.of(
            frames, Path(folder) / "train", split or SplitSettings(), ks=[k], n_users=n_users, progress=progress
        )
        side = Side.of(run.held.snapshot, group)
        plain = make_fitted(model, settings, with_reasons=False).fit(run.held.snapshot)
        rows = []
        for way in ways:
            for weight in weights:
                if way in PENALTIES:
                    changed = {**(settings or {}), way: weight, **({"group": group} if group else {})}
                    asked: Any = make_fitted(model, changed, with_reasons=False).fit(run.held.snapshot)
                else:
                    asked = Reranked(plain, run.held.snapshot, side, way, weight)
                measured = run.measure(asked, IN_MEMORY)
                told = {f"{n}@{k}": measured.figures[f"{n}@{k}"] for n in SHOWN if f"{n}@{k}" in measured.figures}
                told |= _of_group(run, measured.lists, group) if group else {}
                rows.append({"way": way, "weight": weight, "for": f"{MEASURED[way]}@{k}", **told})
        return Tradeoff(frames.name, model, run.dealt.says, k, rows, group)


def _of_group(run: Run, lists: pd.DataFrame, group: str) -> dict[str, float]:
    """What the lists give to the group: its share of all places, and recall of other items less that of its own."""
    truth, k = run.held.truth, run.ks[0]
    labels = item_labels(run.held.snapshot, truth, group)
    rows = {row["group"]: row for row in item_rows(truth, Ranked.of(truth, lists, k), labels)}
    own, others = rows[group], rows[OTHERS]
    return {f"{GROUP}@{k}": own["exposure"], f"gap@{k}": others[f"recall@{k}"] - own[f"recall@{k}"]}


def _check(model: str, ways: Sequence[str], group: str) -> None:
    if model not in FITTED:
        raise InputError(f"no recommender {model!r} that is fitted; there are {', '.join(FITTED)}")
    for way in ways:
        if way not in (*STEPS, *PENALTIES):
            raise InputError(f"no way {way!r}; there are {', '.join((*STEPS, *PENALTIES))}")
        if way in PENALTIES and model != "lightgcn":
            raise InputError(f"{way} is a setting of lightgcn, found --model {model}")
        if way in OF_GROUPS and not group:
            raise InputError(f"{way} needs a group of items; name one with --group, as tag:Drama or language:fr")
