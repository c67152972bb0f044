"""What the data say of items or users beside who likes what: words, numbers and vectors, aligned with their ids."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphrec.graph import Graph
from graphrec.privacy.policy import Policy, read_policy
from graphrec.snapshot.columns import Ids

A_BATCH = 5_000
COUNTED = "feature_"
"""What begins so was counted from interactions, and is no fact of an item or a user."""

KEYS = {"items": "item_id", "users": "user_id"}
"""The ids of those of whom something is said."""

QUERIES = {"items": "items/properties", "users": "users/said"}
"""What tells it; nothing of users who have opted out."""


@dataclass(frozen=True, eq=False)
class Facts:
    """By property: `words`, texts an id; `numbers`, NaN where missing; `vectors`, rows of zeros where missing."""

    words: Mapping[str, list[tuple[str, ...]]] = field(default_factory=dict)
    numbers: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    vectors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    @classmethod
    def of_table(cls, ids: Ids, table: pa.Table, of: str = "items", policy: Policy | None = None) -> Self:
        """From a table with a column of ids and one a property, of those that a policy lets be used."""
        key = KEYS[of]
        names = [name for name in table.column_names if name != key and (not policy or policy.may_use(of, name))]
        columns = [table[name].to_pylist() for name in names]
        rows = zip(table[key].to_pylist(), *columns, strict=True)
        return cls.of_rows(ids, ((row[0], dict(zip(names, row[1:], strict=True))) for row in rows))

    @classmethod
    def of_graph(cls, graph: Graph, ids: Ids, of: str = "items") -> Self:
        """The properties of the items or users of a graph that its home's policy lets be used."""
        return cls.of_rows(ids, properties_of(graph, ids, of))

    @classmethod
    def of_rows(cls, ids: Ids, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Self:
        """From the properties of each id; those that aren't among the ids are passed over."""
        places = {one: n for n, one in enumerate(ids)}
        values: dict[str, dict[int, Any]] = {}
        for one, properties in rows:
            for name, value in properties.items():
                if value is not None and one in places and not name.startswith(COUNTED):
                    values.setdefault(name, {})[places[one]] = value
        words, numbers, vectors = {}, {}, {}
        for name, found in sorted(values.items()):
            kind = _kind(found)
            if kind is str:
                words[name] = [_texts(found.get(n)) for n in range(len(ids))]
            elif kind is list:
                vectors[name] = _stacked(found, len(ids))
            elif kind is float:
                numbers[name] = np.array([float(found.get(n, np.nan)) for n in range(len(ids))])
        return cls(words, numbers, vectors)

    def digest(self) -> str:
        """The same for the same facts."""
        hashed = hashlib.blake2b(digest_size=16)
        for name, texts in self.words.items():
            hashed.update(repr((name, texts)).encode())
        arrays: dict[str, NDArray[Any]] = {**self.numbers, **self.vectors}
        for name, array in arrays.items():
            hashed.update(name.encode() + array.tobytes())
        return hashed.hexdigest()


def properties_of(graph: Graph, ids: Ids, of: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """What a graph says of each of some items or users (`of`), as far as its home's policy lets it be used."""
    may_use: Callable[[str, str], bool] = read_policy(graph.home).may_use
    for start in range(0, len(ids), A_BATCH):
        batch = {f"{KEYS[of]}s": ids[start : start + A_BATCH].tolist()}
        for row in graph.read(QUERIES[of], **batch):
            yield row[KEYS[of]], {name: value for name, value in row["properties"] if may_use(of, name)}


def _kind(found: Mapping[int, Any]) -> type | None:
    """What most values of a property are: texts, lists of numbers, or numbers."""
    kinds = Counter(_kind_of(value) for value in found.values())
    return kinds.most_common(1)[0][0]


def _kind_of(value: Any) -> type | None:
    if isinstance(value, str):
        return str
    if isinstance(value, int | float):
        return float
    if isinstance(value, list | tuple) and value:
        return str if isinstance(value[0], str) else list if isinstance(value[0], int | float) else None
    return None


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list | tuple) else ()


def _stacked(found: Mapping[int, Any], n: int) -> NDArray[np.float32]:
    """Vectors of the length that most have; others, and those that aren't finite, are left out."""
    lists = {n: value for n, value in found.items() if _kind_of(value) is list}
    width = Counter(len(value) for value in lists.values()).most_common(1)[0][0]
    stacked = np.zeros((n, width), dtype=np.float32)
    for place, value in lists.items():
        if len(value) == width and np.isfinite(value).all():
            stacked[place] = value
    return stacked
