"""The gate: a new version and the live one, measured on the pairs that were withheld from both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from graphrec.errors import ModelError
from graphrec.evaluation.metrics import Truth, measure
from graphrec.models.base import Scores, WarmModel
from graphrec.models.filters.item_filter import BLOCK
from graphrec.models.past import Mask
from graphrec.recommend.tables import rank_in_runs
from graphrec.recommend.topk import top_k
from graphrec.snapshot import Snapshot

K = 20
METRICS = (f"recall@{K}", f"ndcg@{K}")


@dataclass(frozen=True)
class Verdict:
    """METRICS of both models, over `n_pairs` pairs of `n_users` users."""

    new: Mapping[str, float]
    live: Mapping[str, float]
    n_users: int
    n_pairs: int

    def is_worse(self, margin: float) -> bool:
        """Whether a metric of the new one falls below the live one's by more than a share of it."""
        return any(self.new[name] < self.live[name] * (1 - margin) for name in METRICS)

    def says(self) -> str:
        """Both, in words."""
        told = (f"{name} {self.new[name]:.4f} (live: {self.live[name]:.4f})" for name in METRICS)
        return f"{', '.join(told)} over {self.n_pairs:,} withheld pairs of {self.n_users:,} users"


def compare(snapshot: Snapshot, new: WarmModel, live: WarmModel) -> Verdict:
    """Both models on the same pairs of the snapshot, with all else that the users have seen masked.

    Both are as they were before they learnt from what was withheld. Of users and items that came later the live one
    knows nothing. Raises ModelError where no pair was withheld from both.
    """
    judged = new.past.was_withheld(snapshot) & live.past.was_withheld(snapshot)
    if not judged.any():
        raise ModelError(
            f"no pair was withheld from the live version of {new.name} and from the new one, so they can't be "
            f"compared; publish without a comparison: graphrec train --model {new.name}"
        )
    users, items = snapshot.pair_users()[judged], snapshot.matrix.indices[judged]
    test = pd.DataFrame({"user_id": snapshot.user_ids[users], "item_id": snapshot.item_ids[items]})
    rest = _without(snapshot, judged)
    n_likers = dict(zip(rest.item_ids, np.bincount(rest.matrix.indices, minlength=rest.n_items).tolist(), strict=True))
    truth = Truth.of(test, n_likers, int((np.diff(rest.matrix.indptr) > 0).sum()))
    measured = [_measure(truth, rest, model) for model in (new, live)]
    return Verdict(measured[0], measured[1], len(truth.user_ids), len(truth.pairs))


def _measure(truth: Truth, rest: Snapshot, model: WarmModel) -> dict[str, float]:
    users = rest.user_idx(list(truth.user_ids))
    scores = model.untold(rest.user_ids, rest.item_ids)
    tables = [_lists(rest, scores, users[start : start + BLOCK]) for start in range(0, len(users), BLOCK)]
    found = measure(truth, pd.concat(tables), (K,))
    return {name: round(found[name], 6) for name in METRICS}


def _lists(rest: Snapshot, scores: Scores, users: NDArray[np.int64]) -> pd.DataFrame:
    """The best items of some users, seen ones and those of which nothing is known masked."""
    block = scores(rest.matrix[users], users)
    block[block == 0] = -np.inf
    block[rest.seen[users].nonzero()] = -np.inf
    best = top_k(block, K)
    ids = rest.user_ids[users[best.row]], rest.item_ids[best.column]
    return pd.DataFrame({"user_id": ids[0], "item_id": ids[1], "rank": rank_in_runs(best.row)})


def _without(snapshot: Snapshot, judged: Mask) -> Snapshot:
    """The snapshot before the judged pairs happened."""
    keys = _keys(snapshot.matrix)[judged]
    seen = _keep(snapshot.seen, ~np.isin(_keys(snapshot.seen), keys))
    kept = {name: getattr(snapshot, name)[~judged] for name in ("rating", "last_at")}
    return replace(snapshot, matrix=_keep(snapshot.matrix, ~judged), seen=seen, **kept)


def _keys(matrix: sparse.csr_array) -> NDArray[np.int64]:
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    return rows * matrix.shape[1] + matrix.indices


def _keep(matrix: sparse.csr_array, kept: Mask) -> sparse.csr_array:
    counts = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    return sparse.csr_array((matrix.data[kept], matrix.indices[kept], counts), shape=matrix.shape)
