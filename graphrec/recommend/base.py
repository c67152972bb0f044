"""The interface that every recommender has, and the tables it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from graphrec.snapshot import Snapshot

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
    gives no rows, the same question gives the same answer. A profile that is empty (a visitor of whom nothing is
    known) gets rows only from those that need nothing, such as popular items.
    """

    name: str

    def recommend(self, profiles: Sequence[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        """Rows of RECOMMENDATION_COLUMNS; `profile` is the position in `profiles`, `reason` a plain sentence."""
        ...

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        """Rows of SIMILAR_COLUMNS: the items nearest to each of `item_ids`."""
        ...


@runtime_checkable
class FittedRecommender(Recommender, Protocol):
    """A recommender that learns from a snapshot and then answers from memory."""

    def fit(self, snapshot: Snapshot) -> Self:
        """Learn anew, forgetting what was learnt before; gives itself back."""
        ...

    def save(self, folder: Path) -> None:
        """Write what was learnt as `.npz` and JSON."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote, answering as before. ModelError for a missing or broken folder."""
        ...


@runtime_checkable
class RatingPredictor(Protocol):
    """Anything that tells what users would rate items with."""

    def predict(self, user_ids: Sequence[str], item_ids: Sequence[str]) -> npt.NDArray[np.float64]:
        """A rating for each pair, aligned, on the scale of the data; never NaN, whoever and whatever is asked for."""
        ...
