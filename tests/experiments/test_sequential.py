"""The test that allows peeking, by simulations whose truth is known: 2,000 each, looked at after every event."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta, norm
from worlds import SIMULATIONS, clopper_pearson, converted_labels

from graphrec.experiments.comparison import Pair
from graphrec.experiments.power import crossing, size
from graphrec.experiments.report import check_shares
from graphrec.experiments.sequential import (
    Prior,
    limits,
    log_evidence,
    log_multinomial_evidence,
    p_value,
    share_at,
    uplift_at,
)

STATED_USERS = 115_000
"""Users of both variants with whom +10 % on a rate of 5 % is found with a power of at least .8."""


def prior_of(share: float, uplift: float = 0.1) -> Prior:
    return Pair(np.empty(0, dtype=np.bool_), share, uplift, 0.05).prior()


def alarms(labels: list[np.ndarray], null: float, prior: Prior, side: str = "both") -> int:
    """Of the simulations, those in which p was below .05 at any look."""
    return sum(
        p_value(log_evidence(np.cumsum(one), np.arange(1, len(one) + 1), null, prior, side)) < 0.05 for one in labels
    )


@pytest.mark.parametrize(
    ("rate", "share", "uplift", "n_users"),
    [
        (0.02, 0.5, 0.1, 20_000),
        (0.05, 0.5, 0.1, STATED_USERS),
        (0.05, 0.5, 1.0, 20_000),
        (0.05, 0.1, 0.1, 20_000),
        (0.2, 0.5, 0.1, 20_000),
        (0.2, 0.9, 0.1, 20_000),
    ],
)
def test_equal_variants_seldom_raise_a_false_alarm(rate: float, share: float, uplift: float, n_users: int) -> None:
    labels = list(converted_labels(np.random.default_rng(1), n_users, (rate, rate), share))
    found = alarms(labels, share, prior_of(share, uplift))
    assert clopper_pearson(found, SIMULATIONS)[1] <= 0.06


def test_the_usual_test_would_not_do() -> None:
    """The same simulations, looked at after every event with the test that is made for one look."""
    labels = list(converted_labels(np.random.default_rng(1), 20_000, (0.05, 0.05), 0.5))
    z = [(np.cumsum(one) - np.arange(1, len(one) + 1) / 2) / np.sqrt(np.arange(1, len(one) + 1) / 4) for one in labels]
    found = sum(bool((np.abs(one[50:]) > norm.isf(0.025)).any()) for one in z)
    assert clopper_pearson(found, SIMULATIONS)[0] > 0.2


def test_a_rate_that_changes_with_the_hours_does_no_harm() -> None:
    rng = np.random.default_rng(2)
    rates = 0.1 * (1 + np.sin(np.arange(10_000) / 500)).astype(np.float32)
    labels = [rng.random(int((rng.random(10_000, dtype=np.float32) < rates).sum())) < 0.3 for _ in range(SIMULATIONS)]
    assert clopper_pearson(alarms(labels, 0.3, prior_of(0.3)), SIMULATIONS)[1] <= 0.06


def test_ten_per_cent_more_are_found_at_the_stated_size() -> None:
    assert size(0.05, 0.1).users < STATED_USERS
    labels = list(converted_labels(np.random.default_rng(3), STATED_USERS, (0.05, 0.055), 0.5))
    assert clopper_pearson(alarms(labels, 0.5, prior_of(0.5)), SIMULATIONS)[0] >= 0.8


@pytest.mark.parametrize(("rate", "uplift", "share"), [(0.2, 0.1, 0.5), (0.2, 0.3, 0.1), (0.1, -0.2, 0.5)])
def test_the_size_that_is_reckoned_has_the_power_that_it_says(rate: float, uplift: float, share: float) -> None:
    found = size(rate, uplift, share=share)
    labels = list(converted_labels(np.random.default_rng(4), found.users, (rate, rate * (1 + uplift)), share))
    low, high = clopper_pearson(alarms(labels, share, prior_of(share, uplift)), SIMULATIONS)
    assert low < 0.8 < high
    assert found.fixed < found.users < 3 * found.fixed
    assert found.median < found.users


def test_the_false_alarms_are_those_that_the_recursion_reckons() -> None:
    labels = list(converted_labels(np.random.default_rng(5), 10_000, (0.1, 0.1), 0.5))
    low, high = clopper_pearson(alarms([one[:900] for one in labels], 0.5, prior_of(0.5)), SIMULATIONS)
    step, chances = crossing(0.5, 0.5, prior_of(0.5), 900)
    assert step == 1
    assert low < chances[900] < high
    assert crossing(0.5, 0.5, prior_of(0.5), 50_000)[1][-1] < 0.05


@pytest.mark.parametrize(("uplift", "share"), [(0.1, 0.5), (1.0, 0.5), (-0.3, 0.1)])
def test_the_interval_holds_the_truth_at_all_times(uplift: float, share: float) -> None:
    """An interval leaves out the truth where the evidence against it passes 1 / alpha."""
    labels = list(converted_labels(np.random.default_rng(6), 10_000, (0.1, 0.1 * (1 + uplift)), share))
    assert clopper_pearson(alarms(labels, share_at(uplift, share), prior_of(share)), SIMULATIONS)[1] <= 0.06


@pytest.mark.parametrize(("uplift", "side"), [(-0.1, "greater"), (0.05, "less")])
def test_guardrails_are_seldom_taken_as_kept_when_they_are_not(uplift: float, side: str) -> None:
    null = share_at(-0.1 if side == "greater" else 0.05, 0.5)
    labels = list(converted_labels(np.random.default_rng(7), 2000, (0.1, 0.1 * (1 + uplift)), 0.5))
    assert clopper_pearson(alarms(labels, null, Prior.around(null, null - 0.5), side), SIMULATIONS)[1] <= 0.06


def test_the_evidence_is_the_mean_likelihood_over_the_prior() -> None:
    prior, k, n, null = Prior(3.0, 5.0), 7, 12, 0.4

    def integral(low: float, high: float) -> float:
        mass = quad(lambda t: beta.pdf(t, prior.a, prior.b), low, high)[0]
        mean = quad(lambda t: beta.pdf(t, prior.a, prior.b) * t**k * (1 - t) ** (n - k), low, high)[0] / mass
        return float(np.log(mean / (null**k * (1 - null) ** (n - k))))

    assert log_evidence(k, n, null, prior) == pytest.approx(integral(0, 1))
    assert log_evidence(k, n, null, prior, "greater") == pytest.approx(integral(null, 1))
    assert log_evidence(k, n, null, prior, "less") == pytest.approx(integral(0, null))
    assert log_multinomial_evidence([k, n - k], [0.375, 0.625], 8.0) == pytest.approx(log_evidence(k, n, 0.375, prior))


def test_limits_are_where_the_evidence_is_one_over_alpha() -> None:
    prior = prior_of(0.5)
    for k, n in ((550, 1000), (3, 9), (40_000, 90_000)):
        for limit in limits(k, n, prior, 0.05):
            assert log_evidence(k, n, limit, prior) == pytest.approx(np.log(20), abs=1e-6)
    assert limits(0, 0, prior, 0.05) == (0.0, 1.0)
    assert limits(5, 5, prior, 0.05)[1] == 1.0
    assert limits(0, 5, prior, 0.05)[0] == 0.0


def test_shares_and_uplifts_are_each_other_turned_round() -> None:
    for share in (0.1, 0.5, 0.9):
        assert share_at(0.0, share) == pytest.approx(share)
        assert uplift_at(share_at(0.37, share), share) == pytest.approx(0.37)
    assert share_at(0.1, 0.5) == pytest.approx(1.1 / 2.1)
    assert uplift_at(1.0, 0.5) == np.inf


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.9, 0.1), (0.2, 0.3, 0.5)])
def test_right_shares_raise_no_alarm_and_wrong_ones_do(shares: tuple[float, ...]) -> None:
    rng = np.random.default_rng(8)
    right = [check_shares(rng.choice(len(shares), 3000, p=shares), shares) for _ in range(500)]
    assert sum(one.alarm for one in right) <= 2
    assert clopper_pearson(sum(one.p < 0.05 for one in right), 500)[0] < 0.05
    off = np.array(shares) + np.array([0.02, -0.02, 0.0])[: len(shares)]
    assert all(check_shares(rng.choice(len(shares), 40_000, p=off), shares).alarm for _ in range(20))
