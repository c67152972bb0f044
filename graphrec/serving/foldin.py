"""Scores from what somebody likes at this moment, without a list and without training anew.

    score(j) = weight_graph · g(u, j) / rms g(u) + weight_vectors · cos(u, j) / spread + weight_popularity · p(j)

as the query blend/recommend has it: g by the similar items that are stored, rms g over all items. A user's vector is
the trained one; who has none is described by the items' vectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.serving.lists import NO_ITEM
from graphrec.versions.vectors import Embeddings, described

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Found:
    """Items by position, their scores (any order), and the liked item that gives most to each, NO_ITEM for none."""

    items: Ints
    scores: Floats
    because: Ints

    @classmethod
    def nothing(cls) -> Found:
        """No item."""
        return cls(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))

    def of(self, kept: NDArray[np.bool_] | Ints) -> Found:
        """Some of them, by mask or by place."""
        return Found(self.items[kept], self.scores[kept], self.because[kept])


@dataclass(frozen=True, eq=False)
class Ways:
    """One entry a liked item and an item similar to it: the place of the liked one, the item, and what it gives."""

    steps: Ints
    items: NDArray[np.int32]
    parts: Floats


def follow(similar: sparse.csr_array, liked: NDArray[np.integer], weights: NDArray[np.floating]) -> Ways:
    """All ways from liked items by the similar ones, those of each liked item together."""
    begins = similar.indptr[liked].astype(np.int64)
    lengths = similar.indptr[liked + 1] - begins
    steps = np.repeat(np.arange(len(liked)), lengths)
    entries = np.arange(len(steps)) + np.repeat(begins - np.cumsum(lengths) + lengths, lengths)
    return Ways(steps, similar.indices[entries], similar.data[entries] * weights[steps])


@dataclass(frozen=True, eq=False)
class Blended:
    """What the graph holds of a version of the blend: similar items, vectors and the numbers that weigh them."""

    similar: sparse.csr_array
    embeddings: Embeddings
    numbers: Mapping[str, float]

    @classmethod
    def none(cls) -> Blended:
        """No version: nothing is similar to anything."""
        nobody = np.zeros(0, dtype=object)
        flat = np.zeros((0, 0), dtype=np.float32)
        return cls(sparse.csr_array(np.zeros((0, 0), dtype=np.float32)), Embeddings(nobody, flat, nobody, flat), {})

    def graph(self, liked: Ints, weights: Floats) -> Found:
        """The items that the liked ones lead to, with g; the liked ones may be among them."""
        known = liked < self.similar.shape[0]
        liked, weights = liked[known], weights[known]
        if len(liked) == 1:  # what a user did a moment ago, most of the time
            return self._from_one(int(liked[0]), float(weights[0]))
        ways = follow(self.similar, liked, weights)
        if not len(ways.items):
            return Found.nothing()
        order = np.lexsort((-ways.parts, ways.items))
        items, parts, because = ways.items[order], ways.parts[order], liked[ways.steps][order]
        first = np.flatnonzero(np.concatenate([[True], items[1:] != items[:-1]]))
        return Found(items[first].astype(np.int64), np.add.reduceat(parts, first), because[first])

    def _from_one(self, item: int, weight: float) -> Found:
        begin, end = self.similar.indptr[item : item + 2]
        items = self.similar.indices[begin:end].astype(np.int64)
        return Found(items, weight * self.similar.data[begin:end].astype(np.float64), np.full(len(items), item))

    def scores(self, user: int, liked: Ints, weights: Floats) -> Found:
        """What g leads to, scored by all parts of the blend. Nothing for whom nothing is known that leads anywhere."""
        found = self.graph(liked, weights)
        if not len(found.items):
            return found
        scores = self._weight("graph") * found.scores / self.rms(found)
        vector = self.vector(user, liked, weights)
        if vector is not None:
            cosines = self.embeddings.item_vectors[found.items] @ vector
            scores += self._weight("vectors") / self.numbers.get("spread", 1.0) * cosines
        return Found(found.items, scores, found.because)

    def rms(self, found: Found) -> float:
        """The root mean square of g over all items."""
        n_items = self.numbers.get("n_items") or max(self.similar.shape[0], 1)
        return float(np.sqrt((found.scores**2).sum() / n_items)) or 1.0

    def vector(self, user: int, liked: Ints, weights: Floats) -> NDArray[np.float32] | None:
        """A vector of length 1, None where nothing is known."""
        users, items = self.embeddings.user_vectors, self.embeddings.item_vectors
        if 0 <= user < len(users) and users[user].any():
            return np.asarray(users[user])
        known = liked[liked < len(items)], weights[liked < len(items)]
        if not len(known[0]):
            return None
        vector = described(items[known[0]], known[1].astype(np.float32), self.embeddings.ending)
        length = float(np.linalg.norm(vector))
        return np.asarray(vector / length, dtype=np.float32) if length else None

    def raised(self, listed: Found, new: Found, rms: float) -> Found:
        """A list with what new likes add to it: items not on it begin at its last score."""
        added = Found(new.items, self._weight("graph") * new.scores / rms, new.because)
        least = float(listed.scores.min(initial=0.0))
        place = {item: n for n, item in enumerate(listed.items.tolist())}
        scores, because = listed.scores.copy(), listed.because.copy()
        beyond = []
        for n, item in enumerate(added.items.tolist()):
            at = place.get(item)
            if at is None:
                beyond.append(n)
            else:
                scores[at] += added.scores[n]
                because[at] = added.because[n] if because[at] == NO_ITEM else because[at]
        return Found(
            np.concatenate([listed.items, added.items[beyond]]),
            np.concatenate([scores, least + added.scores[beyond]]),
            np.concatenate([because, added.because[beyond]]),
        )

    def _weight(self, name: str) -> float:
        return float(self.numbers.get(f"weight_{name}", 0.0))
