"""Scores from what somebody likes at this moment, without a list and without training anew.

    score(j) = weight_graph · g(u, j) / rms g(u) + weight_vectors · cos(u, j) / spread + weight_popularity · p(j)

as the query blend/recommend has it: g by the similar items that are stored, rms g over all items. A user's vector is
the trained one, and follows what came since; who has none is described by the items' vectors.
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
NOTHING: Mapping[int, float] = {}


@dataclass(frozen=True, eq=False)
class Found:
    """Items by position, their scores (any order), and what speaks most for each, NO_ITEM for nothing: a liked item; a
    tag where the source goes by tags; the number of people where it goes by whom a user follows."""

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

    def first(self, n: int) -> Found:
        """The first n."""
        return self if len(self.items) <= n else Found(self.items[:n], self.scores[:n], self.because[:n])

    def best_first(self, n: int | None = None) -> Found:
        """By falling scores, of equal ones by position; the first n alone, which sorts little more than those."""
        scores = np.round(self.scores, 10)
        places = np.arange(len(scores))
        if n is not None and n < len(scores):
            places = np.flatnonzero(scores >= np.partition(scores, len(scores) - n)[len(scores) - n])
        return self.of(places[np.lexsort((self.items[places], -scores[places]))][:n])

    def and_then(self, other: Found) -> Found:
        """These, and then others."""
        return Found(
            np.concatenate([self.items, other.items]),
            np.concatenate([self.scores, other.scores]),
            np.concatenate([self.because, other.because]),
        )


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
        nothing = sparse.csr_array(np.zeros((0, 0), dtype=np.float32))
        return cls(nothing, Embeddings(nobody, flat, nobody, flat), {})

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

    def scores(self, user: int, liked: Ints, weights: Floats, new: Mapping[int, float] = NOTHING) -> Found:
        """What g leads to, scored by all parts of the blend. Nothing for whom nothing is known that leads anywhere.

        `new`: those likes that the trained vector doesn't know.
        """
        found = self.graph(liked, weights)
        if not len(found.items):
            return found
        scores = self._weight("graph") * found.scores / self.rms(found)
        vector = self.vector(user, liked, weights, new)
        if vector is not None:
            scores += self.by_vectors(found.items, vector)
        return Found(found.items, scores, found.because)

    def by_vectors(self, items: Ints, vector: NDArray[np.float32]) -> Floats:
        """What the vectors add to the scores of items; 0 for those that have none."""
        vectors = self.embeddings.item_vectors
        found = np.zeros(len(items))
        known = items < len(vectors)
        found[known] = vectors[items[known]] @ vector
        return self._weight("vectors") / self.numbers.get("spread", 1.0) * found

    def rms(self, found: Found) -> float:
        """The root mean square of g over all items."""
        n_items = self.numbers.get("n_items") or max(self.similar.shape[0], 1)
        return float(np.sqrt((found.scores**2).sum() / n_items)) or 1.0

    def vector(
        self, user: int, liked: Ints, weights: Floats, new: Mapping[int, float] = NOTHING
    ) -> NDArray[np.float32] | None:
        """A vector of length 1, None where nothing is known.

        A trained one stands for the likes that it was trained on; each of `new` draws it on by its weight.
        """
        users = self.embeddings.user_vectors
        trained = users[user] if 0 <= user < len(users) and users[user].any() else None
        if trained is None:
            return self._described(liked, weights)
        told = self._described(np.fromiter(new, np.int64), np.fromiter(new.values(), np.float64)) if new else None
        if told is None:
            return np.asarray(trained)
        share = sum(new.values()) / max(float(weights.sum()), 1e-9)
        return _unit((1 - min(share, 1.0)) * trained + min(share, 1.0) * told)

    def _described(self, liked: Ints, weights: Floats) -> NDArray[np.float32] | None:
        items = self.embeddings.item_vectors
        known = liked < len(items)
        if not known.any():
            return None
        return _unit(described(items[liked[known]], weights[known].astype(np.float32), self.embeddings.ending))

    def raised(self, listed: Found, new: Found, rms: float) -> Found:
        """A list with what new likes add to it by similar items: those not on it begin at its last score."""
        parts = self._weight("graph") * new.scores / rms
        order = np.argsort(listed.items)
        place = order[np.minimum(np.searchsorted(listed.items, new.items, sorter=order), len(order) - 1)]
        on = listed.items[place] == new.items
        scores, because = listed.scores.copy(), listed.because.copy()
        scores[place[on]] += parts[on]
        because[place[on]] = np.where(because[place[on]] == NO_ITEM, new.because[on], because[place[on]])
        beyond = Found(new.items[~on], listed.scores.min() + parts[~on], new.because[~on])
        return Found(listed.items, scores, because).and_then(beyond)

    def drawn_on(self, found: Found, user: int, likes: tuple[Ints, Floats], new: Mapping[int, float]) -> Found:
        """The same items, their scores moved as far as new likes move the user's vector."""
        before, now = self.vector(user, *likes), self.vector(user, *likes, new)
        if before is None or now is None:
            return found
        return Found(found.items, found.scores + self.by_vectors(found.items, now - before), found.because)

    def _weight(self, name: str) -> float:
        return float(self.numbers.get(f"weight_{name}", 0.0))


def _unit(vector: NDArray[np.floating]) -> NDArray[np.float32] | None:
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length, dtype=np.float32) if length else None
