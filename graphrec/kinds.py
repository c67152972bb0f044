"""The table of kinds: how much one kind of interaction says that a user likes an item.

A pair of user and item counts once in walks and in the matrix, with the largest weight among its kinds.
Kinds of weight 0 or less are kept in the graph and hide an item as seen, but never count as liking.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

KIND_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "interaction": 1.0,
        "rating": 1.0,
        "purchase": 1.0,
        "like": 1.0,
        "listen": 1.0,
        "checkin": 1.0,
        "review": 1.0,
        "share": 1.0,
        "save": 1.0,
        "view": 0.5,
        "click": 0.5,
        "skip": -0.5,
        "dislike": -1.0,
        "hide": -1.0,
    }
)
"""Weights by kind. A kind that isn't listed weighs `DEFAULT_WEIGHT`."""

DEFAULT_WEIGHT = 1.0


def kind_weight(kind: str) -> float:
    """The weight of one kind."""
    return KIND_WEIGHTS.get(kind, DEFAULT_WEIGHT)


def liking_weights() -> dict[str, float]:
    """The table as the parameter `$kind_weights` of the walk queries."""
    return dict(KIND_WEIGHTS)
