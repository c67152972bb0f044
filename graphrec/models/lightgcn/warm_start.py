"""Where training starts: at random, or from the spectrum of the matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.models.spectrum import normalise, randomised_svd

Floats = NDArray[np.float32]


def spectral(matrix: sparse.csr_array, dim: int, seed: int) -> Floats:
    """Users and then items, n × dim: the singular vectors of D^-½ R D^-½, scaled by the roots of their values.

    Rows are on average as long as 1. Where the matrix has a lower rank than `dim` the rest is small noise.
    """
    found = randomised_svd(normalise(matrix), dim, seed)
    both = np.concatenate([found.left, found.right]) * np.sqrt(found.values)
    if both.shape[1] < dim:
        both = np.column_stack([both, np.zeros((len(both), dim - both.shape[1]))])
    both *= np.sqrt(len(both)) / max(float(np.linalg.norm(both)), 1e-12)
    noise = np.random.default_rng([seed, 0x501E]).normal(0, 1e-3, both.shape)
    return (both + noise).astype(np.float32)
