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
    no_similar_items,
    recommendation_table,
    similar_table,
)
from graphrec.recommend.topk import Best, joined, top_k
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
        vectors = profile_vectors(catalogue, profiles, self.user_vectors, self.item_vectors, self.ending)
        known = np.flatnonzero(vectors.any(axis=1))
        room = np.empty((min(BLOCK, len(known)), len(self.item_vectors)), dtype=np.float32)
        parts: list[Best] = []
        reasons: list[str] = []
        for block in _blocks(known):
            asked = [profiles[n] for n in block.tolist()]
            best = self._rank(room[: len(block)], vectors[block], asked, k, candidates)
            reasons += self._reasons(catalogue, asked, best)
            parts.append(Best(block[best.row], best.column, best.score))
        best = joined(parts)
        return recommendation_table(best.row, catalogue.item_ids[best.column], best.score, reasons)

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        """The items of the largest cosine, without the item itself. Unknown items give no rows."""
        catalogue, unit = self._fitted(), _unit(self.item_vectors)
        known = [(n, i) for n, i in enumerate(catalogue.item_idx(item_ids).tolist()) if i >= 0 and unit[i].any()]
        tables = []
        for block in _blocks(np.arange(len(known))):
            items = np.array([known[n][1] for n in block])
            scores = unit[items] @ unit.T
            scores[np.arange(len(items)), items] = -np.inf
            scores[:, self._unknown] = -np.inf
            best = _top(scores, unit[items], unit, k, longest=1.0)
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
        self._unknown = np.flatnonzero(~self.item_vectors.any(axis=1))
        self._longest = float(np.linalg.norm(self.item_vectors, axis=1).max(initial=0))

    def _rank(
        self, scores: Vectors, vectors: Vectors, profiles: Sequence[Profile], k: int, candidates: Candidates
    ) -> Best:
        """`scores`: room for profiles × items."""
        np.matmul(vectors, self.item_vectors.T, out=scores)
        scores[:, self._unknown] = -np.inf
        self._fitted().mask(scores, profiles, candidates)
        return _top(scores, vectors, self.item_vectors, k, self._longest)

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


def profile_vectors(
    catalogue: Catalogue, profiles: Sequence[Profile], user_vectors: Vectors, item_vectors: Vectors, ending: Ending
) -> Vectors:
    """A row a profile: its user's vector and the weighted mean of its items' added up; zeros where nothing is known."""
    users = np.array([catalogue.user_idx(profile.user_id) for profile in profiles], dtype=np.int64)
    found = np.zeros((len(profiles), item_vectors.shape[1]), dtype=np.float32)
    found[users >= 0] = user_vectors[users[users >= 0]]
    for row, profile in enumerate(profiles):
        own = zip(catalogue.item_idx(list(profile.items)).tolist(), profile.items.values(), strict=True)
        liked = [(item, weight) for item, weight in own if item >= 0 and weight > 0] if profile.items else []
        if liked:
            weights = np.array([weight for _, weight in liked], dtype=np.float32)
            found[row] += described(item_vectors[[item for item, _ in liked]], weights, ending)
    return found


def _top(scores: Vectors, left: Vectors, right: Vectors, k: int, longest: float) -> Best:
    """The exact k best: entries within the rounding error of single precision are summed again in double.

    `longest`: the length of the longest vector on the right.
    """
    most = float(np.linalg.norm(left, axis=1).max(initial=0)) * longest
    margin = 2 * left.shape[1] * float(np.finfo(np.float32).eps) * most

    def rescore(rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        total = np.empty(len(rows))
        for start in range(0, len(rows), RESCORED):
            part = slice(start, start + RESCORED)
            total[part] = (left[rows[part]].astype(np.float64) * right[columns[part]]).sum(axis=1)
        return total

    return top_k(scores, k, margin=margin, rescore=rescore)


def _blocks(positions: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    """The positions, at most BLOCK at a time."""
    for start in range(0, len(positions), BLOCK):
        yield positions[start : start + BLOCK]


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
