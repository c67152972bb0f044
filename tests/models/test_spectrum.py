"""Bases by Gram matrices: as good as those by reflections, on blocks that single precision makes hard."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from graphrec.models.spectrum import orthonormal, randomised_svd


def block(values: list[float], n_rows: int = 400) -> np.ndarray:
    """A block with these singular values."""
    rng = np.random.default_rng(3)
    left = np.linalg.qr(rng.normal(size=(n_rows, len(values))))[0]
    right = np.linalg.qr(rng.normal(size=(len(values), len(values))))[0]
    return ((left * values) @ right.T).astype(np.float32)


@pytest.mark.parametrize("least", [1.0, 1e-2, 1e-5])
def test_a_basis_is_orthonormal_and_spans_the_columns(least: float) -> None:
    x = block(np.geomspace(1, least, 12).tolist())
    found = orthonormal(x)
    np.testing.assert_allclose(found.T @ found, np.eye(12), atol=1e-5)
    np.testing.assert_allclose(found @ (found.T @ x), x, atol=1e-5)


def test_columns_that_depend_on_others_add_nothing_to_a_basis() -> None:
    x = block([3.0, 2.0, 1.0, 0.5])
    found = orthonormal(np.column_stack([x, x @ np.ones((4, 3), dtype=np.float32)]))
    assert found.shape == (400, 4)
    np.testing.assert_allclose(found.T @ found, np.eye(4), atol=1e-5)


def test_a_matrix_of_low_rank_has_no_more_triples_than_its_rank() -> None:
    low = block([5.0, 3.0, 1.0])[:200] @ block([2.0, 1.0, 1.0])[:50].T
    found = randomised_svd(sparse.csr_array(low), 10, seed=1)
    assert len(found.values) == 3
    np.testing.assert_allclose(found.values, np.linalg.svd(low)[1][:3], rtol=1e-4)
    np.testing.assert_allclose((found.left * found.values) @ found.right.T, low, atol=1e-4)
    np.testing.assert_allclose(found.left.T @ found.left, np.eye(3), atol=1e-4)
