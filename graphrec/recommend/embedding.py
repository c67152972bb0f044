"""Recommendation from vectors of users and items, in memory: exact, in blocks, masked before the cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphrec.errors import ModelError
from graphrec.recommend.base import ALL_UNSEEN, Candidates, Profile
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.tables import (
    concat_tables,
    no_recommendations,
    no_similar_items,
    recommendation_table,
    similar_table,
)
from graphrec.recommend.topk import Best, top_k
from graphrec.snapshot import Snapshot
from graphrec.versions.vectors import Embeddings, Ending, described

Vectors = npt.NDArray[np.float32]
Trainer = Callable[[Snapshot], Embeddings]
"""From a snapshot to the vectors of its users and items."""


BLOCK = 512
"""Profiles scored at a time: 512 × 100,000 items in single precision are 0.2 GB."""

RESCORED = 100_000
"""Pairs scored again at a time."""


class EmbeddingRecommender:
    """Ranks items by the dot product of their vector with the profile's.

    A known user has a vector; a visitor's is the weighted mean of the vectors of the items; with both, their sum.
    Similar items are compared by cosine. Vectors of a cosine model are given normalised. A vector of zeros says that
    nothing is known: such a profile gets no rows, and such an item is never recommended.
    """

    def __init__(
        self,
        trainer: Trainer | None = None,
        *,
        name: str = "embedding",
        titles: Mapping[str, str] | None = None,
        with_reasons: bool = True,
    ) -> None:
        """Reasons cost about as much as the ranking; without them all sentences are the same."""
        self.name = name
        self.with_reasons = with_reasons
        self._trainer = trainer
        self._titles = titles
        self._catalogue: Catalogue | None = None
        self.user_vectors: Vectors = np.zeros((0, 0), dtype=np.float32)
        self.item_vectors: Vectors = np.zeros((0, 0), dtype=np.float32)
        self.ending: Ending = ()

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        user_vectors: Vectors,
        item_vectors: Vectors,
        name: str = "embedding",
        ending: Ending = (),
    ) -> Self:
        """A recommender over vectors that are there already, aligned with the catalogue's ids."""
        found = cls(name=name, titles=catalogue.titles)
        found._set(catalogue, user_vectors, item_vectors, ending)
        return found

    def fit(self, snapshot: Snapshot) -> Self:
        """Train vectors for the users and items of the snapshot."""
        if self._trainer is None:
            raise ModelError(f"the recommender {self.name} was made from vectors and has no trainer to fit with")
        found = self._trainer(snapshot)
        self._set(Catalogue.of(snapshot, self._titles), found.user_vectors, found.item_vectors, found.ending)
        return self

    def recommend(self, profiles: Sequence[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        """The items of the largest dot product, each with the liked item that lies nearest to it as the reason."""
        catalogue = self._fitted()
        parts = self.user_vectors, self.item_vectors, self.ending
        found = {n: profile_vector(catalogue, profile, *parts) for n, profile in enumerate(profiles)}
        vectors = {n: vector for n, vector in found.items() if vector.any()}
        tables = []
        for block in _blocks(list(vectors)):
            asked = [profiles[n] for n in block]
            best = self._rank(np.stack([vectors[n] for n in block]), asked, k, candidates)
            reasons = self._reasons(catalogue, asked, best)
            rows = np.array(block)[best.row]
            tables.append(recommendation_table(rows, catalogue.item_ids[best.column], best.score, reasons))
        return concat_tables(tables, no_recommendations())

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        """The items of the largest cosine, without the item itself. Unknown items give no rows."""
        catalogue, unit = self._fitted(), _unit(self.item_vectors)
        known = [(n, i) for n, i in enumerate(catalogue.item_idx(item_ids).tolist()) if i >= 0 and unit[i].any()]
        tables = []
        for block in _blocks(range(len(known))):
            items = np.array([known[n][1] for n in block])
            scores = unit[items] @ unit.T
            scores[np.arange(len(items)), items] = -np.inf
            scores[:, ~unit.any(axis=1)] = -np.inf
            best = _top(scores, unit[items], unit, k)
            asked = np.array([item_ids[known[n][0]] for n in block], dtype=object)[best.row]
            reasons = [f"near to {catalogue.title(items[row])}" for row in best.row]
            tables.append(similar_table(asked, catalogue.item_ids[best.column], best.score, reasons))
        return concat_tables(tables, no_similar_items())

    def save(self, folder: Path) -> None:
        """Write the vectors and the catalogue."""
        self._fitted().save(folder)
        arrays = {"users": self.user_vectors, "items": self.item_vectors, "ending": np.array(self.ending)}
        arrays["name"] = np.array(self.name)
        np.savez(folder / "vectors.npz", allow_pickle=False, **arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        catalogue = Catalogue.load(folder)
        try:
            with np.load(folder / "vectors.npz", allow_pickle=False) as arrays:
                ending = tuple(arrays["ending"].tolist())
                return cls.of(catalogue, arrays["users"], arrays["items"], str(arrays["name"]), ending)
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"expected vectors.npz in {folder}, found none that can be read: {error}") from error

    def _set(self, catalogue: Catalogue, user_vectors: Vectors, item_vectors: Vectors, ending: Ending) -> None:
        wanted = len(catalogue.user_ids), len(catalogue.item_ids)
        found = len(user_vectors), len(item_vectors)
        if wanted != found:
            raise ModelError(
                f"expected vectors of {wanted[0]} users and {wanted[1]} items, found {found[0]}, {found[1]}"
            )
        self._catalogue, self.ending = catalogue, ending
        self.user_vectors = np.ascontiguousarray(user_vectors, dtype=np.float32)
        self.item_vectors = np.ascontiguousarray(item_vectors, dtype=np.float32)

    def _rank(self, vectors: Vectors, profiles: Sequence[Profile], k: int, candidates: Candidates) -> Best:
        scores = vectors @ self.item_vectors.T
        scores[:, ~self.item_vectors.any(axis=1)] = -np.inf
        self._fitted().mask(scores, profiles, candidates)
        return _top(scores, vectors, self.item_vectors, k)

    def _reasons(self, catalogue: Catalogue, profiles: Sequence[Profile], best: Best) -> list[str]:
        if not self.with_reasons:
            return ["near to your taste"] * len(best.row)
        reasons: list[str] = []
        bounds = np.searchsorted(best.row, np.arange(len(profiles) + 1))
        for row, profile in enumerate(profiles):
            columns = best.column[bounds[row] : bounds[row + 1]]
            liked, _ = catalogue.items_of(profile)
            reasons += self._nearest_liked(catalogue, liked, columns)
        return reasons

    def _nearest_liked(
        self, catalogue: Catalogue, liked: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
    ) -> list[str]:
        if not len(liked):
            return ["near to your taste"] * len(columns)
        lengths = np.linalg.norm(self.item_vectors[liked], axis=1) + 1e-12
        closeness = self.item_vectors[columns] @ self.item_vectors[liked].T / lengths
        return [f"near to {catalogue.title(item)}, which you liked" for item in liked[closeness.argmax(axis=1)]]

    def _fitted(self) -> Catalogue:
        if self._catalogue is None:
            raise ModelError(f"the recommender {self.name} has learnt nothing yet; call fit(snapshot) or load(folder)")
        return self._catalogue


def profile_vector(
    catalogue: Catalogue, profile: Profile, user_vectors: Vectors, item_vectors: Vectors, ending: Ending
) -> Vectors:
    """The vector of the profile's user and the weighted mean of its items' added up; zeros where nothing is known."""
    user = catalogue.user_idx(profile.user_id)
    vector = user_vectors[user] if user >= 0 else np.zeros(item_vectors.shape[1], dtype=np.float32)
    own = [(i, w) for i, w in zip(catalogue.item_idx(list(profile.items)), profile.items.values(), strict=True)]
    own = [(i, w) for i, w in own if i >= 0 and w > 0]
    if not own:
        return vector
    weights = np.array([w for _, w in own], dtype=np.float32)
    return np.asarray(vector + described(item_vectors[[i for i, _ in own]], weights, ending))


def _top(scores: Vectors, left: Vectors, right: Vectors, k: int) -> Best:
    """The exact k best: entries within the rounding error of single precision are summed again in double."""
    longest = float(np.linalg.norm(left, axis=1).max(initial=0) * np.linalg.norm(right, axis=1).max(initial=0))
    margin = 2 * left.shape[1] * float(np.finfo(np.float32).eps) * longest

    def rescore(rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        total = np.empty(len(rows))
        for start in range(0, len(rows), RESCORED):
            part = slice(start, start + RESCORED)
            total[part] = (left[rows[part]].astype(np.float64) * right[columns[part]]).sum(axis=1)
        return total

    return top_k(scores, k, margin=margin, rescore=rescore)


def _blocks(positions: Sequence[int]) -> Iterator[list[int]]:
    """The positions in lists of at most BLOCK."""
    for start in range(0, len(positions), BLOCK):
        yield list(positions[start : start + BLOCK])


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
