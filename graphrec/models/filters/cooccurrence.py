"""Co-occurrence with the degrees divided out: a linear filter of the item graph.

    s(i, j) = Σ_u r(u,i) r(u,j) / d(u)^user_power / (d(i)^(1 - balance) d(j)^balance)^item_power

With the powers 1 and balance ½ it is one step of the normalised item graph, the linear filter of Park, Shin and Shin,
"Turbo-CF: matrix decomposition-free graph filtering for fast recommendation" (SIGIR 2024); with user_power 0 it is the
cosine of Sarwar et al., "Item-based collaborative filtering recommendation algorithms" (WWW 2001).
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
class CooccurrenceSettings(FilterSettings):
    """`n_neighbours`: how many items are kept an item."""

    space: ClassVar[Space] = {
        "user_power": Range(0, 1.5),
        "item_power": Range(0, 1.5),
        "balance": Range(0, 1),
        "n_neighbours": Range(50, 2000, log=True),
    }

    user_power: float = 0.5
    item_power: float = 1.0
    balance: float = 0.5
    n_neighbours: int = 500


def cooccurrence(matrix: sparse.csr_array, settings: CooccurrenceSettings) -> ItemFilter:
    """The filter of users × items. Cost: the sum of the users' squared degrees; memory items × n_neighbours."""
    s = settings
    item_degree = np.asarray(matrix.sum(axis=0), dtype=np.float64)
    user_degree = np.asarray(matrix.sum(axis=1), dtype=np.float64)
    to_users = scaled(
        matrix.T.tocsr(), powers(item_degree, -s.item_power * (1 - s.balance)), powers(user_degree, -s.user_power)
    )
    to_items = scaled(matrix, np.ones(matrix.shape[0]), powers(item_degree, -s.item_power * s.balance))
    return ItemFilter.of_neighbours(top_product(to_users, to_items, s.n_neighbours, diagonal(matrix.shape[1])))
