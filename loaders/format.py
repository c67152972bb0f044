"""A recognised format: which files are read, in which columns, and which tables their rows become."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loaders.reading import Reader
from loaders.sources import Source
from loaders.values import Field

Tables = Mapping[str, pa.Table]
Count = Callable[[int], None]


@dataclass(frozen=True)
class Step:
    """One file: how it is read, the columns taken from it, and the tables that its rows become."""

    source: Source
    reader: Callable[[Source, Count | None], Reader]
    fields: tuple[Field, ...]
    tables: Callable[[pa.Table], Tables]


@dataclass(frozen=True)
class Format:
    """A format found in an input. `closing` gives the tables that only the whole input can tell."""

    name: str
    steps: tuple[Step, ...]
    closing: Callable[[], Tables] = dict


Match = Callable[[Sequence[Source]], Format | None]
"""Looks at the files of one folder and gives the format if it is theirs."""


def named(sources: Iterable[Source], *bases: str) -> Source | None:
    """The first of the sources with one of these names."""
    found = [source for source in sources if source.base in bases]
    return min(found, key=lambda source: bases.index(source.base), default=None)


def events(kind: str, table: str = "interactions") -> Callable[[pa.Table], Tables]:
    """Rows as events of one kind, unless they bring their own."""
    return lambda rows: {table: rows if "kind" in rows.column_names else with_kind(rows, kind)}


def with_kind(rows: pa.Table, kind: str) -> pa.Table:
    """The rows with a column that says one kind throughout."""
    indices = np.zeros(rows.num_rows, dtype=np.int32)
    column = pa.DictionaryArray.from_arrays(indices, pa.array([kind]))
    rest = rows.drop_columns(["kind"]) if "kind" in rows.column_names else rows
    return rest.append_column("kind", column)


def split_tags(rows: pa.Table, column: str, separator: str, nothing: str = "") -> pa.Table:
    """A row an item and tag, from a column that holds several tags each; `nothing` stands for none."""
    lists = pc.split_pattern(rows[column].combine_chunks(), separator)
    lists = lists.chunk(0) if isinstance(lists, pa.ChunkedArray) else lists
    tags = pc.utf8_trim_whitespace(pc.list_flatten(lists))
    items = pc.take(rows["item_id"], pc.list_parent_indices(lists))
    keep = pc.and_(pc.not_equal(tags, ""), pc.not_equal(tags, nothing))
    return pa.table({"item_id": items, "tag": tags}).filter(keep)


def property_name(column: str) -> str:
    """A column's name as the name of a property: `releaseYear` and `Release Year` give `release_year`."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", column.partition(":")[0])
    name = re.sub(r"\W+", "_", words).strip("_").lower()
    return name if name and not name[0].isdigit() else f"p_{name}"


def with_year(rows: pa.Table) -> pa.Table:
    """The rows with the year that ends their titles, as in `Toy Story (1995)`."""
    years = pc.struct_field(pc.extract_regex(rows["title"], r"\((?P<year>\d{4})\)\s*$"), "year")
    return rows.append_column("year", years.cast(pa.int64()))
