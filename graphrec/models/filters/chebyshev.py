"""A filter of any response: a polynomial of the item graph, in Chebyshev's form, and an ideal low-pass filter.

    s(i, j) = d(i)^-b (h(P) + alpha V Vᵀ)(i, j) d(j)^b,   P = R̃ᵀ R̃,   R̃ = D_u^-½ R D_i^-½ ≈ U Σ Vᵀ

`h` is near to a plateau: it passes low frequencies (eigenvalues of P near 1), and stops high ones, the steeper the
smaller `flatness`. Kim, Choi, Park and Shin, "Graph spectral filtering with Chebyshev interpolation for
recommendation" (SIGIR 2025), apply the polynomial to every user, step by step. Here the truncated SVD, which the ideal
filter needs anyway, gives h exactly where it bends: on the largest eigenvalues. Below them h is as good as a line
c + m λ, of which m P is one step of the item graph and c only returns what the user has. So a filter of degree 8 costs
what GF-CF costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.polynomial import chebyshev as series
from numpy.typing import NDArray
from scipy import sparse

from graphrec.models.filters.item_filter import FilterSettings, ItemFilter, step
from graphrec.models.filters.spectral import factors
from graphrec.models.settings import Range, Space
from graphrec.models.spectrum import normalise, randomised_svd

ITERATIONS = 6
"""Of the SVD: the ideal filter cuts the spectrum where its values lie close together."""


@dataclass(frozen=True)
class ChebyshevSettings(FilterSettings):
    """`order`: the degree of h. `popularity`: b."""

    space: ClassVar[Space] = {
        "order": Range(2, 16),
        "flatness": Range(0.5, 4, log=True),
        "alpha": Range(0, 1),
        "popularity": Range(0, 1),
        "rank": Range(64, 1024, log=True),
    }

    order: int = 8
    flatness: float = 1.5
    alpha: float = 0.2
    popularity: float = 0.4
    rank: int = 512
    seed: int = 42


def chebyshev(matrix: sparse.csr_array, settings: ChebyshevSettings) -> ItemFilter:
    """The filter of users × items. Cost: that of the randomised SVD."""
    s = settings
    found = randomised_svd(normalise(matrix), s.rank, s.seed, ITERATIONS)
    eigenvalues = found.values.astype(np.float64) ** 2
    constant, slope = line_below(eigenvalues[-1], s)
    response = filter_response(eigenvalues, s) - constant - slope * eigenvalues + s.alpha
    low = factors(matrix, found.right, response.astype(np.float32), s.popularity)
    return ItemFilter.of_step(*low, *step(matrix, slope, s.popularity))


def plateau(x: NDArray[np.float64], flatness: float) -> NDArray[np.float64]:
    """1 at -1, falling to ½ at 0 and to 0 at 1. x = 1 - 2 λ for an eigenvalue λ of P."""
    return 0.5 - 0.5 * np.sign(x) * np.abs(x) ** flatness


def filter_response(eigenvalues: NDArray[np.float64], settings: ChebyshevSettings) -> NDArray[np.float64]:
    """h at eigenvalues of P, as the authors' code interpolates.

    At the Chebyshev points of the first kind, which lie inside, it has what the plateau has at those of the second,
    which reach the ends: a little steeper than the plateau.
    """
    inside, ends = series.chebpts1(settings.order + 1), series.chebpts2(settings.order + 1)
    coefficients = np.asarray(series.chebfit(inside, plateau(ends, settings.flatness), settings.order))
    return np.asarray(series.chebval(1 - 2 * eigenvalues, coefficients), dtype=np.float64)


def line_below(eigenvalue: float, settings: ChebyshevSettings) -> tuple[float, float]:
    """The constant and the slope of the line nearest to h between 0 and an eigenvalue."""
    x = np.linspace(0, max(eigenvalue, 1e-6), 101)
    slope, constant = np.polyfit(x, filter_response(x, settings), 1)
    return float(constant), float(slope)
