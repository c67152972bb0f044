"""Popular items, from memory: the baseline that every other recommender must beat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphrec.errors import ModelError
from graphrec.recommend.base import ALL_UNSEEN, Candidates, Profile
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.tables import concat_tables, no_recommendations, no_similar_items, recommendation_table
from graphrec.recommend.topk import top_k
from graphrec.snapshot import Snapshot

BLOCK = 512
"""Profiles scored at a time: 512 × 100,000 items in double precision are 0.4 GB."""


class PopularityRecommender:
    """Ranks items by how many people like them; the same list for everybody, less what they have seen."""

    name = "popular"

    def __init__(self, titles: Mapping[str, str] | None = None) -> None:
        self._titles = titles
        self._catalogue: Catalogue | None = None
        self._n_likers: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def fit(self, snapshot: Snapshot) -> Self:
        """Count the people who like each item."""
        self._catalogue = Catalogue.of(snapshot, self._titles)
        self._n_likers = np.bincount(snapshot.matrix.indices, minlength=snapshot.n_items).astype(np.int64)
        return self

    def recommend(self, profiles: Sequence[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        """The items that most people like; score is their number. Unknown users get none, empty profiles all."""
        catalogue = self._fitted()
        known = [n for n, p in enumerate(profiles) if _is_known(catalogue, p)]
        tables = [self._rank_block(catalogue, profiles, block, k, candidates) for block in blocks(known, BLOCK)]
        return concat_tables(tables, no_recommendations())

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        """No rows: popularity says nothing of which items are alike."""
        return no_similar_items()

    def save(self, folder: Path) -> None:
        """Write the counts and the catalogue."""
        self._fitted().save(folder)
        np.savez_compressed(folder / "popularity.npz", allow_pickle=False, n_likers=self._n_likers)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        catalogue = Catalogue.load(folder)
        found = cls(catalogue.titles)
        found._catalogue = catalogue
        try:
            with np.load(folder / "popularity.npz", allow_pickle=False) as arrays:
                found._n_likers = arrays["n_likers"]
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"expected popularity.npz in {folder}, found none that can be read: {error}") from error
        return found

    def _rank_block(
        self, catalogue: Catalogue, profiles: Sequence[Profile], block: list[int], k: int, candidates: Candidates
    ) -> pd.DataFrame:
        counts = np.where(self._n_likers > 0, self._n_likers, -np.inf)
        scores = np.tile(counts, (len(block), 1))
        catalogue.mask(scores, [profiles[n] for n in block], candidates)
        best = top_k(scores, k)
        reasons = [people_liked(int(count)) for count in best.score]
        return recommendation_table(np.array(block)[best.row], catalogue.item_ids[best.column], best.score, reasons)

    def _fitted(self) -> Catalogue:
        if self._catalogue is None:
            raise ModelError("the popular recommender has learnt nothing yet; call fit(snapshot) or load(folder)")
        return self._catalogue


def people_liked(n_people: int) -> str:
    """A count as a reason."""
    return f"{n_people} {'person' if n_people == 1 else 'people'} liked it"


def blocks(positions: Sequence[int], size: int) -> Iterator[list[int]]:
    """The positions in lists of at most `size`."""
    for start in range(0, len(positions), size):
        yield list(positions[start : start + size])


def _is_known(catalogue: Catalogue, profile: Profile) -> bool:
    return profile.user_id is None or bool(profile.items) or catalogue.user_idx(profile.user_id) >= 0
