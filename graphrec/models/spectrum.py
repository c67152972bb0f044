"""The spectrum of the interactions: the matrix with its degrees divided out, and its largest singular triples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.models.products import Rows, multiply

OVERSAMPLES = 16
ITERATIONS = 4

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Spectrum:
    """`left` @ diag(`values`) @ `right`.T is near to the matrix: users × rank, rank (falling), items × rank."""

    left: Floats
    values: Floats
    right: Floats


def normalise(matrix: sparse.csr_array, user_power: float = 0.5, item_power: float = 0.5) -> sparse.csr_array:
    """D_u^-user_power R D_i^-item_power of users × items, float32. A row or column of zeros stays one."""
    user_degree = np.asarray(matrix.sum(axis=1), dtype=np.float64)
    item_degree = np.asarray(matrix.sum(axis=0), dtype=np.float64)
    left = np.where(user_degree > 0, user_degree, 1) ** -user_power
    right = np.where(item_degree > 0, item_degree, 1) ** -item_power
    rows = np.repeat(left, np.diff(matrix.indptr))
    data = (matrix.data * rows * right[matrix.indices]).astype(np.float32)
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def randomised_svd(matrix: sparse.csr_array, rank: int, seed: int, iterations: int = ITERATIONS) -> Spectrum:
    """The largest singular triples, by subspace iteration (Halko, Martinsson and Tropp, 2011, algorithm 4.4).

    `rank` is cut at the shorter side. Cost: 2 · iterations products of the matrix with rank + 16 columns, and as many
    QR decompositions; memory for a few blocks of that width.
    """
    rng = np.random.default_rng([seed, 0x5BEC])
    width = min(rank + OVERSAMPLES, *matrix.shape)
    there, back = Rows.of(matrix), Rows.of(matrix.T.tocsr())
    basis = rng.normal(size=(matrix.shape[1], width)).astype(np.float32)
    for _ in range(iterations):
        basis = orthonormal(multiply(back, orthonormal(multiply(there, basis))))
    left, values, small = np.linalg.svd(multiply(there, basis), full_matrices=False)
    rank = min(rank, width)
    return Spectrum(left[:, :rank], values[:rank], (small @ basis.T).T[:, :rank])


def orthonormal(x: Floats) -> Floats:
    """An orthonormal basis of the columns."""
    return np.linalg.qr(x)[0]
