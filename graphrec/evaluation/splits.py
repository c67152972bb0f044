"""Splits: which pairs of user and item train, and which are held back to be guessed.

    fixed          the test part that came with the data
    time           one moment for all: what came first after it is held back
    time-user      the last share of each user's items
    ratio          a random share of each user's items
    leave-one-out  the last item of each user, or a random one where there are no times

A pair is held back by the first time it happened, so that no held-back item was seen before. Pairs of the same
moment are ordered by a seeded hash of user and item, never by the order of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphrec.errors import SplitError
from graphrec.evaluation.pairs import Pairs

METHODS = ("fixed", "time", "time-user", "ratio", "leave-one-out")

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Dealt:
    """The parts of a split: which pairs are held back, and until when (epoch ms; inf: no end) a pair's events train."""

    test: Mask
    until: Floats
    says: str


def deal(pairs: Pairs, method: str, share: float, seed: int) -> Dealt:
    """Hold back a share of the pairs. SplitError where the data can't give it; its message names one they can."""
    if method not in _DEALERS:
        raise SplitError(f"no split {method!r}; there are {', '.join(METHODS)}")
    if not 0 < share < 1:
        raise SplitError(f"expected a share between 0 and 1 to hold back, found {share}; 0.2 is usual")
    dealt = _DEALERS[method](pairs, share, seed)
    if not dealt.test.any():
        raise SplitError(
            f"split {method} holds back nothing of {len(pairs)} pairs of user and item; "
            "it needs users with at least two items"
        )
    return dealt


def _deal_time(pairs: Pairs, share: float, seed: int) -> Dealt:
    _need_times(pairs, "time")
    times = np.sort(pairs.first_at[~np.isnan(pairs.first_at)])
    moments, starts = np.unique(times, return_index=True)
    if len(moments) < 2:
        raise SplitError("split time needs at least two different times, found one; try --split ratio")
    after = len(times) - starts[1:]
    cut = moments[np.argmin(np.abs(after - share * len(times)))]
    test = pairs.first_at > cut
    when = np.datetime64(int(cut), "ms")
    return Dealt(test, np.full(len(pairs), cut), f"held back: what happened first after {when}Z")


def _deal_time_user(pairs: Pairs, share: float, seed: int) -> Dealt:
    _need_times(pairs, "time-user")
    test = _last_of_each(pairs, _by_time(pairs, seed), _shares(pairs, share))
    return Dealt(test, _first_test(pairs, test), f"held back: the last {share:.0%} of each user's items")


def _deal_ratio(pairs: Pairs, share: float, seed: int) -> Dealt:
    test = _last_of_each(pairs, np.lexsort((pairs.hashes(seed), pairs.user_idx)), _shares(pairs, share))
    return Dealt(test, np.full(len(pairs), np.inf), f"held back: a random {share:.0%} of each user's items")


def _deal_one(pairs: Pairs, share: float, seed: int) -> Dealt:
    n_test = np.minimum(_n_pairs(pairs) - 1, 1)
    test = _last_of_each(pairs, _by_time(pairs, seed), n_test)
    timed = not np.isnan(pairs.first_at).all()
    return Dealt(test, _first_test(pairs, test), f"held back: {'the last' if timed else 'a random'} item of each user")


_DEALERS: Mapping[str, Callable[[Pairs, float, int], Dealt]] = {
    "time": _deal_time,
    "time-user": _deal_time_user,
    "ratio": _deal_ratio,
    "leave-one-out": _deal_one,
}


def _need_times(pairs: Pairs, method: str) -> None:
    if np.isnan(pairs.first_at).all():
        raise SplitError(f"split {method} needs times, and none of the {len(pairs)} pairs has one; try --split ratio")


def _by_time(pairs: Pairs, seed: int) -> npt.NDArray[np.int64]:
    """Each user's pairs from the first to the last; those without a time come first, so that they train."""
    return np.lexsort((pairs.hashes(seed), np.nan_to_num(pairs.first_at, nan=-np.inf), pairs.user_idx))


def _n_pairs(pairs: Pairs) -> npt.NDArray[np.int64]:
    return np.bincount(pairs.user_idx, minlength=len(pairs.user_ids)).astype(np.int64)


def _shares(pairs: Pairs, share: float) -> npt.NDArray[np.int64]:
    """How many pairs of each user are held back: the rounded share, at least one, and one stays to train."""
    n_pairs = _n_pairs(pairs)
    rounded: npt.NDArray[np.int64] = np.floor(n_pairs * share + 0.5).astype(np.int64)
    return np.minimum(np.maximum(rounded, 1), n_pairs - 1)


def _last_of_each(pairs: Pairs, order: npt.NDArray[np.int64], n_test: npt.NDArray[np.int64]) -> Mask:
    """Mark the last `n_test[user]` pairs of each user in an order that runs user by user."""
    n_pairs = _n_pairs(pairs)
    ends = np.cumsum(n_pairs)
    user = pairs.user_idx[order]
    test = np.zeros(len(pairs), dtype=bool)
    test[order] = np.arange(len(pairs)) >= (ends - n_test)[user]
    return test


def _first_test(pairs: Pairs, test: Mask) -> Floats:
    """For each pair, the moment of its user's first held-back pair: later events of any pair would leak it."""
    first = np.full(len(pairs.user_ids), np.inf)
    np.minimum.at(first, pairs.user_idx[test], np.nan_to_num(pairs.first_at[test], nan=np.inf))
    return first[pairs.user_idx]
