"""What is known of items beside who likes them: titles, tags, properties, popularity. Positions are those of `Ids`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.graph import Graph
from graphrec.privacy.policy import Policy, read_policy
from graphrec.recommend.tail import by_popularity, long_tail
from graphrec.serving.ids import Bools, Ids
from graphrec.serving.properties import Properties
from graphrec.serving.tagged import Tagged
from graphrec.transfer import read_item_properties


@dataclass(frozen=True, eq=False)
class _Order:
    """Items by how many like them, the most first, and which of them lie in the long tail."""

    items: NDArray[np.int32]
    is_rare: Bools


@dataclass(eq=False)
class Catalogue:
    """Titles by position (None where there is none), tags, properties, and how many people like each item.

    Items that came after the catalogue was read are at the end; what is said of them is known from then on. Popularity
    is as it was read, but for people who were removed or have opted out since.
    """

    ids: Ids
    titles: list[str | None]
    tagged: Tagged
    properties: Properties
    n_likers: NDArray[np.int64]
    policy: Policy = field(default_factory=Policy)

    def __post_init__(self) -> None:
        self._order: _Order | None = _order_of(self.n_likers)

    @property
    def n_items(self) -> int:
        """How many positions there are, those of items that came later or were removed among them."""
        return len(self.ids)

    @property
    def tags(self) -> sparse.csr_array:
        """Items × `tag_names` with weights; a little work after a change, so ask `tagged` for single items."""
        return self.tagged.matrix

    @property
    def tag_names(self) -> tuple[str, ...]:
        """The tags in the order of `tags`."""
        return tuple(self.tagged.names)

    @property
    def numbers(self) -> Mapping[str, NDArray[np.float64]]:
        """Properties that are numbers, as columns with NaN where an item lacks it."""
        return self.properties.numbers

    @property
    def texts(self) -> Mapping[str, NDArray[np.object_]]:
        """Properties that are texts, as columns with None where an item lacks it."""
        return self.properties.texts

    @property
    def by_popularity(self) -> NDArray[np.int32]:
        """The items that were there when the catalogue was read, the most liked first."""
        return self._ordered().items

    def title(self, item: int) -> str:
        """The title, or the id in quotes."""
        return (self.titles[item] if item < len(self.titles) else None) or f"'{self.ids.names[item]}'"

    def tags_of(self, item: int) -> list[str]:
        """The tags of an item, the heaviest first."""
        found = self.tagged.of(item)
        return [self.tagged.names[tag] for tag in sorted(found, key=lambda tag: (-found[tag], tag))]

    def tag_rows(self, items: NDArray[np.int64]) -> NDArray[np.float64]:
        """Weights of the tags of some items: items × tags, dense; 0 where there is none."""
        return self.tagged.dense(items)

    def is_rare(self, items: NDArray[np.int64]) -> Bools:
        """Which items lie in the long tail: beyond those most liked that together have four fifths of all likes."""
        known = items < len(self.n_likers)
        found = np.ones(len(items), dtype=bool)
        found[known] = self._ordered().is_rare[items[known]]
        return found

    def liking(self, item: int) -> int:
        """How many people like an item."""
        return int(self.n_likers[item]) if item < len(self.n_likers) else 0

    def has_tag(self, name: str) -> Bools:
        """Which items have a tag. UnknownIdError for a tag that no item ever had."""
        return self.tagged.having(name, self.n_items)

    def put(self, item: int, said: Mapping[str, Any]) -> None:
        """Set what is said of an item: `title`, `properties`, `tags`; what isn't named stays."""
        if "title" in said:
            self.titles.extend([None] * (item + 1 - len(self.titles)))
            self.titles[item] = said["title"]
        self.properties.put(item, usable(self.policy, said.get("properties", {})), self.n_items)
        if "tags" in said:
            self.tagged.put(item, said["tags"])

    def remove(self, item_id: str) -> None:
        """Let an item be gone; one of the same id that comes later is another one."""
        item = self.ids.remove(item_id)
        if item is not None:
            self.properties.clear(item)
            self.tagged.put(item, {})
            if item < len(self.titles):
                self.titles[item] = None

    def forget_likes(self, items: NDArray[np.int64], people: int = -1) -> None:
        """Count one person less for each of some items; or one more."""
        n_likers = self.n_likers.copy()
        n_likers[items] += people
        self.n_likers, self._order = n_likers, None

    def _ordered(self) -> _Order:
        order = self._order
        if order is None:
            order = self._order = _order_of(self.n_likers)
        return order


def usable(policy: Policy, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Properties of an item that may be used: a sensitive one takes part in no filter, rule or reason."""
    return {name: value for name, value in properties.items() if policy.may_use("items", name)}


def _order_of(n_likers: NDArray[np.int64]) -> _Order:
    return _Order(by_popularity(n_likers), long_tail(n_likers))


def read_catalogue(graph: Graph, ids: Ids, liked: sparse.csr_array, tags: tuple[Sequence[str], Any]) -> Catalogue:
    """The catalogue of the items of `ids`. `tags`: the names, and items × names in the order of `ids`."""
    policy = read_policy(graph.home)
    titles: list[str | None] = [None] * len(ids)
    rows: list[tuple[int, Mapping[str, Any]]] = []
    for item_id, properties in read_item_properties(graph):
        place = ids.places.get(item_id)
        if place is not None:
            titles[place] = properties.pop("title", None)
            rows.append((place, usable(policy, properties)))
    n_likers = np.bincount(liked.indices, minlength=len(ids)).astype(np.int64)
    tagged = Tagged(sparse.csr_array(tags[1]), tags[0])
    return Catalogue(ids, titles, tagged, Properties.of(rows, len(ids)), n_likers, policy)
