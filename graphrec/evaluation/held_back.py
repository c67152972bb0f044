"""What recommenders are measured on: the training part as a snapshot, and the held-back pairs as the truth."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from graphrec.evaluation.background import background
from graphrec.evaluation.metrics import Floats, Truth, measure_users
from graphrec.evaluation.ranking import Pace, Progress, rank_users
from graphrec.evaluation.ratings import rating_metrics
from graphrec.frames import Frames
from graphrec.recommend.base import Profile, RatingPredictor, Recommender
from graphrec.snapshot import Snapshot


@dataclass(frozen=True)
class Measured:
    """What one recommender got: every metric, the seconds to rank, the lists, and users' numbers of some metrics."""

    figures: Mapping[str, float]
    seconds: float
    lists: pd.DataFrame
    users: Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class HeldBack:
    """One split in memory. Nothing of `truth` is in `snapshot`.

    `given`: what is told of users who don't train, by user. `rated`: held-back pairs with their ratings.
    """

    snapshot: Snapshot
    truth: Truth
    given: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    rated: pd.DataFrame = field(default_factory=pd.DataFrame)

    @classmethod
    def of(
        cls,
        train: Frames,
        test: pd.DataFrame,
        *,
        given: pd.DataFrame | None = None,
        rated: pd.DataFrame | None = None,
        hits_only: bool = False,
    ) -> HeldBack:
        """From the training part and the held-back pairs (user_id, item_id).

        `hits_only`: leave out what metrics beyond hits need, which takes time and memory.
        """
        snapshot = Snapshot.from_frames(train, stated=True)
        n_train_users = int((np.diff(snapshot.matrix.indptr) > 0).sum())
        n_likers = dict(zip(snapshot.item_ids, snapshot.n_likers().tolist(), strict=True))
        truth = Truth.of(test, n_likers, n_train_users)
        told = {} if given is None else _by_user(given[given["user_id"].isin(truth.user_ids)])
        if not hits_only:
            truth = replace(truth, background=background(snapshot, truth, told))
        return cls(snapshot, truth, told, pd.DataFrame() if rated is None else rated)

    def profiles(self) -> list[Profile]:
        """Whom to recommend to: the test users, those who don't train as visitors with what is told of them."""
        return [
            Profile(None, self.given[user_id]) if user_id in self.given else Profile(user_id)
            for user_id in self.truth.user_ids
        ]

    def measure(
        self,
        recommender: Recommender,
        ks: tuple[int, ...],
        pace: Pace,
        progress: Progress | None = None,
        kept: tuple[str, ...] = (),
    ) -> Measured:
        """Every metric at every k over the lists of all test users; errors of ratings where it predicts some."""
        with clock() as ranking:
            lists = rank_users(
                recommender, list(self.truth.user_ids), max(ks), pace, progress, profiles=self.profiles()
            )
        figures, users = measure_users(self.truth, lists, ks, kept)
        if isinstance(recommender, RatingPredictor) and len(self.rated):
            figures |= rating_metrics(self.rated, recommender)
        return Measured(figures, ranking[0], lists, users)


@contextmanager
def clock() -> Iterator[list[float]]:
    """A list that holds the seconds since its start once the block has ended."""
    seconds: list[float] = []
    start = time.perf_counter()
    yield seconds
    seconds.append(round(time.perf_counter() - start, 3))


def _by_user(pairs: pd.DataFrame) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for user_id, item_id in zip(pairs["user_id"], pairs["item_id"], strict=True):
        found.setdefault(user_id, {})[item_id] = 1.0
    return found
