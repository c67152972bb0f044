"""The spectrum of the interactions: the matrix with its degrees divided out, and its largest singular triples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.models.products import Rows, multiply

OVERSAMPLES = 16
ITERATIONS = 4

BLOCK = 16_384
"""Rows taken to double precision at a time."""

ROUGH_BLOCK = 2_048
"""Rows multiplied in single precision at a time."""

NOTHING = 1e-6
"""Singular values below this part of the largest are what single precision has made of 0."""

WELL_CONDITIONED = 1e-2
"""With a smallest singular value above this part of the largest, one turn gives a basis to six digits."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Spectrum:
    """`left` @ diag(`values`) @ `right`.T is near to the matrix: users × rank, rank (falling), items × rank."""

    left: Floats
    values: Floats
    right: Floats


def normalise(matrix: sparse.csr_array) -> sparse.csr_array:
    """D_u^-½ R D_i^-½ of users × items, float32. A row or column of zeros stays one."""
    user_degree = np.asarray(matrix.sum(axis=1), dtype=np.float64)
    item_degree = np.asarray(matrix.sum(axis=0), dtype=np.float64)
    left = np.where(user_degree > 0, user_degree, 1) ** -0.5
    right = np.where(item_degree > 0, item_degree, 1) ** -0.5
    rows = np.repeat(left, np.diff(matrix.indptr))
    data = (matrix.data * rows * right[matrix.indices]).astype(np.float32)
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def randomised_svd(matrix: sparse.csr_array, rank: int, seed: int, iterations: int = ITERATIONS) -> Spectrum:
    """The largest singular triples, by subspace iteration (Halko, Martinsson and Tropp, 2011, algorithm 4.4).

    `rank` is cut at the rank of the matrix. Cost: 2 · iterations products of the matrix with rank + 16 columns, and
    about as many Gram matrices of such blocks as iterations; memory for a few blocks of that width.
    """
    rng = np.random.default_rng([seed, 0x5BEC])
    width = min(rank + OVERSAMPLES, *matrix.shape)
    there, back = Rows.of(matrix), Rows.of(matrix.T.tocsr())
    basis = rng.normal(size=(matrix.shape[1], width)).astype(np.float32)
    for _ in range(iterations - 1):
        basis = turned(there, back, basis)
    basis = orthonormal(multiply(back, orthonormal(multiply(there, basis), rough=True)))
    block = multiply(there, basis)
    values, vectors = directions(gram(block))
    values, vectors = values[:rank], vectors[:, :rank]
    left = block @ (vectors / values).astype(np.float32)
    return Spectrum(left, values.astype(np.float32), basis @ vectors.astype(np.float32))


def turned(there: Rows, back: Rows, basis: Floats) -> Floats:
    """A basis after a step to the users and back, which brings it nearer to the largest triples.

    Only its columns have to be kept apart on the way, and mostly once a turn is enough for that: the squares of the
    singular values lie within what single precision tells apart. Where they don't, it is done on either side.
    """
    moved = multiply(there, basis)
    twice = multiply(back, moved)
    factor = cholesky(rough_gram(twice))
    if factor is not None:
        return twice @ np.linalg.inv(factor).T.astype(np.float32)
    return orthonormal(multiply(back, orthonormal(moved, rough=True)), rough=True)


def orthonormal(x: Floats, *, rough: bool = False) -> Floats:
    """An orthonormal basis of the columns' span, one vector fewer for each column that depends on the others.

    By Cholesky's factor of the Gram matrix instead of Householder's reflections: all the work on long columns is dense
    products, which take a tenth of the time and no copy in double precision. Where columns nearly depend on each other
    the eigenvectors of the Gram matrix say which directions there are, and another turn evens out what single precision
    leaves uneven (Yamamoto et al., "Roundoff error analysis of the CholeskyQR2 algorithm", ETNA 2015). `rough`: what
    only has to keep the columns of a next turn apart is squared in single precision, in half of the time.
    """
    factor = cholesky(rough_gram(x)) if rough else None
    if factor is None:
        squares = gram(x)
        factor = cholesky(squares)
    if factor is not None:
        return x @ np.linalg.inv(factor).T.astype(np.float32)
    values, vectors = directions(squares)
    found = x @ (vectors / values).astype(np.float32)
    return found if not len(values) or values[-1] > WELL_CONDITIONED * values[0] else orthonormal(found)


def cholesky(squares: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The factor of a Gram matrix of columns that stand well apart; else None."""
    try:
        factor: NDArray[np.float64] = np.linalg.cholesky(squares).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        return None
    lengths = np.diag(factor)
    return factor if lengths.min(initial=np.inf) > WELL_CONDITIONED * lengths.max(initial=0) else None


def directions(squares: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The singular values above 0, falling, and right singular vectors of a block, from its Gram matrix."""
    eigenvalues, vectors = np.linalg.eigh(squares)
    values = np.sqrt(np.maximum(eigenvalues[::-1], 0))
    kept = values > NOTHING * max(values.max(initial=0), np.finfo(np.float32).tiny)
    return values[kept], vectors[:, ::-1][:, kept]


def rough_gram(x: Floats) -> NDArray[np.float64]:
    """xᵀx to about six digits: single precision within a block, double over the blocks."""
    total = np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, len(x), ROUGH_BLOCK):
        rows = x[start : start + ROUGH_BLOCK]
        total += rows.T @ rows
    return total


def gram(x: Floats) -> NDArray[np.float64]:
    """xᵀx in double precision, some rows at a time. Cost: rows × columns²."""
    total = np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, len(x), BLOCK):
        rows = x[start : start + BLOCK].astype(np.float64)
        total += rows.T @ rows
    return total
