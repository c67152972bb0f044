"""Recommendation by a model in memory, in blocks of profiles: the one loop that ranks, and the one that finds alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from graphrec.errors import ModelError
from graphrec.models.base import Block, Model, Progress
from graphrec.models.filters.item_filter import BLOCK
from graphrec.recommend.base import ALL_UNSEEN, Candidates, Profile
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.tables import (
    concat_tables,
    no_recommendations,
    no_similar_items,
    recommendation_table,
    similar_table,
)
from graphrec.recommend.topk import Best
from graphrec.snapshot import Snapshot

Ints = npt.NDArray[np.int64]


class BlockRecommender(ABC):
    """Ranks items for profiles by what they like; who likes nothing gets no rows.

    A subclass says what stands best for a block (`_rank`) and nearest to items (`_nearest`), both cut at k after what
    may not come is masked, and why (`_because`).
    """

    _model: Any

    def __init__(
        self,
        model: Model,
        *,
        titles: Mapping[str, str] | None = None,
        progress: Progress | None = None,
        with_reasons: bool = True,
    ) -> None:
        """Reasons cost about as much as the ranking; without them all sentences are the same."""
        self.name = model.name
        self.with_reasons = with_reasons
        self._model = model
        self._titles = titles
        self._progress = progress
        self._catalogue: Catalogue | None = None

    def fit(self, snapshot: Snapshot) -> Self:
        """Fit the model."""
        self._model.fit(snapshot, self._progress)
        self._catalogue = Catalogue.of(snapshot, self._titles)
        return self

    def recommend(self, profiles: Sequence[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        """The items that stand best for each profile, with reasons."""
        catalogue = self._fitted()
        items = {n: catalogue.items_of(profile) for n, profile in enumerate(profiles)}
        tables = []
        for some in _blocks([n for n, (liked, _) in items.items() if len(liked)]):
            asked = [profiles[n] for n in some]
            block = self._block(asked, rows_of([items[n] for n in some], len(catalogue.item_ids)))
            best = self._rank(block, asked, k, candidates)
            reasons = self._because(block, best) if self.with_reasons else ["because of what you liked"] * len(best.row)
            ids = catalogue.item_ids[best.column]
            tables.append(recommendation_table(np.array(some)[best.row], ids, best.score, reasons))
        return concat_tables(tables, no_recommendations())

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        """The items nearest to each. Unknown items, and those of which the model knows nothing, give no rows."""
        catalogue = self._fitted()
        places = dict.fromkeys(place for place in catalogue.item_idx(item_ids).tolist() if place >= 0)
        tables = []
        for some in _blocks(list(places)):
            items = np.array(some, dtype=np.int64)
            best = self._nearest(items, k)
            asked = items[best.row]
            reasons = [f"it goes well with {catalogue.title(item)}" for item in asked]
            tables.append(
                similar_table(catalogue.item_ids[asked], catalogue.item_ids[best.column], best.score, reasons)
            )
        return concat_tables(tables, no_similar_items())

    def save(self, folder: Path) -> None:
        """Write the model and the catalogue."""
        self._fitted().save(folder)
        self._model.save(folder)

    def _block(self, profiles: Sequence[Profile], rows: sparse.csr_array) -> Block:
        """The profiles as a model takes them: by their rows alone."""
        return Block(rows, np.full(len(profiles), -1, dtype=np.int64), ())

    @abstractmethod
    def _rank(self, block: Block, profiles: Sequence[Profile], k: int, candidates: Candidates) -> Best:
        """The best of what may come, row by row."""

    @abstractmethod
    def _nearest(self, items: Ints, k: int) -> Best:
        """The best of the others, row by row."""

    @abstractmethod
    def _because(self, block: Block, best: Best) -> list[str]:
        """A plain sentence for each."""

    def _fitted(self) -> Catalogue:
        if self._catalogue is None:
            raise ModelError(f"the recommender {self.name} has learnt nothing yet; call fit(snapshot) or load(folder)")
        return self._catalogue


def rows_of(items: Sequence[tuple[Ints, npt.NDArray[np.float64]]], n_items: int) -> sparse.csr_array:
    """A row a profile: positions and weights."""
    indptr = np.concatenate([[0], np.cumsum([len(liked) for liked, _ in items])]).astype(np.int64)
    indices = np.concatenate([np.zeros(0, dtype=np.int64), *(liked for liked, _ in items)])
    data = np.concatenate([np.zeros(0), *(weights for _, weights in items)]).astype(np.float32)
    return sparse.csr_array((data, indices, indptr), shape=(len(items), n_items))


def _blocks(places: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(places), BLOCK):
        yield places[start : start + BLOCK]
