"""Recommendation by a graph filter, in memory: exact, in blocks, masked before the cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from graphrec.errors import ModelError
from graphrec.models.base import Model, Progress
from graphrec.models.filters.item_filter import BLOCK, ItemFilter
from graphrec.models.filters.model import load_filter
from graphrec.recommend.base import ALL_UNSEEN, Candidates, Profile
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.tables import (
    concat_tables,
    no_recommendations,
    no_similar_items,
    recommendation_table,
    similar_table,
)
from graphrec.recommend.topk import Best, order, top_k
from graphrec.snapshot import Snapshot


class HasFilter(Model, Protocol):
    """A model that is, or holds, a filter over the items of the snapshot that it was fitted to."""

    @property
    def found(self) -> ItemFilter:
        """The filter."""
        ...


class FilterRecommender:
    """Ranks items by a filter of the profile's own items: users who came after the fit are scored as any other."""

    def __init__(
        self,
        model: HasFilter,
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

    @classmethod
    def over(cls, model: HasFilter, catalogue: Catalogue) -> Self:
        """A recommender by a filter that is fitted already, over the items of the catalogue."""
        found = cls(model, titles=catalogue.titles)
        found._catalogue = catalogue
        return found

    def fit(self, snapshot: Snapshot) -> Self:
        """Solve the filter's closed form."""
        self._model.fit(snapshot, self._progress)
        self._catalogue = Catalogue.of(snapshot, self._titles)
        return self

    def recommend(self, profiles: Sequence[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        """The items of the largest score, each with the liked item that adds most to it as the reason."""
        catalogue = self._fitted()
        items = {n: catalogue.items_of(profile) for n, profile in enumerate(profiles)}
        known = [n for n, (liked, _) in items.items() if len(liked)]
        tables = []
        for start in range(0, len(known), BLOCK):
            block = known[start : start + BLOCK]
            rows = rows_of([items[n] for n in block], len(catalogue.item_ids))
            best = self._rank(rows, [profiles[n] for n in block], k, candidates)
            reasons = self._reasons(catalogue, rows, best)
            found = np.array(block)[best.row]
            tables.append(recommendation_table(found, catalogue.item_ids[best.column], best.score, reasons))
        return concat_tables(tables, no_recommendations())

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        """The items of the largest score for somebody who likes one item alone. Unknown items give no rows."""
        catalogue = self._fitted()
        known = [(item_id, i) for item_id, i in zip(item_ids, catalogue.item_idx(item_ids).tolist(), strict=True)]
        known = [(item_id, i) for item_id, i in dict(known).items() if i >= 0]
        tables = []
        for start in range(0, len(known), BLOCK):
            block = known[start : start + BLOCK]
            lone = [(np.array([i]), np.ones(1)) for _, i in block]
            asked = [Profile(items={item_id: 1.0}) for item_id, _ in block]
            best = self._rank(rows_of(lone, len(catalogue.item_ids)), asked, k, ALL_UNSEEN)
            reasons = [f"it goes well with {catalogue.title(block[row][1])}" for row in best.row]
            ids = np.array([item_id for item_id, _ in block], dtype=object)[best.row]
            tables.append(similar_table(ids, catalogue.item_ids[best.column], best.score, reasons))
        return concat_tables(tables, no_similar_items())

    def save(self, folder: Path) -> None:
        """Write the filter and the catalogue."""
        self._fitted().save(folder)
        self._model.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        catalogue = Catalogue.load(folder)
        return cls.over(load_filter(folder), catalogue)

    def _rank(self, rows: sparse.csr_array, profiles: Sequence[Profile], k: int, candidates: Candidates) -> Best:
        """By the neighbours alone where that is all there is, without a dense block."""
        found, catalogue = self._model.found, self._fitted()
        if found.is_sparse:
            hidden = [] if candidates.seen else [catalogue.seen_by(profile) for profile in profiles]
            best = found.best_neighbours(rows, k, catalogue.allows(candidates), _pattern(hidden, rows.shape))
            row = np.repeat(np.arange(len(profiles)), np.diff(best.indptr))
            return order(row, best.indices.astype(np.int64), best.data, k)
        scores = found.scores(rows)
        scores[scores == 0] = -np.inf  # nothing leads from the row to the item
        catalogue.mask(scores, profiles, candidates)
        return top_k(scores, k)

    def _reasons(self, catalogue: Catalogue, rows: sparse.csr_array, best: Best) -> list[str]:
        """“because you liked Alien (1979)”: the item of the row that adds most."""
        if not self.with_reasons:
            return ["because of what you liked"] * len(best.row)
        bounds = np.searchsorted(best.row, np.arange(rows.shape[0] + 1))
        reasons: list[str] = []
        for row in range(rows.shape[0]):
            columns = best.column[bounds[row] : bounds[row + 1]]
            liked = rows.indices[rows.indptr[row] : rows.indptr[row + 1]]
            weights = rows.data[rows.indptr[row] : rows.indptr[row + 1]]
            added = self._model.found.parts(liked, columns) * weights[:, None]
            reasons += [f"because you liked {catalogue.title(item)}" for item in liked[added.argmax(axis=0)]]
        return reasons

    def _fitted(self) -> Catalogue:
        if self._catalogue is None:
            raise ModelError(f"the recommender {self.name} has learnt nothing yet; call fit(snapshot) or load(folder)")
        return self._catalogue


def rows_of(items: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]], n_items: int) -> sparse.csr_array:
    """A row a profile: positions and weights."""
    indptr = np.concatenate([[0], np.cumsum([len(liked) for liked, _ in items])]).astype(np.int64)
    indices = np.concatenate([np.zeros(0, dtype=np.int64), *(liked for liked, _ in items)])
    data = np.concatenate([np.zeros(0), *(weights for _, weights in items)]).astype(np.float32)
    return sparse.csr_array((data, indices, indptr), shape=(len(items), n_items))


def _pattern(columns: Sequence[npt.NDArray[np.int64]], shape: tuple[int, int]) -> sparse.csr_array:
    """The columns of the first rows as ones; the other rows are empty."""
    indptr = np.zeros(shape[0] + 1, dtype=np.int64)
    indptr[1 : len(columns) + 1] = np.cumsum([len(found) for found in columns])
    indptr[len(columns) + 1 :] = indptr[len(columns)]
    indices = np.concatenate([np.zeros(0, dtype=np.int64), *columns])
    return sparse.csr_array((np.ones(len(indices), dtype=bool), indices, indptr), shape=shape)
