"""A test of a share that may be looked at after every event, exact from the first one on.

Users come to the variants B and A with the shares s and 1 - s, which are known. If both convert equally often, then of
the users who convert each is one of B with probability s, whatever the rate is, and however it changes from hour to
hour. So a test of two rates is one of a share among those who converted; a sample-ratio check is the same among all,
and interleaving the same among the users who prefer one ranking (Lindon and Malek, Anytime-valid inference for
multinomial count data, NeurIPS 2022).

The evidence against a share t is the likelihood of what came, averaged over a Beta(a, b) prior, over that under t:

    E = B(a + k, b + n - k) / B(a, b) / (t^k (1 - t)^(n - k))

If t is true, E is a martingale that begins at 1, so with a probability of at most alpha it ever reaches 1 / alpha
(Ville). 1 / max E is a p-value, and the shares with E < 1 / alpha are a confidence interval, at all times at once. It
is the mixture test of Robbins and of Johari, Koomen, Pekelis and Walsh (Operations Research 2022), with Bernoulli
likelihoods in place of normal ones, so nothing is asymptotic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import betaincc, betaln, gammaln, xlog1py, xlogy

Floats = npt.NDArray[np.float64]

SPREAD = 1.1
"""The prior's size is this over the squared effect in standard deviations: few events at a power of .8."""


@dataclass(frozen=True)
class Prior:
    """A Beta distribution over the share, around the null."""

    a: float
    b: float

    @classmethod
    def around(cls, share: float, shift: float) -> Prior:
        """The prior that finds a share which is off by `shift` soonest; others are found too, a little later."""
        size = max(SPREAD * share * (1 - share) / shift**2, 2.0)
        return cls(size * share, size * (1 - share))


def share_at(uplift: float, share: float) -> float:
    """B's share of those who convert, where its rate is (1 + uplift) times A's and `share` of the users are B's."""
    return share * (1 + uplift) / (share * (1 + uplift) + 1 - share)


def uplift_at(converted: float, share: float) -> float:
    """The relative uplift at which B's share of those who convert is `converted`: `share_at` turned round."""
    if converted >= 1:
        return inf
    return converted * (1 - share) / ((1 - converted) * share) - 1


def log_evidence(k: npt.ArrayLike, n: npt.ArrayLike, null: float, prior: Prior, side: str = "both") -> Floats:
    """log E against a share of `null`, after k of n. Arrays give one each.

    `side`: 'greater' against a share of at most `null`, 'less' against one of at least `null`. The prior is then cut
    off at the null, so that E is at most a martingale under each share of the hypothesis.
    """
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    a, b = prior.a + k, prior.b + n - k
    found = betaln(a, b) - betaln(prior.a, prior.b) - xlogy(k, null) - xlog1py(n - k, -null)
    with np.errstate(divide="ignore"):  # no mass left on that side: no evidence
        if side == "greater":
            found += np.log(betaincc(a, b, null)) - np.log(betaincc(prior.a, prior.b, null))
        elif side == "less":
            found += np.log(betaincc(b, a, 1 - null)) - np.log(betaincc(prior.b, prior.a, 1 - null))
    return np.asarray(found, dtype=np.float64)


def p_value(log_evidence_so_far: Floats) -> float:
    """The smallest p so far: valid whenever one looks, and however often."""
    return float(np.exp(-max(0.0, float(log_evidence_so_far.max(initial=0.0)))))


def limits(k: int, n: int, prior: Prior, alpha: float) -> tuple[float, float]:
    """The confidence interval of the share after k of n: all shares against which the evidence is below 1 / alpha."""
    most = -log(alpha)

    def above(share: float) -> float:
        return float(log_evidence(k, n, share, prior)) - most

    middle = k / n if n else 0.5
    low = brentq(above, 1e-12, middle) if k and above(1e-12) > 0 else 0.0
    high = brentq(above, middle, 1 - 1e-12) if k < n and above(1 - 1e-12) > 0 else 1.0
    return float(low), float(high)


def limits_so_far(k: npt.NDArray[np.int64], evidence: Floats, prior: Prior, alpha: float) -> tuple[float, float]:
    """What the intervals of now and of the strongest evidence have in common; both hold at once.

    `k`: the counts after 1, 2, … events; `evidence`: that against the null. So the interval leaves the null out exactly
    where the smallest p so far is below alpha. Where the two have nothing in common, that of now.
    """
    ends = {len(k), int(evidence.argmax()) + 1} if len(k) else {0}
    found = [limits(int(k[end - 1]) if end else 0, end, prior, alpha) for end in sorted(ends)]
    low, high = max(one[0] for one in found), min(one[1] for one in found)
    return (low, high) if low <= high else found[-1]


def log_multinomial_evidence(counts: npt.ArrayLike, shares: Sequence[float], size: float) -> Floats:
    """log E against the shares of several variants, after counts of shape (…, variants).

    The prior is Dirichlet(size · shares): with two variants `log_evidence` with a prior of that size.
    """
    counts = np.asarray(counts, dtype=np.float64)
    prior = size * np.asarray(shares)
    total = counts.sum(axis=-1)
    marginal = gammaln(size) - gammaln(size + total) + (gammaln(prior + counts) - gammaln(prior)).sum(axis=-1)
    return np.asarray(marginal - xlogy(counts, shares).sum(axis=-1), dtype=np.float64)
