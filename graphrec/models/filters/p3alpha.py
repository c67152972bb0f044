"""P3alpha and RP3beta: the walk from an item to a user and on to an item, in three steps of a user's walk.

    s(i, j) = Σ_u (r(u,i) / d(i))^alpha (r(u,j) / d(u))^alpha / d(j)^beta

Cooper, Lee, Radinsky and Siantov, "Random walks in recommender systems: exact computation and simulations" (WWW 2014);
with beta above 0, Paudel, Christoffel, Newell and Bernstein, "Updatable, accurate, diverse, and scalable
recommendations for interactive applications" (TiiS 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from graphrec.models.filters.item_filter import FilterSettings, ItemFilter, diagonal, powers, scaled
from graphrec.models.products import top_product
from graphrec.models.settings import Range, Space


@dataclass(frozen=True)
class P3AlphaSettings(FilterSettings):
    """`n_neighbours`: how many items are kept an item, the likeliest."""

    space: ClassVar[Space] = {
        "alpha": Range(0.3, 2),
        "beta": Range(0, 1),
        "n_neighbours": Range(50, 2000, log=True),
    }

    alpha: float = 1.0
    beta: float = 0.3
    n_neighbours: int = 500


def p3alpha(matrix: sparse.csr_array, settings: P3AlphaSettings) -> ItemFilter:
    """The filter of users × items. Cost: the sum of the users' squared degrees; memory items × n_neighbours."""
    s = settings
    item_degree = np.asarray(matrix.sum(axis=0), dtype=np.float64)
    user_degree = np.asarray(matrix.sum(axis=1), dtype=np.float64)
    weighted = sparse.csr_array(
        (matrix.data.astype(np.float64) ** s.alpha, matrix.indices, matrix.indptr), matrix.shape
    )
    to_users = scaled(weighted.T.tocsr(), powers(item_degree, -s.alpha), np.ones(matrix.shape[0]))
    to_items = scaled(weighted, powers(user_degree, -s.alpha), powers(item_degree, -s.beta))
    return ItemFilter.of_neighbours(top_product(to_users, to_items, s.n_neighbours, diagonal(matrix.shape[1])))
