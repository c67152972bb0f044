"""What recommenders are measured on: the training part as a snapshot, and the held-back pairs as the truth."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd

from graphrec.evaluation.metrics import Truth, measure
from graphrec.evaluation.ranking import Pace, Progress, rank_users
from graphrec.frames import Frames
from graphrec.recommend.base import Recommender
from graphrec.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class HeldBack:
    """One split in memory. Nothing of `truth` is in `snapshot`."""

    snapshot: Snapshot
    truth: Truth

    @classmethod
    def of(cls, train: Frames, test: pd.DataFrame) -> HeldBack:
        """From the training part and the held-back pairs (user_id, item_id)."""
        snapshot = Snapshot.from_frames(train)
        n_train_users = int((np.diff(snapshot.matrix.indptr) > 0).sum())
        n_likers = dict(zip(snapshot.item_ids, snapshot.n_likers().tolist(), strict=True))
        return cls(snapshot, Truth.of(test, n_likers, n_train_users))

    def measure(
        self, recommender: Recommender, ks: tuple[int, ...], pace: Pace, progress: Progress | None = None
    ) -> tuple[dict[str, float], float, pd.DataFrame]:
        """Every metric at every k over the lists of all test users, the seconds to rank them, and the lists."""
        with clock() as ranking:
            table = rank_users(recommender, list(self.truth.user_ids), max(ks), pace, progress)
        return measure(self.truth, table, ks), ranking[0], table


@contextmanager
def clock() -> Iterator[list[float]]:
    """A list that holds the seconds since its start once the block has ended."""
    seconds: list[float] = []
    start = time.perf_counter()
    yield seconds
    seconds.append(round(time.perf_counter() - start, 3))
