"""The spectral start: the singular vectors that NumPy finds, in a few sparse products."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from graphrec.models.lightgcn.warm_start import spectral
from graphrec.models.spectrum import normalise, randomised_svd
from graphrec.snapshot import Snapshot


def test_the_randomised_svd_finds_the_largest_triples() -> None:
    rng = np.random.default_rng(1)
    low = rng.normal(size=(80, 6)) @ rng.normal(size=(6, 50)) + 0.01 * rng.normal(size=(80, 50))
    found = randomised_svd(sparse.csr_array(low.astype(np.float32)), 6, seed=1)
    np.testing.assert_allclose(found.values, np.linalg.svd(low)[1][:6], rtol=1e-3)
    np.testing.assert_allclose((found.left * found.values) @ found.right.T, low, atol=0.1)


def test_rows_and_columns_are_divided_by_the_roots_of_their_sums() -> None:
    matrix = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 0]], dtype=np.float32))
    wanted = [[1 / 2, 1 / np.sqrt(2), 0], [1 / np.sqrt(2), 0, 0]]
    np.testing.assert_allclose(normalise(matrix).toarray(), wanted, rtol=1e-6)


def test_a_start_has_the_asked_width_even_where_the_rank_is_lower(tastes: Snapshot) -> None:
    found = spectral(tastes.matrix, 64, seed=1)
    assert found.shape == (tastes.n_users + tastes.n_items, 64)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found, spectral(tastes.matrix, 64, seed=1))
