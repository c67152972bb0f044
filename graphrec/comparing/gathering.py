"""Several models measured over seeds and folds: every user's number, what it cost, and slices of little known ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphrec.evaluation.groups import item_rows, user_rows
from graphrec.evaluation.parts import SplitSettings
from graphrec.evaluation.ranking import Progress
from graphrec.evaluation.running import Ran, Run, seeded
from graphrec.evaluation.truth import Ranked
from graphrec.frames import Frames

FEW = (5, 20)
"""Users and items are sliced by how many training pairs they have: at most so many, at most so many, more."""


@dataclass(frozen=True)
class Asked:
    """What is compared: `metric` decides, as `ndcg@10`; every metric is measured at `ks`.

    `seeds`: each deals and trains anew. `n_users`: a sample of so many test users.
    """

    models: Sequence[str]
    metric: str
    ks: Sequence[int]
    seeds: Sequence[int]
    split: SplitSettings
    n_users: int | None = None
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass
class Gathered:
    """`users`: rows of model, seed, user_id and value of the deciding metric, averaged over folds; `figures`, `costs`:
    a row a model, seed and fold; `slices`: a row a model and slice of each."""

    users: pd.DataFrame
    figures: pd.DataFrame
    slices: pd.DataFrame
    told: Mapping[str, Any]

    def values(self, models: Sequence[str]) -> dict[str, npt.NDArray[np.float64]]:
        """Users × seeds by model, for the users whom every model and seed has a number of."""
        wide = self.users.pivot_table(index="user_id", columns=["model", "seed"], values="value").dropna()
        return {model: wide[model].to_numpy(np.float64) for model in models}


def gather(frames: Frames, asked: Asked, progress: Progress | None = None) -> Gathered:
    """Run everything. Cost: one fit a model, seed and fold; those that ask the graph get a server a seed and fold."""
    users, figures, slices = [], [], []
    told: dict[str, Any] = {}
    for seed, fold, run, ran in _runs(frames, asked, progress):
        told = told or _told(frames, run)
        for name, one in ran.items():
            key = {"model": name, "seed": seed, "fold": fold}
            numbers = one.measured.users[asked.metric]
            users.append(pd.DataFrame({**key, "user_id": run.held.truth.user_ids, "value": numbers}))
            figures.append({**key, **one.measured.figures, **_costs(one)})
            slices += [{**key, **row} for row in _slices(run, one)]
    means = pd.concat(users).groupby(["model", "seed", "user_id"], sort=False)["value"].mean().reset_index()
    return Gathered(means, pd.DataFrame(figures), pd.DataFrame(slices), told)


def _runs(frames: Frames, asked: Asked, progress: Progress | None) -> Iterator[tuple[int, int, Run, Mapping[str, Ran]]]:
    for seed in asked.seeds:
        for n, settings in enumerate(replace(asked.split, seed=seed).each_fold()):
            with TemporaryDirectory(prefix="graphrec-") as folder:
                run = Run.of(
                    frames,
                    Path(folder),
                    settings,
                    ks=asked.ks,
                    n_users=asked.n_users,
                    progress=progress,
                    kept=(asked.metric,),
                )
                yield seed, n, run, run.all(asked.models, seeded(asked.models, seed, asked.settings))


def _told(frames: Frames, run: Run) -> dict[str, Any]:
    """What the first run was on."""
    truth = run.held.truth
    return {
        "dataset": frames.name,
        "split": run.dealt.method,
        "says": run.dealt.says,
        "n_train": int(run.held.snapshot.seen.nnz),
        "n_test": len(truth.pairs),
        "n_items": int(truth.in_catalogue.sum()),
        "left_out": dict(run.dealt.left_out),
    }


def _costs(one: Ran) -> dict[str, float]:
    return {
        "fit_s": one.fitting.seconds,
        "recommend_s": one.measured.seconds,
        "memory_mib": round(one.fitting.memory / 2**20, 1),
    }


def _slices(run: Run, one: Ran) -> list[dict[str, Any]]:
    """Recall of users and of items by how much is known of them."""
    truth, k = run.held.truth, run.ks[0]
    ranked = Ranked.of(truth, one.measured.lists, k)
    assert truth.background is not None
    of_users = user_rows(truth, ranked, _sliced(np.diff(truth.background.profiles.indptr), "items"))
    of_items = item_rows(truth, ranked, _sliced(truth.n_likers, "users"))
    return [{"by": "users", **row} for row in of_users] + [{"by": "items", **row} for row in of_items]


def _sliced(counts: npt.NDArray[np.integer], what: str) -> npt.NDArray[np.object_]:
    few, some = FEW
    names = [f"0 {what}", f"1 to {few} {what}", f"{few + 1} to {some} {what}", f"{some + 1} {what} or more"]
    labels: npt.NDArray[np.object_] = np.array(names, dtype=object)[np.digitize(counts, [1, few + 1, some + 1])]
    return labels
