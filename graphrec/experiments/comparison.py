"""One variant against the control: rates, uplift, intervals, the test that allows peeking, guardrails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest
from scipy.stats.contingency import relative_risk

from graphrec.experiments.experiment import Measure
from graphrec.experiments.sequential import (
    Floats,
    Prior,
    limits,
    limits_so_far,
    log_evidence,
    p_value,
    share_at,
    uplift_at,
)

Interval = tuple[float, float]
Bools = npt.NDArray[np.bool_]

FOR_RATE = 0.1
"""The part of the error that the interval of the difference leaves to the rate of both variants together."""


@dataclass(frozen=True)
class Uplift:
    """Relative changes of a rate, as fractions. `fixed`: for who looks once; `always`: at all times at once.

    `difference`: of the rates themselves, always valid. `p`: the smallest so far, always valid.
    """

    estimate: float | None
    fixed: Interval | None
    always: Interval
    difference: Interval
    p: float


@dataclass(frozen=True)
class Guardrail:
    """`state`: 'kept' or 'broken' where that is certain, else 'open'.

    `p`: against the hypothesis that it is worse than allowed; `p_broken`: against the one that it isn't.
    """

    kind: str
    worst: float
    estimate: float | None
    always: Interval
    p: float
    p_broken: float
    state: str


@dataclass(frozen=True)
class Pair:
    """The judged users of the control and of one variant, in the order in which they were judged.

    `is_variant`: whose user it is; `share`: the variant's share of both.
    """

    is_variant: Bools
    share: float
    uplift: float
    alpha: float

    def prior(self) -> Prior:
        """The prior that finds the planned uplift soonest."""
        return Prior.around(self.share, share_at(self.uplift, self.share) - self.share)

    def counts(self, converted: Bools) -> tuple[int, int, int, int]:
        """Converted users and all users of the control, and those of the variant."""
        ours, theirs = converted & self.is_variant, converted & ~self.is_variant
        return int(theirs.sum()), int((~self.is_variant).sum()), int(ours.sum()), int(self.is_variant.sum())

    def path(self, converted: Bools) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The variant's users among the first 1, 2, … who converted, and these numbers."""
        k = np.cumsum(self.is_variant[converted], dtype=np.int64)
        return k, np.arange(1, len(k) + 1)


def compare(pair: Pair, converted: Bools) -> Uplift:
    """The uplift of the users who converted, with both intervals and the p-value."""
    k, n = pair.path(converted)
    found = log_evidence(k, n, pair.share, pair.prior())
    counts = pair.counts(converted)
    return Uplift(
        estimate=_ratio(*counts),
        fixed=_fixed(*counts, alpha=pair.alpha),
        always=_always(pair, k, found, pair.alpha),
        difference=_difference(pair, converted, k, found),
        p=p_value(found),
    )


def guard(pair: Pair, converted: Bools, measure: Measure) -> Guardrail:
    """Whether the rate is certainly no worse than the measure's `worst` allows, or certainly worse."""
    worst = measure.worst or 0.0
    k, n = pair.path(converted)
    null = share_at(worst, pair.share)
    prior = Prior.around(null, null - pair.share)
    kept, broken = ("greater", "less") if worst < 0 else ("less", "greater")
    p = p_value(log_evidence(k, n, null, prior, kept))
    p_broken = p_value(log_evidence(k, n, null, prior, broken))
    state = "broken" if p_broken < pair.alpha else "kept" if p < pair.alpha else "open"
    both = log_evidence(k, n, pair.share, pair.prior())
    always = _always(pair, k, both, pair.alpha)
    return Guardrail(measure.kind, worst, _ratio(*pair.counts(converted)), always, p, p_broken, state)


def rate_interval(k: int, n: int) -> Interval | None:
    """Wilson's interval of 95 % of a rate, for who looks once."""
    if not n:
        return None
    found = binomtest(k, n).proportion_ci(0.95, method="wilson")
    return float(found.low), float(found.high)


def _ratio(k_control: int, n_control: int, k: int, n: int) -> float | None:
    return k / n / (k_control / n_control) - 1 if k_control and n else None


def _fixed(k_control: int, n_control: int, k: int, n: int, *, alpha: float) -> Interval | None:
    """The delta method on the logarithm of the ratio of both rates (Katz et al. 1978)."""
    if not k_control or not k:
        return None
    found = relative_risk(k, n, k_control, n_control).confidence_interval(1 - alpha)
    return float(found.low) - 1, float(found.high) - 1


def _always(pair: Pair, k: npt.NDArray[np.int64], evidence: Floats, alpha: float) -> Interval:
    low, high = limits_so_far(k, evidence, pair.prior(), alpha)
    return uplift_at(low, pair.share), uplift_at(high, pair.share)


def _difference(pair: Pair, converted: Bools, k: npt.NDArray[np.int64], evidence: Floats) -> Interval:
    """Rates' difference: the uplift's interval at the most and least rate that both together may have."""
    n_converted, n = int(converted.sum()), len(converted)
    rates = limits(n_converted, n, Prior(0.5, 0.5), pair.alpha * FOR_RATE)
    low, high = _always(pair, k, evidence, pair.alpha * (1 - FOR_RATE))
    ends = [_apart(rate, uplift, pair.share) for rate in rates for uplift in (low, high)]
    return max(min(ends), -1.0), min(max(ends), 1.0)


def _apart(rate: float, uplift: float, share: float) -> float:
    """The difference of two rates whose mean over the users is `rate`."""
    return rate / share if uplift == np.inf else rate * uplift / (1 + share * uplift)
