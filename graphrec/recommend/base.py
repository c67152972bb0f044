"""The interface that every recommender has, and the tables it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

import pandas as pd

RECOMMENDATION_COLUMNS = ("profile", "item_id", "score", "rank", "reason")
SIMILAR_COLUMNS = ("item_id", "similar_id", "score", "rank", "reason")
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Profile:
    """Whom to recommend to: a known user, a visitor known by weighted items, or both; and the context."""

    user_id: str | None = None
    items: Mapping[str, float] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidates:
    """Which items may be recommended. Decided before the cut at k, never after it.

    `allowed`: only these (None: all). `excluded`: never these. `seen`: whether the profile's own items may come back.
    """

    allowed: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    seen: bool = False


ALL_UNSEEN = Candidates()


@runtime_checkable
class Recommender(Protocol):
    """Anything that ranks items for profiles.

    The laws (tests/recommend/laws.py holds every recommender to them): at most k rows a profile, ranks from 1,
    scores never rising, no item twice, candidates respected, a batch gives what singles give, an unknown user
    gives no rows, the same question gives the same answer.
    """

    name: str

    def recommend(self, profiles: Sequence[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        """Rows of RECOMMENDATION_COLUMNS; `profile` is the position in `profiles`, `reason` a plain sentence."""
        ...

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        """Rows of SIMILAR_COLUMNS: the items nearest to each of `item_ids`."""
        ...
