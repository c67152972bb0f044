"""The tests of a comparison: their level and power on made users, and what they say word for word."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import binomtest, ttest_rel

from graphrec.comparing.paired import bootstrap, differences, error_parts, holm, paired

SIMULATIONS = 500
N_USERS = 150


def measured(
    rng: np.random.Generator, n_models: int, n_seeds: int = 1, *, seeds: float = 0.0, better: float = 0.0
) -> dict[str, npt.NDArray[np.float64]]:
    """Hit rates such as users have, most of them 0: all models alike, but that the first may find more.

    `seeds`: the spread that a model's seeds add to all its users.
    """
    liking = rng.beta(0.5, 3, (N_USERS, 1))
    found = {}
    for n in range(n_models):
        luck = rng.normal(0, seeds, (1, n_seeds)) + (better if n == 0 else 0.0)
        found[f"m{n}"] = rng.binomial(10, np.clip(liking + luck, 0, 1)) / 10
    return found


def false_alarms(n_models: int, n_seeds: int, seeds: float) -> int:
    """In how many simulations any difference is found between models that are equal."""
    rng = np.random.default_rng(11)
    found = 0
    for _ in range(SIMULATIONS):
        values = list(measured(rng, n_models, n_seeds, seeds=seeds).values())
        p = [paired(values[a] - values[b])[0] for a in range(n_models) for b in range(a)]
        found += len(p) * min(p) < 0.05  # the smallest p-value of Holm's
    return found


@pytest.mark.parametrize(("n_models", "n_seeds", "seeds"), [(2, 1, 0.0), (3, 1, 0.0), (2, 2, 0.03), (2, 3, 0.03)])
def test_equal_models_are_told_apart_in_at_most_6_percent(n_models: int, n_seeds: int, seeds: float) -> None:
    n = false_alarms(n_models, n_seeds, seeds)
    assert n / SIMULATIONS <= 0.06
    assert binomtest(n, SIMULATIONS, 0.06, "greater").pvalue > 0.05


def test_seeds_that_matter_are_not_passed_over() -> None:
    """What the usual test over users says where the seed moves all users of a model alike."""
    rng, n = np.random.default_rng(12), 0
    for _ in range(100):
        a, b = measured(rng, 2, 3, seeds=0.05).values()
        n += ttest_rel(a.mean(axis=1), b.mean(axis=1)).pvalue < 0.05
    assert n / 100 > 0.2


@pytest.mark.parametrize(("n_seeds", "seeds"), [(1, 0.0), (5, 0.01)])
def test_a_stated_difference_is_found(n_seeds: int, seeds: float) -> None:
    rng, n = np.random.default_rng(13), 0
    for _ in range(60):
        values = measured(rng, 4, n_seeds, seeds=seeds, better=0.06)
        apart = [values["m0"] - values[f"m{other}"] for other in (1, 2, 3)]
        n += all(3 * paired(each)[0] < 0.05 and each.mean() > 0 for each in apart)
    assert n / 60 >= 0.8, "a gain of .06 in hits at a spread of about .15, against each of three"


def test_one_seed_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.random((40, 1)), rng.random((40, 1))
    known = ttest_rel(a[:, 0], b[:, 0])
    p, half = paired(a - b)
    assert p == pytest.approx(known.pvalue)
    interval = known.confidence_interval(0.95)
    assert half == pytest.approx((interval.high - interval.low) / 2)
    (_, freedom), (_, of_seeds) = error_parts(np.hstack([a - b, b - a, a]))
    assert (freedom, of_seeds) == (39, 2)


def test_without_any_difference_nothing_is_found() -> None:
    same = np.full((10, 1), 0.5)
    (one,) = differences({"a": same, "b": same})
    assert (one.estimate, one.p, one.interval) == (0.0, 1.0, (0.0, 0.0))
    assert not one.is_found
    (always,) = differences({"a": same + 0.1, "b": same})
    assert always.is_found


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_the_bootstrap_covers_the_mean() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for n in range(200):
        low, high = bootstrap(rng.beta(0.5, 3, 100), n, 200)
        covered += low <= 1 / 7 <= high
    assert 0.90 <= covered / 200 <= 0.99
    assert bootstrap(np.arange(9.0), 1) == bootstrap(np.arange(9.0), 1)
