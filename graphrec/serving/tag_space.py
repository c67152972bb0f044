"""Items as directions of their tags: near to what somebody likes, or to what somebody said to like.

So an item that nobody likes yet is found by its tags. A tag that few items have says more:

    x(j, t) = w(j, t) · ln(N / n(t))

with w the weight of the tag, n(t) the items that have it and N all of them (TF-IDF: Spärck Jones, 1972), as the query
tags/recommend has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.serving.catalogue import Catalogue
from graphrec.serving.foldin import Floats, Ints
from graphrec.serving.lists import NO_ITEM
from graphrec.serving.preferred import NOTHING


@dataclass(frozen=True, eq=False)
class _Held:
    """Items × tags, where each tag is, how rare it is, and the lengths of items' rows: as they are, and by rarity."""

    tags: sparse.csr_array
    places: Mapping[str, int]
    rarity: Floats
    lengths: tuple[Floats, Floats]


class TagSpace:
    """Reads the catalogue's tags, and works out what it needs of them anew when they are others. A question costs a
    product with all tags, and a dense row for each item that is beyond them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._kept: _Held | None = None

    def alike(self, liked: Ints, weights: Floats, preferred: Mapping[str, float] = NOTHING) -> Floats:
        """The cosine of each item with what is liked, 0 for an item without tags.

        `preferred`: what is thought of tags by name, which says as much as all that is liked does.
        """
        held = self._held()
        return self._cosines(self._taste(liked, weights, preferred), held.rarity, held.lengths[1])

    def fitting(self, stated: Mapping[str, float]) -> Floats:
        """The cosine of each item's tags with weights of tags by name: below 0 where dislikes outweigh."""
        held = self._held()
        return self._cosines(self._vector(stated), np.ones(len(held.rarity)), held.lengths[0])

    def strongest_shared(
        self, liked: Ints, weights: Floats, items: Ints, preferred: Mapping[str, float] = NOTHING
    ) -> Ints:
        """The tag that adds most to the cosine of each of some items, NO_ITEM for none."""
        return _strongest(self._rows(items) * self._held().rarity * self._taste(liked, weights, preferred))

    def strongest_stated(self, stated: Mapping[str, float], items: Ints) -> Ints:
        """The stated tag that weighs most in each of some items, NO_ITEM for none."""
        return _strongest(self._rows(items) * self._vector(stated))

    def _held(self) -> _Held:
        tags, kept = self._catalogue.tags, self._kept
        if kept is None or kept.tags is not tags:
            n_with = np.bincount(tags.indices, minlength=tags.shape[1])
            rarity = np.log(max(self._catalogue.n_items, 1) / np.maximum(n_with, 1))
            squares: sparse.csr_array = tags.power(2)
            lengths = np.sqrt(squares @ np.ones(len(rarity))), np.sqrt(squares @ rarity**2)
            places = {name: place for place, name in enumerate(self._catalogue.tag_names)}
            kept = self._kept = _Held(tags, places, rarity, lengths)
        return kept

    def _rows(self, items: Ints) -> Floats:
        return self._catalogue.tag_rows(items)[:, : len(self._held().rarity)]

    def _vector(self, stated: Mapping[str, float]) -> Floats:
        """Weights by name as a row; a tag that no item has is left out."""
        held = self._held()
        found = np.zeros(len(held.rarity))
        for name, weight in stated.items():
            if name in held.places:
                found[held.places[name]] = weight
        return found

    def _taste(self, liked: Ints, weights: Floats, preferred: Mapping[str, float]) -> Floats:
        """The sum of the liked items' directions, and that of the preferred tags where there are any, equally long."""
        found = self._liked(liked, weights)
        if not preferred:
            return found
        told = self._vector(preferred) * self._held().rarity
        return _unit(found) + _unit(told)

    def _liked(self, liked: Ints, weights: Floats) -> Floats:
        rows = self._rows(liked) * self._held().rarity
        lengths = np.linalg.norm(rows, axis=1)
        return np.asarray(np.where(lengths > 0, weights / np.where(lengths > 0, lengths, 1), 0) @ rows)

    def _cosines(self, vector: Floats, rarity: Floats, lengths: Floats) -> Floats:
        """Of all items with a vector, where tags weigh by their rarity."""
        tags = self._held().tags
        beyond = self._rows(np.arange(tags.shape[0], self._catalogue.n_items)) * rarity
        products = np.concatenate([tags @ (rarity * vector), beyond @ vector])
        norms = np.concatenate([lengths, np.linalg.norm(beyond, axis=1)]) * np.linalg.norm(vector)
        return np.asarray(np.divide(products, norms, out=np.zeros(len(products)), where=norms > 0))


def _unit(vector: Floats) -> Floats:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else vector


def _strongest(parts: NDArray[np.float64]) -> Ints:
    if not parts.shape[1]:
        return np.full(len(parts), NO_ITEM)
    best = parts.argmax(axis=1)
    return np.where(parts[np.arange(len(parts)), best] > 0, best, NO_ITEM)
