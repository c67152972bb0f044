"""Recommenders measured on one split, or on every fold of one: a row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from graphrec.evaluation.groups import Groups, group_rows
from graphrec.evaluation.lists import check_path, write_lists
from graphrec.evaluation.parts import BEST_SPLIT, SplitSettings
from graphrec.evaluation.ranking import Progress
from graphrec.evaluation.running import Ran, Run, check_asked
from graphrec.frames import Frames

DEFAULT_MODELS = ("walk", "cooccurrence", "lightgcn", "popular")
DEFAULT_KS = (10, 20)


@dataclass(frozen=True)
class Evaluation:
    """What was measured: the split in words and numbers, and a row a model (model, metric@k …, seconds).

    Over several folds, numbers of pairs are of all of them, of users and items of the first, and metrics are means.
    `groups`: a row a model and group of users or items, where groups are asked for.
    """

    dataset: str
    split: str
    says: str
    relevant: float | None
    seed: int
    n_users: int
    n_train: int
    n_test: int
    n_items: int
    left_out: Mapping[str, int]
    ks: tuple[int, ...]
    rows: Sequence[Mapping[str, Any]] = field(default_factory=list)
    groups: Sequence[Mapping[str, Any]] = field(default_factory=list)

    def table(self) -> pd.DataFrame:
        """The rows as a table."""
        return pd.DataFrame(list(self.rows))


def compare(
    frames: Frames,
    models: Sequence[str] = DEFAULT_MODELS,
    *,
    ks: Sequence[int] = DEFAULT_KS,
    settings: SplitSettings = BEST_SPLIT,
    n_users: int | None = None,
    lists: Path | None = None,
    model_settings: Mapping[str, Mapping[str, Any]] | None = None,
    groups: Groups | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Every metric at every k, for each model, over all items with the training items masked.

    `n_users`: measure a seeded sample of that many test users. Fitted models learn in memory; those that ask the
    graph get a server of their own, which is gone afterwards. The lists can be written to a CSV or Parquet file.
    """
    check_asked(models, ks, n_users)
    if lists is not None:
        check_path(lists)
    found: list[Evaluation] = []
    tables: list[pd.DataFrame] = []
    for fold in settings.each_fold():
        with TemporaryDirectory(prefix="graphrec-") as folder:
            run = Run.of(frames, Path(folder), fold, ks=ks, n_users=n_users, progress=progress)
            ran = run.all(models, model_settings or {})
            tables += [one.measured.lists for one in ran.values()]
            found.append(_told(frames, run, fold, ran, groups))
    if lists is not None:
        write_lists(lists, tables)
    return found[0] if len(found) == 1 else _over_folds(found)


def _told(
    frames: Frames, run: Run, settings: SplitSettings, ran: Mapping[str, Ran], groups: Groups | None
) -> Evaluation:
    """The rows with what they were measured on."""
    return Evaluation(
        dataset=frames.name,
        split=run.dealt.method,
        says=run.dealt.says,
        relevant=settings.relevant,
        seed=settings.seed,
        n_users=len(run.held.truth.user_ids),
        n_train=run.held.snapshot.seen.nnz,
        n_test=len(run.held.truth.pairs),
        n_items=int(run.held.truth.in_catalogue.sum()),
        left_out=run.dealt.left_out,
        ks=run.ks,
        rows=[_row(one) for one in ran.values()],
        groups=[] if groups is None else group_rows(frames, run, ran, groups),
    )


def _row(one: Ran) -> dict[str, Any]:
    seconds = {"fit_s": one.fitting.seconds, "recommend_s": one.measured.seconds}
    return {"model": one.recommender.name, **one.measured.figures, **seconds}


def _over_folds(found: Sequence[Evaluation]) -> Evaluation:
    """The means of what was measured on each fold; seconds add up."""
    first = found[0]
    rows = [_mean_row([one.rows[n] for one in found]) for n in range(len(first.rows))]
    left_out = {name: sum(one.left_out.get(name, 0) for one in found) for name in first.left_out}
    return replace(
        first,
        says=f"held back: each of {len(found)} parts of each user's items once, dealt at random",
        n_train=sum(one.n_train for one in found),
        n_test=sum(one.n_test for one in found),
        left_out=left_out,
        rows=rows,
        groups=_mean_groups([row for one in found for row in one.groups]),
    )


def _mean_row(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = [name for name in rows[0] if name != "model"]
    means = {name: float(np.mean([row[name] for row in rows])) for name in names}
    means |= {name: round(means[name] * len(rows), 3) for name in names if name.endswith("_s")}
    return {"model": rows[0]["model"], **means}


def _mean_groups(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of each group the means over the folds; users and pairs add up."""
    if not rows:
        return []
    keys = ["model", "by", "group"]
    table = pd.DataFrame(list(rows))
    counted = ["n_users", "n_pairs"]
    told = {name: ("sum" if name in counted else "mean") for name in table.columns if name not in keys}
    means = table.astype(dict.fromkeys(told, float)).groupby(keys, sort=False).agg(told).reset_index()
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in means.to_dict("records")
    ]
