"""Splits: which pairs of user and item train, and which are held back to be guessed.

    fixed          the test part that came with the data
    time           one moment for all: what came first after it is held back
    time-user      the last share of each user's items
    last-n         the last n items of each user
    leave-one-out  the last item of each user, or a random one where there are no times
    ratio          a random share of each user's items
    folds          each user's items dealt at random into k parts, of which one is held back
    new-users      a share of the users never trains; the last share of what they like is guessed from the rest
    new-items      a share of the items never trains; who will like them is guessed from what is known of them

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
from graphrec.hashing import hash_ids, hash_pairs

METHODS = ("fixed", "time", "time-user", "last-n", "leave-one-out", "ratio", "folds", "new-users", "new-items")

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Dealt:
    """The parts of a split: which pairs are held back, which are told of users who don't train (`given`), and until
    when (epoch ms; inf: no end) a pair's events train. `cut`: the same for what belongs to no pair."""

    test: Mask
    until: Floats
    says: str
    given: Mask
    cut: float = np.inf

    @classmethod
    def of(cls, test: Mask, says: str, until: Floats | None = None, *, cut: float = np.inf) -> Dealt:
        """Where all that isn't held back trains."""
        ends = np.full(len(test), np.inf) if until is None else until
        return cls(test, ends, says, np.zeros(len(test), dtype=bool), cut)

    @property
    def train(self) -> Mask:
        """Which pairs train."""
        return ~self.test & ~self.given


@dataclass(frozen=True)
class Dealing:
    """How much is held back: a share, the last `n` of each user, or part `fold` of `folds`."""

    share: float = 0.2
    seed: int = 0
    n: int = 1
    folds: int = 5
    fold: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise SplitError(f"expected a share between 0 and 1 to hold back, found {self.share}; 0.2 is usual")
        if self.n < 1:
            raise SplitError(f"expected at least one item of each user to hold back, found {self.n}")
        if self.folds < 2 or not 0 <= self.fold < self.folds:
            raise SplitError(f"expected a fold from 0 to below folds, of at least 2, found {self.fold} of {self.folds}")


def deal(pairs: Pairs, method: str, share: float = 0.2, seed: int = 0, **more: int) -> Dealt:
    """Hold back a part of the pairs; `more` are fields of Dealing. SplitError where the data can't give it; its message
    names one they can."""
    if method not in _DEALERS:
        raise SplitError(f"no split {method!r}; there are {', '.join(METHODS)}")
    dealt = _DEALERS[method](pairs, Dealing(share, seed, **more))
    if not dealt.test.any():
        raise SplitError(
            f"split {method} holds back nothing of {len(pairs)} pairs of user and item; "
            "it needs users with at least two items"
        )
    return dealt


def _deal_time(pairs: Pairs, how: Dealing) -> Dealt:
    _need_times(pairs, "time")
    times = np.sort(pairs.first_at[~np.isnan(pairs.first_at)])
    moments, starts = np.unique(times, return_index=True)
    if len(moments) < 2:
        raise SplitError("split time needs at least two different times, found one; try --split ratio")
    after = len(times) - starts[1:]
    cut = float(moments[np.argmin(np.abs(after - how.share * len(times)))])
    test = pairs.first_at > cut
    when = np.datetime64(int(cut), "ms")
    return Dealt.of(test, f"held back: what happened first after {when}Z", np.full(len(pairs), cut), cut=cut)


def _deal_time_user(pairs: Pairs, how: Dealing) -> Dealt:
    _need_times(pairs, "time-user")
    test = _last_of_each(pairs, _by_time(pairs, how.seed), _shares(pairs, how.share))
    return Dealt.of(test, f"held back: the last {how.share:.0%} of each user's items", _first_test(pairs, test))


def _deal_last(pairs: Pairs, how: Dealing) -> Dealt:
    test = _last_of_each(pairs, _by_time(pairs, how.seed), np.minimum(_n_pairs(pairs) - 1, how.n))
    which = "random" if np.isnan(pairs.first_at).all() else "last"
    says = f"held back: the {which} {how.n} items of each user"
    return Dealt.of(test, says, _first_test(pairs, test))


def _deal_one(pairs: Pairs, how: Dealing) -> Dealt:
    test = _last_of_each(pairs, _by_time(pairs, how.seed), np.minimum(_n_pairs(pairs) - 1, 1))
    timed = not np.isnan(pairs.first_at).all()
    says = f"held back: {'the last' if timed else 'a random'} item of each user"
    return Dealt.of(test, says, _first_test(pairs, test))


def _deal_ratio(pairs: Pairs, how: Dealing) -> Dealt:
    test = _last_of_each(pairs, _by_chance(pairs, how.seed), _shares(pairs, how.share))
    return Dealt.of(test, f"held back: a random {how.share:.0%} of each user's items")


def _deal_folds(pairs: Pairs, how: Dealing) -> Dealt:
    """Each user's pairs go round the folds from one that the user's hash says, so that those of few fill all alike."""
    order = _by_chance(pairs, how.seed)
    place = np.empty(len(pairs), dtype=np.int64)
    ends = np.cumsum(_n_pairs(pairs))
    place[order] = np.arange(len(pairs)) - (ends - _n_pairs(pairs))[pairs.user_idx[order]]
    start = (_user_hashes(pairs, how.seed) % np.uint64(how.folds)).astype(np.int64)
    test = (place + start[pairs.user_idx]) % how.folds == how.fold
    return Dealt.of(test, f"held back: part {how.fold + 1} of {how.folds} of each user's items, dealt at random")


def _deal_new_users(pairs: Pairs, how: Dealing) -> Dealt:
    able = np.flatnonzero(_n_pairs(pairs) > 1)
    order = able[np.argsort(_user_hashes(pairs, how.seed)[able], kind="stable")]
    new = np.zeros(len(pairs.user_ids), dtype=bool)
    new[order[: max(round(how.share * len(order)), 1)]] = True
    if new.all():
        raise SplitError("split new-users needs users to train on beside those held back; try --split ratio")
    held_back = _last_of_each(pairs, _by_time(pairs, how.seed), _shares(pairs, how.share)) & new[pairs.user_idx]
    says = f"held back: {how.share:.0%} of the users, of whom the last {how.share:.0%} is guessed from the rest"
    return Dealt(held_back, np.full(len(pairs), np.inf), says, new[pairs.user_idx] & ~held_back)


def _deal_new_items(pairs: Pairs, how: Dealing) -> Dealt:
    hashes = hash_pairs(np.zeros(len(pairs.item_ids), dtype=np.uint64), hash_ids(pairs.item_ids), how.seed)
    chosen = np.argsort(hashes, kind="stable")[: max(round(how.share * len(hashes)), 1)]
    test = np.isin(pairs.item_idx, chosen)
    return Dealt.of(test, f"held back: all that was done to {how.share:.0%} of the items")


_DEALERS: Mapping[str, Callable[[Pairs, Dealing], Dealt]] = {
    "time": _deal_time,
    "time-user": _deal_time_user,
    "last-n": _deal_last,
    "leave-one-out": _deal_one,
    "ratio": _deal_ratio,
    "folds": _deal_folds,
    "new-users": _deal_new_users,
    "new-items": _deal_new_items,
}


def _need_times(pairs: Pairs, method: str) -> None:
    if np.isnan(pairs.first_at).all():
        raise SplitError(f"split {method} needs times, and none of the {len(pairs)} pairs has one; try --split ratio")


def _by_time(pairs: Pairs, seed: int) -> Ints:
    """Each user's pairs from the first to the last; those without a time come first, so that they train."""
    return np.lexsort((pairs.hashes(seed), np.nan_to_num(pairs.first_at, nan=-np.inf), pairs.user_idx))


def _by_chance(pairs: Pairs, seed: int) -> Ints:
    return np.lexsort((pairs.hashes(seed), pairs.user_idx))


def _user_hashes(pairs: Pairs, seed: int) -> npt.NDArray[np.uint64]:
    return hash_pairs(hash_ids(pairs.user_ids), np.zeros(len(pairs.user_ids), dtype=np.uint64), seed)


def _n_pairs(pairs: Pairs) -> Ints:
    return np.bincount(pairs.user_idx, minlength=len(pairs.user_ids)).astype(np.int64)


def _shares(pairs: Pairs, share: float) -> Ints:
    """How many pairs of each user are held back: the rounded share, at least one, and one stays to train."""
    n_pairs = _n_pairs(pairs)
    rounded: Ints = np.floor(n_pairs * share + 0.5).astype(np.int64)
    return np.minimum(np.maximum(rounded, 1), n_pairs - 1)


def _last_of_each(pairs: Pairs, order: Ints, n_test: Ints) -> Mask:
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
