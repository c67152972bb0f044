"""Where training starts: at random, or from the spectrum of the matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

OVERSAMPLES = 16
ITERATIONS = 4

Floats = NDArray[np.float32]


def spectral(matrix: sparse.csr_array, dim: int, seed: int) -> Floats:
    """Users and then items, n × dim: the singular vectors of D^-½ R D^-½, scaled by the roots of their values.

    Rows are on average as long as 1. Where the matrix has a lower rank than `dim` the rest is small noise.
    """
    rng = np.random.default_rng([seed, 0x5BEC])
    left, values, right = randomised_svd(normalise(matrix), dim, rng)
    both = np.concatenate([left, right]) * np.sqrt(values)
    if both.shape[1] < dim:
        both = np.column_stack([both, np.zeros((len(both), dim - both.shape[1]))])
    both *= np.sqrt(len(both)) / max(float(np.linalg.norm(both)), 1e-12)
    return (both + rng.normal(0, 1e-3, both.shape)).astype(np.float32)


def normalise(matrix: sparse.csr_array) -> sparse.csr_array:
    """D^-½ R D^-½ of users × items."""
    user_degree = np.asarray(matrix.sum(axis=1), dtype=np.float64)
    item_degree = np.asarray(matrix.sum(axis=0), dtype=np.float64)
    left, right = (np.where(d > 0, d, 1) ** -0.5 for d in (user_degree, item_degree))
    rows = np.repeat(left, np.diff(matrix.indptr))
    data = (matrix.data * rows * right[matrix.indices]).astype(np.float32)
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def randomised_svd(matrix: sparse.csr_array, rank: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """The largest singular triples, by subspace iteration (Halko, Martinsson, Tropp, 2011). A few sparse products."""
    width = min(rank + OVERSAMPLES, *matrix.shape)
    transposed = matrix.T.tocsr()
    basis = rng.normal(size=(matrix.shape[1], width)).astype(np.float32)
    for _ in range(ITERATIONS):
        basis = np.linalg.qr(transposed @ np.linalg.qr(matrix @ basis)[0])[0]
    left, values, small = np.linalg.svd(matrix @ basis, full_matrices=False)
    rank = min(rank, width)
    return left[:, :rank], values[:rank], (small @ basis.T).T[:, :rank]
