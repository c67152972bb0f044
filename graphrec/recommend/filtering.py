"""Recommendation by a graph filter, in memory: exact, and without a dense block where the filter is a graph alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec.models.base import Block, Model
from graphrec.models.filters.item_filter import ItemFilter
from graphrec.models.filters.model import load_filter
from graphrec.recommend.base import ALL_UNSEEN, Candidates, Profile
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.in_blocks import BlockRecommender, rows_of
from graphrec.recommend.topk import Best, order, top_k


class HasFilter(Model, Protocol):
    """A model that is, or holds, a filter over the items of the snapshot that it was fitted to."""

    @property
    def found(self) -> ItemFilter:
        """The filter."""
        ...


class FilterRecommender(BlockRecommender):
    """Ranks items by a filter of the profile's own items: users who came after the fit are scored as any other.

    A reason is the liked item that adds most. Similar items are those of somebody who likes the one item alone.
    """

    _model: HasFilter

    @classmethod
    def over(cls, model: HasFilter, catalogue: Catalogue) -> Self:
        """A recommender by a filter that is fitted already, over the items of the catalogue."""
        found = cls(model, titles=catalogue.titles)
        found._catalogue = catalogue
        return found

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        catalogue = Catalogue.load(folder)
        return cls.over(load_filter(folder), catalogue)

    def _rank(self, block: Block, profiles: Sequence[Profile], k: int, candidates: Candidates) -> Best:
        """By the neighbours alone where that is all there is, without a dense block."""
        found, catalogue, rows = self._model.found, self._fitted(), block.rows
        if found.is_sparse:
            hidden = [] if candidates.seen else [catalogue.seen_by(profile) for profile in profiles]
            best = found.best_neighbours(rows, k, catalogue.allows(candidates), _pattern(hidden, rows.shape))
            row = np.repeat(np.arange(len(profiles)), np.diff(best.indptr))
            return order(row, best.indices.astype(np.int64), best.data, k)
        scores = found.reached(rows)
        catalogue.mask(scores, profiles, candidates)
        return top_k(scores, k)

    def _nearest(self, items: npt.NDArray[np.int64], k: int) -> Best:
        catalogue = self._fitted()
        asked = [Profile(items={catalogue.item_ids[item]: 1.0}) for item in items.tolist()]
        rows = rows_of([(items[[n]], np.ones(1)) for n in range(len(items))], len(catalogue.item_ids))
        return self._rank(self._block(asked, rows), asked, k, ALL_UNSEEN)

    def _because(self, block: Block, best: Best) -> list[str]:
        """“because you liked Alien (1979)”: the item of the row that adds most."""
        catalogue, rows = self._fitted(), block.rows
        bounds = np.searchsorted(best.row, np.arange(rows.shape[0] + 1))
        reasons: list[str] = []
        for row in range(rows.shape[0]):
            columns = best.column[bounds[row] : bounds[row + 1]]
            liked = rows.indices[rows.indptr[row] : rows.indptr[row + 1]]
            weights = rows.data[rows.indptr[row] : rows.indptr[row + 1]]
            added = self._model.found.parts(liked, columns) * weights[:, None]
            reasons += [f"because you liked {catalogue.title(item)}" for item in liked[added.argmax(axis=0)]]
        return reasons


def _pattern(columns: Sequence[npt.NDArray[np.int64]], shape: tuple[int, int]) -> sparse.csr_array:
    """The columns of the first rows as ones; the other rows are empty."""
    indptr = np.zeros(shape[0] + 1, dtype=np.int64)
    indptr[1 : len(columns) + 1] = np.cumsum([len(found) for found in columns])
    indptr[len(columns) + 1 :] = indptr[len(columns)]
    indices = np.concatenate([np.zeros(0, dtype=np.int64), *columns])
    return sparse.csr_array((np.ones(len(indices), dtype=bool), indices, indptr), shape=shape)
