"""PSI, Kolmogorov–Smirnov and Gini against what they are defined as."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from graphrec.audit.drift import ks, psi
from graphrec.audit.shape import gini


def test_psi_is_its_formula() -> None:
    before, after = [50, 30, 20], [30, 30, 40]
    by_hand = (0.3 - 0.5) * np.log(0.3 / 0.5) + (0.4 - 0.2) * np.log(0.4 / 0.2)
    assert psi(before, after) == pytest.approx(by_hand)
    assert psi(before, [500, 300, 200]) == pytest.approx(0)
    assert np.isfinite(psi([10, 0], [0, 10]))


def test_ks_is_scipys() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 12, 900), rng.integers(2, 14, 700)
    expected = ks_2samp(first, second, method="asymp")
    counted = [np.unique(one, return_counts=True) for one in (first, second)]
    distance, p = ks(*((values.astype(float), counts.astype(float)) for values, counts in counted))
    assert distance == pytest.approx(expected.statistic)
    assert p == pytest.approx(expected.pvalue, rel=0.2)


def test_gini_runs_from_equal_to_all_in_one() -> None:
    assert gini(np.array([3, 3, 3])) == pytest.approx(0)
    assert gini(np.array([0, 0, 0, 8])) == pytest.approx(0.75)
    assert gini(np.array([], dtype=np.int64)) == 0
