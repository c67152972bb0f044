"""What is known of items beside who likes them: titles, tags, properties, popularity. Positions are those of `Ids`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.errors import UnknownIdError
from graphrec.graph import Graph

ITEMS_A_PAGE = 5_000
HEAD = 0.8
"""The share of all likes that the popular items have together."""

Bools = NDArray[np.bool_]


@dataclass(eq=False)
class Ids:
    """Outside ids and their positions; new ones go to the end, so that a position never changes."""

    names: list[str] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)

    def add(self, name: str) -> int:
        """The position of an id, a new one where it isn't there yet."""
        place = self.places.get(name)
        if place is None:
            place = len(self.names)
            self.names.append(name)  # first: who reads the place finds the name
            self.places[name] = place
        return place

    def add_all(self, names: Iterable[str]) -> NDArray[np.int64]:
        """The positions of ids."""
        return np.array([self.add(name) for name in names], dtype=np.int64)

    def find(self, names: Iterable[str], word: str) -> list[int]:
        """The positions of ids that must be there. UnknownIdError names the first that isn't."""
        found = []
        for name in names:
            if name not in self.places:
                raise UnknownIdError(f"no {word} '{name[:80]}' is known; check the id, or load it first")
            found.append(self.places[name])
        return found

    def __len__(self) -> int:
        return len(self.names)


@dataclass(eq=False)
class Catalogue:
    """Titles by position (None where there is none), tags as items × `tag_names`, and properties as columns.

    A number's column is float64 with NaN where an item lacks it, a text's an object array with None. `n_likers` counts
    people. Arrays end where the catalogue was read: items that came later have no tags and no properties yet.
    """

    ids: Ids
    titles: list[str | None]
    tags: sparse.csr_array
    tag_names: tuple[str, ...]
    numbers: Mapping[str, NDArray[np.float64]]
    texts: Mapping[str, NDArray[np.object_]]
    n_likers: NDArray[np.int64]

    def __post_init__(self) -> None:
        self.by_popularity = np.lexsort((np.arange(len(self.n_likers)), -self.n_likers)).astype(np.int32)
        self._tag_places = {name: n for n, name in enumerate(self.tag_names)}
        self._columns = self.tags.tocsc()
        reached = np.cumsum(self.n_likers[self.by_popularity])
        self._rare = np.ones(len(reached), dtype=bool)
        self._rare[self.by_popularity[: 1 + int(np.searchsorted(reached, HEAD * self.n_likers.sum()))]] = False

    @property
    def n_items(self) -> int:
        """How many items there are, those among them that came after the catalogue was read."""
        return len(self.ids)

    def title(self, item: int) -> str:
        """The title, or the id in quotes."""
        return (self.titles[item] if item < len(self.titles) else None) or f"'{self.ids.names[item]}'"

    def tags_of(self, item: int) -> list[str]:
        """The tags of an item, the heaviest first."""
        if item >= self.tags.shape[0]:
            return []
        begin, end = self.tags.indptr[item : item + 2]
        order = np.lexsort((self.tags.indices[begin:end], -self.tags.data[begin:end]))
        return [self.tag_names[tag] for tag in self.tags.indices[begin:end][order]]

    def tag_rows(self, items: NDArray[np.int64]) -> NDArray[np.float64]:
        """Weights of the tags of some items: items × tags, dense; 0 for those that came later."""
        found = np.zeros((len(items), len(self.tag_names)))
        known = items < self.tags.shape[0]
        found[known] = self.tags[items[known]].toarray()
        return found

    def is_rare(self, items: NDArray[np.int64]) -> Bools:
        """Which items lie in the long tail: beyond those most liked that together have HEAD of all likes."""
        known = items < len(self.n_likers)
        found = np.ones(len(items), dtype=bool)
        found[known] = self._rare[items[known]]
        return found

    def liking(self, item: int) -> int:
        """How many people like an item."""
        return int(self.n_likers[item]) if item < len(self.n_likers) else 0

    def has_tag(self, name: str) -> Bools:
        """Which items have a tag. UnknownIdError for a tag that no item has."""
        if name not in self._tag_places:
            some = ", ".join(f"'{tag}'" for tag in self.tag_names[:5]) or "none at all"
            raise UnknownIdError(f"no tag '{name[:80]}'; there are {some}{' …' if len(self.tag_names) > 5 else ''}")
        found = np.zeros(self.n_items, dtype=bool)
        tag = self._tag_places[name]
        found[self._columns.indices[self._columns.indptr[tag] : self._columns.indptr[tag + 1]]] = True
        return found


def read_catalogue(graph: Graph, ids: Ids, liked: sparse.csr_array, tags: tuple[Sequence[str], Any]) -> Catalogue:
    """The catalogue of the items of `ids`. `tags`: the names, and items × names in the order of `ids`."""
    titles: list[str | None] = [None] * len(ids)
    rows: list[tuple[int, Mapping[str, Any]]] = []
    for start in range(0, len(ids), ITEMS_A_PAGE):
        for row in graph.read("items/properties", item_ids=ids.names[start : start + ITEMS_A_PAGE]):
            place, properties = ids.places[row["item_id"]], dict(row["properties"])
            titles[place] = properties.pop("title", None)
            rows.append((place, properties))
    numbers, texts = _columns(rows, len(ids))
    n_likers = np.bincount(liked.indices, minlength=len(ids)).astype(np.int64)
    return Catalogue(ids, titles, sparse.csr_array(tags[1]), tuple(tags[0]), numbers, texts, n_likers)


def _columns(
    rows: Sequence[tuple[int, Mapping[str, Any]]], n: int
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.object_]]]:
    numbers: dict[str, NDArray[np.float64]] = {}
    texts: dict[str, NDArray[np.object_]] = {}
    for place, properties in rows:
        for name, value in properties.items():
            if isinstance(value, int | float):
                numbers.setdefault(name, np.full(n, np.nan))[place] = value
            elif isinstance(value, str):
                texts.setdefault(name, np.full(n, None, dtype=object))[place] = value
    return numbers, texts
