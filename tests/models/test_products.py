"""Sparse products on all cores against SciPy's and NumPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from graphrec.models.products import N_PARTS, Rows, cut_evenly, multiply, top_product


def random(rows: int, columns: int, density: float, seed: int) -> sparse.csr_array:
    rng = np.random.default_rng(seed)
    found = sparse.random_array((rows, columns), density=density, rng=rng, format="csr", dtype=np.float32)
    found.sort_indices()
    return found


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (500, 40)])
@pytest.mark.parametrize("width", [1, 7, 64])
def test_a_product_with_a_dense_block_is_scipys(shape: tuple[int, int], width: int) -> None:
    matrix = random(*shape, 0.3, 1)
    x = np.random.default_rng(2).normal(size=(shape[1], width)).astype(np.float32)
    np.testing.assert_allclose(multiply(Rows.of(matrix), x), matrix @ x, rtol=1e-4, atol=1e-5)


@settings(deadline=None)  # the first call compiles
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30), st.integers(1, 35), st.integers(0, 2**31))
def test_the_best_of_a_sparse_product_are_those_of_the_whole(n: int, m: int, o: int, k: int, seed: int) -> None:
    """Integers, so that there are many ties: the first columns win."""
    rng = np.random.default_rng(seed)
    left = sparse.csr_array(rng.integers(-1, 3, (n, m)).astype(np.float32))
    right = sparse.csr_array(rng.integers(-1, 3, (m, o)).astype(np.float32))
    masked = sparse.csr_array(rng.random((n, o)) < 0.2)
    whole = (left @ right).toarray().astype(np.float64)
    whole[masked.toarray()] = 0
    found = top_product(left, right, k, masked)
    for row in range(n):
        best = [c for c in np.lexsort((np.arange(o), -whole[row])) if whole[row, c] > 0][:k]
        part = slice(found.indptr[row], found.indptr[row + 1])
        assert found.indices[part].tolist() == best
        np.testing.assert_array_equal(found.data[part], whole[row, best])


@pytest.mark.parametrize("density", [0.001, 0.02, 0.5])
@pytest.mark.parametrize("k", [1, 7, 100])
def test_the_best_of_wide_rows_are_the_same_however_they_are_added_up(density: float, k: int) -> None:
    """Rows of few terms and of many, and far more columns than are kept; integers again, so that many are equal."""
    rng = np.random.default_rng(4)
    left = sparse.csr_array(rng.integers(0, 3, (8, 30)).astype(np.float32))
    right = random(30, 4000, density, 5)
    right.data = np.ceil(4 * right.data) - 1
    whole = (left @ right).toarray()
    found = top_product(left, right, k)
    for row in range(8):
        best = [c for c in np.lexsort((np.arange(4000), -whole[row])) if whole[row, c] > 0][:k]
        part = slice(found.indptr[row], found.indptr[row + 1])
        assert found.indices[part].tolist() == best
        np.testing.assert_array_equal(found.data[part], whole[row, best])


def test_rows_are_dealt_by_their_work() -> None:
    work = np.concatenate([[0], np.cumsum([1000, *[1] * 640])])
    cuts = cut_evenly(work)
    assert (cuts[0], cuts[-1]) == (0, 641)
    assert (np.diff(cuts) >= 0).all()
    assert np.diff(work[cuts]).max() <= 1000 + work[-1] / N_PARTS


def test_a_row_without_entries_gives_nothing() -> None:
    left = sparse.csr_array((3, 4), dtype=np.float32)
    right = random(4, 5, 0.5, 3)
    assert top_product(left, right, 2).nnz == 0
    assert not multiply(Rows.of(left), np.ones((4, 2), dtype=np.float32)).any()
