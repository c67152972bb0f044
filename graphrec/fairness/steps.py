"""Ways to put a list in another order, each by one number from 0 (as it was) to 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.errors import InputError
from graphrec.evaluation.background import scaled_rows
from graphrec.fairness.prices import Floats, Ints, Shelf, capped, floored
from graphrec.recommend.tail import long_tail
from graphrec.serving.rerank import calibrated, covering, diversified, exposed, scaled, with_share
from graphrec.snapshot import Snapshot
from graphrec.snapshot.members import members

GROUP = "group"
"""The share of all places in lists that the group of items has."""


@dataclass(frozen=True, eq=False)
class Side:
    """What is known of items beside their scores, in the order of the snapshot's.

    `features`: rows of length 1 (or 0), tags where there are any, else the users who like an item; `tags`: rows that
    add up to 1 (or 0), None without tags; `is_tail`: the long tail; `liked`: users × items; `member`: the group of
    items that is asked about; `prices`: what an item costs in lists (see `prices.py`).
    """

    features: sparse.csr_array
    tags: sparse.csr_array | None
    is_tail: NDArray[np.bool_]
    liked: sparse.csr_array
    member: NDArray[np.bool_] | None = None
    prices: Floats = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def of(cls, snapshot: Snapshot, group: str = "") -> Side:
        """Read from what trains. `group`: of items, as `tag:Drama`."""
        tags = snapshot.tags.astype(np.float64) if snapshot.tags.nnz else None
        features = tags if tags is not None else snapshot.matrix.T.tocsr().astype(np.float64)
        shares = None if tags is None else scaled_rows(tags, 1)
        liked, tail = snapshot.matrix.astype(np.float64), long_tail(snapshot.n_likers())
        return cls(scaled_rows(features, 2), shares, tail, liked, members(snapshot, group) if group else None)


@dataclass(frozen=True, eq=False)
class Candidates:
    """A user's candidates, the best first, with their scores, and what the user likes, both as places of the side."""

    items: Ints
    scores: Floats
    liked: Ints


Step = Callable[[Side, Candidates, int, float], Ints]
"""side, candidates, how many places, how much -> places among the candidates."""


def mmr(side: Side, found: Candidates, n: int, weight: float) -> Ints:
    """Less alike: maximal marginal relevance over tags, or over who likes an item."""
    return diversified(found.scores, side.features[found.items].toarray(), n, weight)


def calibration(side: Side, found: Candidates, n: int, weight: float) -> Ints:
    """The tags of the list like those of what the user likes."""
    if side.tags is None:
        return np.arange(min(n, len(found.items)))
    wanted = _share(side.tags[found.liked].toarray().sum(axis=0))
    return calibrated(found.scores, side.tags[found.items].toarray(), wanted, n, weight)


def xquad(side: Side, found: Candidates, n: int, weight: float) -> Ints:
    """As much of head and long tail as the user likes of each, where not covered yet."""
    tail = side.is_tail[found.items].astype(np.float64)
    own = float(side.is_tail[found.liked].mean()) if len(found.liked) else 0.5
    return covering(found.scores, np.stack([1 - tail, tail], axis=1), np.array([1 - own, own]), n, weight)


def tail_share(side: Side, found: Candidates, n: int, share: float) -> Ints:
    """At least so great a share of the list from the long tail."""
    return with_share(np.arange(len(found.items)), side.is_tail[found.items], n, share)


def tail_exposure(side: Side, found: Candidates, n: int, share: float) -> Ints:
    """At least so great a share of a list's attention to the long tail: a place counts as it is looked at."""
    return _exposed(side.is_tail, found, n, share)


def group_share(side: Side, found: Candidates, n: int, share: float) -> Ints:
    """At least so great a share of the list from the group of items that is asked about."""
    return with_share(np.arange(len(found.items)), _member(side)[found.items], n, share)


def group_exposure(side: Side, found: Candidates, n: int, share: float) -> Ints:
    """At least so great a share of a list's attention to the group of items that is asked about."""
    return _exposed(_member(side), found, n, share)


def priced(side: Side, found: Candidates, n: int, weight: float) -> Ints:
    """The best by score less price, where prices keep each item's exposure over all lists within bounds."""
    if not len(side.prices):
        return np.arange(min(n, len(found.items)))
    return np.argsort(side.prices[found.items] - scaled(found.scores), kind="stable")[:n].astype(np.int64)


STEPS: Mapping[str, Step] = {
    "mmr": mmr,
    "calibration": calibration,
    "xquad": xquad,
    "tail-share": tail_share,
    "tail-exposure": tail_exposure,
    "group-share": group_share,
    "group-exposure": group_exposure,
    "item-cap": priced,
    "item-floor": priced,
}

OF_GROUPS = ("group-share", "group-exposure", "group_penalty")
"""Ways that need a group of items to be named."""

PRICES: Mapping[str, Callable[[Shelf, int, float], Floats]] = {"item-cap": capped, "item-floor": floored}
"""Ways that look at the lists of all users first."""

MEASURED: Mapping[str, str] = {
    "mmr": "diversity",
    "calibration": "miscalibration",
    "xquad": "tail",
    "tail-share": "tail",
    "tail-exposure": "tail",
    "group-share": GROUP,
    "group-exposure": GROUP,
    "item-cap": "gini",
    "item-floor": "coverage",
    "popularity_penalty": "lift",
    "group_penalty": GROUP,
}
"""The metric that each is for."""


def _member(side: Side) -> NDArray[np.bool_]:
    if side.member is None:
        raise InputError("this way needs a group of items; name one, as tag:Drama or language:fr")
    return side.member


def _exposed(member: NDArray[np.bool_], found: Candidates, n: int, share: float) -> Ints:
    return exposed(found.scores, member[found.items].astype(np.int64), np.array([0.0, share]), n)


def _share(values: Floats) -> Floats:
    return np.asarray(values / (values.sum() or 1.0))
