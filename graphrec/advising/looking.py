"""What data are like, as far as it matters for which recommender to use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphrec.frames import Frames
from graphrec.snapshot import Snapshot

FEW_ITEMS = 5
"""A user with fewer is hardly known."""

_RATINGS = 'SELECT count(rating), count(DISTINCT rating), count("at"), count(*) FROM interactions'


@dataclass(frozen=True)
class Look:
    """`feedback`: "ratings" where most interactions have one of several values, else "implicit". Shares are of users,
    items or interactions. `median_items`: of a user."""

    n_users: int
    n_items: int
    n_pairs: int
    density: float
    median_items: float
    hardly_known: float
    feedback: str
    timed: float
    tagged: float
    n_follows: int

    @property
    def sentences(self) -> list[str]:
        """The same in words."""
        return [
            f"{self.n_users:,} users and {self.n_items:,} items, {self.n_pairs:,} pairs: {self.density:.3%} of all.",
            f"Half of the users have {self.median_items:.0f} items or more; {self.hardly_known:.0%} have fewer than "
            f"{FEW_ITEMS}.",
            f"Feedback is {self.feedback}; {self.timed:.0%} of the interactions have a time.",
            f"{self.tagged:.0%} of the items have tags; {self.n_follows:,} follow relationships.",
        ]


def look(frames: Frames) -> Look:
    """Read a data set once."""
    snapshot = Snapshot.from_frames(frames)
    counts = np.diff(snapshot.matrix.indptr)
    known = counts[counts > 0]
    n_rated, n_values, n_timed, n = _counts(frames)
    return Look(
        n_users=snapshot.n_users,
        n_items=snapshot.n_items,
        n_pairs=snapshot.matrix.nnz,
        density=snapshot.matrix.nnz / max(snapshot.n_users * snapshot.n_items, 1),
        median_items=float(np.median(known)) if len(known) else 0.0,
        hardly_known=float((known < FEW_ITEMS).mean()) if len(known) else 0.0,
        feedback="ratings" if n_rated > n / 2 and n_values > 2 else "implicit",
        timed=n_timed / max(n, 1),
        tagged=float((np.diff(snapshot.tags.indptr) > 0).mean()) if snapshot.n_items else 0.0,
        n_follows=snapshot.follows.nnz,
    )


def _counts(frames: Frames) -> tuple[Any, ...]:
    with frames.database() as db:
        row = db.execute(_RATINGS).fetchone()
    return row or (0, 0, 0, 0)
