"""Amazon reviews: CSV with ratings only (with and without a header), JSON lines of 2014, 2018 and 2023, metadata."""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Sequence

import pyarrow as pa

from loaders.delimited import Delimited, Dialect
from loaders.format import Count, Format, Step, Tables, events
from loaders.json_lines import JsonLines, json_keys
from loaders.reading import Reader
from loaders.sources import Source
from loaders.values import ID, NUMBER, TEXT, TIME, Field

_ASIN = re.compile(r"B[0-9A-Z]{9}|\d{9}[\dX]")
_REVIEWER = re.compile(r"A[0-9A-Z]{9,20}")
_TAIL = re.compile(r"[1-5](\.0)?,\d{9,13}")
_FIELDS_2018 = (
    Field("reviewerID", "user_id", ID),
    Field("asin", "item_id", ID),
    Field("overall", "rating", NUMBER),
    Field("unixReviewTime", "at", TIME),
)
_FIELDS_2023 = (
    Field("user_id", "user_id", ID),
    Field("parent_asin", "item_id", ID),
    Field("rating", "rating", NUMBER),
    Field("timestamp", "at", TIME),
)


def match(sources: Sequence[Source]) -> Format | None:
    """The format if reviews of one of its notations are among the files."""
    reviews = [step for source in sources if (step := _reviews(source))]
    if not any("interactions" in step.tables(_NO_ROWS) for step in reviews):
        return None
    metadata = [step for source in sources if (step := _metadata(source))]
    return Format("Amazon reviews", (*reviews, *metadata))


_NO_ROWS = pa.table({"user_id": pa.array([], pa.string())})


def _reviews(source: Source) -> Step | None:
    """The step that reads a file of reviews; None for other files."""
    to_rows = events("rating", _part(source))
    keys = json_keys(source)
    if {"reviewerID", "asin", "overall"} <= set(keys):
        return Step(source, JsonLines, _FIELDS_2018, to_rows)
    if {"user_id", "parent_asin", "rating"} <= set(keys):
        return Step(source, JsonLines, _FIELDS_2023, to_rows)
    first = next(csv.reader(source.lines[:1]), [])
    if {"user_id", "parent_asin", "rating", "timestamp"} <= set(first):
        return Step(source, functools.partial(_open, Dialect(",")), _FIELDS_2023, to_rows)
    names = _without_header(first)
    return Step(source, functools.partial(_open, Dialect(",", names=names)), _FIELDS_CSV, to_rows) if names else None


_FIELDS_CSV = (
    Field("user_id", "user_id", ID),
    Field("item_id", "item_id", ID),
    Field("rating", "rating", NUMBER),
    Field("timestamp", "at", TIME),
)


def _without_header(first: Sequence[str]) -> tuple[str, ...] | None:
    """The columns of a file without a header, told by its first row: 2014 puts the person first, 2018 the item."""
    if len(first) != 4 or not _TAIL.fullmatch(",".join(first[2:])):
        return None
    if _REVIEWER.fullmatch(first[0]) and _ASIN.fullmatch(first[1]):
        return ("user_id", "item_id", "rating", "timestamp")
    if _ASIN.fullmatch(first[0]) and _REVIEWER.fullmatch(first[1]):
        return ("item_id", "user_id", "rating", "timestamp")
    return None


def _metadata(source: Source) -> Step | None:
    keys = json_keys(source)
    item = "parent_asin" if "parent_asin" in keys else "asin"
    if item not in keys or "title" not in keys or {"reviewerID", "user_id"} & set(keys):
        return None
    names = {"title": "title", "brand": "brand", "store": "brand", "main_category": "category", "main_cat": "category"}
    fields = [Field(item, "item_id", ID)]
    for key, name in names.items():
        if key in keys and name not in [one.name for one in fields]:
            fields.append(Field(key, name, TEXT, False))
    return Step(source, JsonLines, tuple(fields), _items)


def _items(rows: pa.Table) -> Tables:
    if "category" not in rows.column_names:
        return {"items": rows}
    tags = rows.select(["item_id", "category"]).rename_columns(["item_id", "tag"])
    words = tags["tag"].cast(pa.string())
    tags = tags.filter(pa.compute.not_equal(words, "").fill_null(False))
    return {"items": rows, "item_tags": tags}


def _part(source: Source) -> str:
    """The published splits are called `….train.csv`, `….valid.csv` and `….test.csv`."""
    parts = source.base.split(".")
    return next((part for part in ("valid", "test") if part in parts[1:-1]), "interactions")


def _open(dialect: Dialect, source: Source, count: Count | None) -> Reader:
    return Delimited(source, dialect, count)
