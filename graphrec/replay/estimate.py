"""What another policy would have got, from what was shown by chance, with intervals and how much of the log it uses.

A list's place counts as much as the other policy would have come to it more often than the one that was logged:

    w(k) = Π π(item at j | those before) / p(item at j | those before), over j = 1 … k
    IPS  = mean over lists of Σ w(k) · r(k),        SNIPS = Σ over places of (Σ w(k) · r(k) / Σ w(k))

which is right where what a user does at a place doesn't hang on what stands below it (the cascade of McInerney et al.,
"Counterfactual evaluation of slate recommendations with sequential reward interactions", KDD 2020; SNIPS: Swaminathan
and Joachims, NeurIPS 2015). Lists of one user aren't independent: intervals are of users.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit  # `scipy.stats.t.ppf`, without the seconds that module takes to import

from graphrec.errors import InputError
from graphrec.replay.logged import Floats

LEVEL = 0.95
LEAST_LISTS = 50
"""With an effective sample of fewer lists nothing is to be believed."""


@dataclass(frozen=True)
class Estimate:
    """Outcomes a list, with a 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Replayed:
    """`logged`: what the lists got that were shown. `ips`, `snips`: what the other policy would have got.

    `effective`: as many lists of its own would tell as much, at the last place. `weight`: the mean weight there, about
    1 where the log could show all that the policy shows.
    """

    n_lists: int
    n_users: int
    logged: Estimate
    ips: Estimate
    snips: Estimate
    effective: float
    weight: Estimate

    @property
    def warnings(self) -> list[str]:
        """Why not to believe it."""
        found = []
        if self.effective < LEAST_LISTS:
            found.append(
                f"The log tells as much as {self.effective:.0f} lists of this policy's own, which is too little "
                f"(at least {LEAST_LISTS}): it shows other items. Log more, explore more, or ask for fewer places."
            )
        if not self.weight.low <= 1 <= self.weight.high:
            found.append(
                f"The mean weight is {self.weight.value:.2f} ({self.weight.low:.2f} to {self.weight.high:.2f}) and "
                "should be 1: some of what this policy shows can't be in the log, and counts for nothing here."
            )
        return found


def chances(shown: Sequence[str], ranking: Sequence[str], explore: float = 0.0) -> list[float]:
    """With which chance a policy shows these items at their places, each after those before it.

    The policy is the service's: with the chance `explore` any of the ranking that is left, else the best that is left.
    """
    left = list(ranking)
    found = []
    for item in shown:
        chance = explore / len(left) if item in left else 0.0
        if left and item == left[0]:
            chance += 1 - explore
        found.append(chance)
        if item in left:
            left.remove(item)
    return found


def replay(user_ids: Sequence[str], target: Floats, logged: Floats, rewards: Floats) -> Replayed:
    """The estimates. `target`, `logged`: the chances of what was shown; all lists × places.

    InputError where the chance of anything that was shown is missing, or isn't above 0 and at most 1: no list may be
    passed over for what was drawn in it.
    """
    wrong = int((~((logged > 0) & (logged <= 1))).any(axis=1).sum())
    if wrong or not len(logged):
        raise InputError(
            f"expected lists whose places each have the chance that they were shown with, above 0 and at most 1, found "
            f"{wrong:,} of {len(logged):,} without; log the chances, and leave a share to chance (explore=0.1)"
        )
    weights: Floats = np.cumprod(target / logged, axis=1, dtype=np.float64)
    users, user_idx = np.unique(np.asarray(user_ids, dtype=object), return_inverse=True)
    gained = weights * rewards
    totals = weights.sum(axis=0)
    values = np.divide(gained.sum(axis=0), totals, out=np.zeros(len(totals)), where=totals > 0)
    scale = np.divide(len(weights), totals, out=np.zeros(len(totals)), where=totals > 0)
    beyond = (weights * (rewards - values) * scale).sum(axis=1)
    last = weights[:, -1]
    squares = float((last**2).sum())
    effective = float(last.sum()) ** 2 / squares if squares else 0.0
    return Replayed(
        n_lists=len(weights),
        n_users=len(users),
        logged=_mean(rewards.sum(axis=1), user_idx),
        ips=_mean(gained.sum(axis=1), user_idx, effective),
        snips=_around(float(values.sum()), beyond, user_idx, effective),
        effective=effective,
        weight=_mean(last, user_idx),
    )


def _mean(values: Floats, user_idx: npt.NDArray[np.int64], effective: float = math.inf) -> Estimate:
    mean = float(values.mean())
    return _around(mean, values - mean, user_idx, effective)


def _around(value: float, influence: Floats, user_idx: npt.NDArray[np.int64], effective: float) -> Estimate:
    """An estimate whose error is the mean of each list's influence; lists of a user go together.

    Few effective lists say as little of the error as few users would, so that they bound its degrees of freedom.
    """
    of_users = np.bincount(user_idx, weights=influence)
    n = len(of_users)
    if n < 2:
        return Estimate(value, -math.inf, math.inf)
    error = math.sqrt(n / (n - 1) * float((of_users**2).sum())) / len(influence)
    half = float(stdtrit(max(min(n, effective) - 1, 1), (1 + LEVEL) / 2)) * error
    return Estimate(value, value - half, value + half)
