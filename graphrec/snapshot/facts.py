"""What the data say of items beside who likes them: words, numbers and vectors, aligned with the items' ids."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphrec.graph import Graph
from graphrec.snapshot.columns import Ids

ITEMS_A_BATCH = 5_000
COUNTED = "feature_"
"""What begins so was counted from interactions, and is no fact of an item."""


@dataclass(frozen=True, eq=False)
class Facts:
    """By property: `words`, texts an item; `numbers`, NaN where missing; `vectors`, rows of zeros where missing."""

    words: Mapping[str, list[tuple[str, ...]]] = field(default_factory=dict)
    numbers: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    vectors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    @classmethod
    def of_table(cls, item_ids: Ids, table: pa.Table) -> Self:
        """From a table with a column item_id and one a property."""
        names = [name for name in table.column_names if name != "item_id"]
        columns = [table[name].to_pylist() for name in names]
        rows = zip(table["item_id"].to_pylist(), *columns, strict=True)
        return cls.of_rows(item_ids, ((row[0], dict(zip(names, row[1:], strict=True))) for row in rows))

    @classmethod
    def of_graph(cls, graph: Graph, item_ids: Ids) -> Self:
        """The properties of the items of a graph."""

        def rows() -> Iterable[tuple[str, Mapping[str, Any]]]:
            for start in range(0, len(item_ids), ITEMS_A_BATCH):
                batch = item_ids[start : start + ITEMS_A_BATCH].tolist()
                for row in graph.read("items/properties", item_ids=batch):
                    yield row["item_id"], dict(row["properties"])

        return cls.of_rows(item_ids, rows())

    @classmethod
    def of_rows(cls, item_ids: Ids, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Self:
        """From the properties of each item; ids that aren't among the items are passed over."""
        places = {item_id: n for n, item_id in enumerate(item_ids)}
        values: dict[str, dict[int, Any]] = {}
        for item_id, properties in rows:
            for name, value in properties.items():
                if value is not None and item_id in places and not name.startswith(COUNTED):
                    values.setdefault(name, {})[places[item_id]] = value
        words, numbers, vectors = {}, {}, {}
        for name, found in sorted(values.items()):
            kind = _kind(found)
            if kind is str:
                words[name] = [_texts(found.get(n)) for n in range(len(item_ids))]
            elif kind is list:
                vectors[name] = _stacked(found, len(item_ids))
            elif kind is float:
                numbers[name] = np.array([float(found.get(n, np.nan)) for n in range(len(item_ids))])
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


def _stacked(found: Mapping[int, Any], n_items: int) -> NDArray[np.float32]:
    """Vectors of the length that most have; others, and those that aren't finite, are left out."""
    lists = {n: value for n, value in found.items() if _kind_of(value) is list}
    width = Counter(len(value) for value in lists.values()).most_common(1)[0][0]
    stacked = np.zeros((n_items, width), dtype=np.float32)
    for n, value in lists.items():
        if len(value) == width and np.isfinite(value).all():
            stacked[n] = value
    return stacked
