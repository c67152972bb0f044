"""What an experiment tells so far: the shares, each variant against the control, guardrails, and a plain verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest, chisquare

from graphrec.experiments.comparison import Guardrail, Interval, Pair, Uplift, compare, guard, rate_interval
from graphrec.experiments.experiment import Experiment
from graphrec.experiments.exposure import Exposure, read_exposure, read_wins
from graphrec.experiments.sequential import (
    Prior,
    limits_so_far,
    log_evidence,
    log_multinomial_evidence,
    p_value,
)
from graphrec.experiments.store import Store

ALPHA = 0.05
SHARES_ALARM = 0.001
"""A sample ratio whose always-valid p is below this stops the report from being believed."""

SHARES_SIZE = 100.0
"""The Dirichlet prior's size of the sample-ratio check: it looks for shares that are off by a few points."""

PREFERENCE = 0.05
"""The shift from one half that the test of interleaving is tuned to find."""


CHANGED = "the difference has changed in the meantime; look for what happened, and begin again"
"""What was certain once isn't in the interval of now: the truth isn't the same all the time."""


@dataclass(frozen=True)
class Row:
    """One variant. `users`: who were shown something; `judged`: whose window is over; `rate`: converted of judged."""

    variant: str
    share: float
    users: int
    impressions: int
    judged: int
    converted: int
    outcomes: int
    rate: float | None
    interval: Interval | None
    uplift: Uplift | None
    guardrails: Sequence[Guardrail]


@dataclass(frozen=True)
class Shares:
    """The sample-ratio check. `p`: always valid, and what the alarm goes by; `chi_square_p`: for who looks once."""

    p: float
    chi_square_p: float | None
    alarm: bool


@dataclass(frozen=True)
class Preference:
    """Interleaving. `wins`: judged users with more credited events a variant; `preferred`: the second's share of them.

    `always`: its always-valid interval; `p`: always valid; `binomial_p`: for who looks once.
    """

    wins: tuple[int, int]
    ties: int
    preferred: float | None
    always: Interval
    p: float
    binomial_p: float | None


@dataclass(frozen=True)
class Report:
    """All of it. `alpha`: for each comparison with the control; `mixed`: users left out, who saw two variants."""

    experiment: str
    kind: str
    outcome: str
    variants: Sequence[str]
    users: int
    mixed: int
    alpha: float
    rows: Sequence[Row]
    shares: Shares | None
    preference: Preference | None
    verdict: str


def report(store: Store, experiment: Experiment, now: int) -> Report:
    """The report on what is known at a time (epoch ms)."""
    if experiment.kind == "interleaving":
        return report_wins(experiment, read_wins(store, experiment, now))
    return report_rates(experiment, read_exposure(store, experiment, now))


def report_rates(experiment: Experiment, exposure: Exposure) -> Report:
    """The report on variants that each have their users."""
    alpha = ALPHA / (len(experiment.variants) - 1)
    shares = check_shares(exposure.variant, [variant.share for variant in experiment.variants])
    rows = [_row(experiment, exposure, place, alpha) for place in range(len(experiment.variants))]
    return _report(
        experiment,
        exposure,
        alpha=alpha,
        rows=rows,
        shares=shares,
        preference=None,
        verdict=judge_rates(experiment, rows, shares, alpha),
    )


def report_wins(experiment: Experiment, exposure: Exposure) -> Report:
    """The report on two variants that were interleaved."""
    first, second = (exposure.counts[variant.name][exposure.judged] for variant in experiment.variants)
    preference = prefer(first, second)
    return _report(
        experiment,
        exposure,
        alpha=ALPHA,
        rows=(),
        shares=None,
        preference=preference,
        verdict=judge_wins(experiment, preference),
    )


def _report(experiment: Experiment, exposure: Exposure, **found: Any) -> Report:
    """What was found, with what every report says."""
    return Report(
        experiment=experiment.name,
        kind=experiment.kind,
        outcome=experiment.outcome.kind,
        variants=[variant.name for variant in experiment.variants],
        users=len(exposure.variant),
        mixed=exposure.mixed,
        **found,
    )


def check_shares(variant: np.ndarray, shares: Sequence[float]) -> Shares:
    """Whether the users came to the variants in the declared shares; `variant` gives each user's, in order."""
    came = np.eye(len(shares), dtype=np.int64)[variant]
    counts = came.sum(axis=0)
    p = p_value(log_multinomial_evidence(np.cumsum(came, axis=0), shares, SHARES_SIZE))
    once = float(chisquare(counts, counts.sum() * np.asarray(shares)).pvalue) if counts.sum() else None
    return Shares(p, once, p < SHARES_ALARM)


def prefer(first: np.ndarray, second: np.ndarray) -> Preference:
    """Who wins among users, from the events that each credited to the first and to the second team."""
    is_second = (second > first)[first != second]
    k, n = np.cumsum(is_second), np.arange(1, len(is_second) + 1)
    wins, prior = (int((~is_second).sum()), int(is_second.sum())), Prior.around(0.5, PREFERENCE)
    found = log_evidence(k, n, 0.5, prior)
    return Preference(
        wins=wins,
        ties=int((first == second).sum()),
        preferred=wins[1] / len(n) if len(n) else None,
        always=limits_so_far(k, found, prior, ALPHA),
        p=p_value(found),
        binomial_p=float(binomtest(wins[1], len(n)).pvalue) if len(n) else None,
    )


def judge_rates(experiment: Experiment, rows: Sequence[Row], shares: Shares, alpha: float) -> str:
    """The verdict in a sentence or two."""
    if shares.alarm:
        return "the shares are wrong: do not trust this; look for users who are lost or counted twice in one variant"
    return "; ".join(_judged(experiment, row, alpha) for row in rows[1:])


def _judged(experiment: Experiment, row: Row, alpha: float) -> str:
    uplift = row.uplift
    broken = [one.kind for one in row.guardrails if one.state == "broken"]
    if broken:
        return f"stop {row.variant}: {', '.join(broken)} got worse than allowed"
    if uplift is None or uplift.estimate is None:
        return f"{row.variant}: too early to say"
    if uplift.p < alpha and uplift.always[0] < 0 < uplift.always[1]:
        return f"{row.variant}: {CHANGED}"
    if uplift.p < alpha:
        word = "better" if uplift.always[0] >= 0 else "worse"
        unsure = [one.kind for one in row.guardrails if one.state == "open"]
        rest = f", but it isn't certain yet that {', '.join(unsure)} is kept" if unsure and word == "better" else ""
        return f"{row.variant} is {word} than {experiment.control.name}{rest}"
    if -experiment.uplift < uplift.always[0] and uplift.always[1] < experiment.uplift:
        return f"{row.variant}: no difference of {experiment.uplift:.0%} or more"
    return f"{row.variant}: too early to say"


def judge_wins(experiment: Experiment, preference: Preference) -> str:
    """The verdict in a sentence."""
    first, second = (variant.name for variant in experiment.variants)
    if preference.p >= ALPHA:
        return "too early to say"
    if preference.always[0] < 0.5 < preference.always[1]:
        return CHANGED
    better, other = (second, first) if preference.always[0] >= 0.5 else (first, second)
    return f"{better} is better than {other}"


def _row(experiment: Experiment, exposure: Exposure, place: int, alpha: float) -> Row:
    variant = experiment.variants[place]
    mine, kind = exposure.variant == place, experiment.outcome.kind
    judged, converted = int((mine & exposure.judged).sum()), int((mine & exposure.converted(kind)).sum())
    uplift, guardrails = _against_control(experiment, exposure, place, alpha) if place else (None, [])
    return Row(
        variant=variant.name,
        share=variant.share,
        users=int(mine.sum()),
        impressions=int(exposure.impressions[mine].sum()),
        judged=judged,
        converted=converted,
        outcomes=int(exposure.counts[kind][mine & exposure.judged].sum()),
        rate=converted / judged if judged else None,
        interval=rate_interval(converted, judged),
        uplift=uplift,
        guardrails=guardrails,
    )


def _against_control(
    experiment: Experiment, exposure: Exposure, place: int, alpha: float
) -> tuple[Uplift, list[Guardrail]]:
    chosen = exposure.judged & ((exposure.variant == 0) | (exposure.variant == place))
    share = experiment.variants[place].share / (experiment.control.share + experiment.variants[place].share)
    pair = Pair(exposure.variant[chosen] == place, share, experiment.uplift, alpha)
    found = compare(pair, exposure.converted(experiment.outcome.kind)[chosen])
    guards = [guard(pair, exposure.converted(one.kind)[chosen], one) for one in experiment.guardrails]
    return found, guards
