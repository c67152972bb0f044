"""HetRec Last.fm: listening counts, tags given to artists, and friendships.

An artist's tags come from the people who gave them: the weight of a tag is how many did.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from loaders.delimited import Delimited, Dialect
from loaders.format import Count, Format, Step, Tables, events, named
from loaders.reading import Reader
from loaders.sources import Source
from loaders.values import COUNT, ID, TEXT, TIME, Field

_TABLE = Dialect("\t", quotes=False, encoding="cp1252")
_HEADER = "userID\tartistID\tweight"


def match(sources: Sequence[Source]) -> Format | None:
    """The format if the counts are among the files."""
    counts = named(sources, "user_artists.dat") or (sources[0] if len(sources) == 1 else None)
    if not counts or not counts.lines or counts.lines[0].strip() != _HEADER:
        return None
    steps = [_step(counts, (*_ids("userID", "artistID"), Field("weight", "count", COUNT)), events("listen"))]
    if artists := named(sources, "artists.dat"):
        steps.append(_step(artists, _ARTIST, lambda rows: {"items": rows}))
    if friends := named(sources, "user_friends.dat"):
        fields = (Field("userID", "user_id", ID), Field("friendID", "followee_id", ID))
        steps.append(_step(friends, fields, lambda rows: {"follows": rows}))
    words, taggings = named(sources, "tags.dat"), _taggings_file(sources)
    if not (words and taggings):
        return Format("HetRec Last.fm", tuple(steps))
    tags = _Tags()
    steps.append(_step(words, (Field("tagID", "tag_id", ID), Field("tagValue", "tag", ID)), tags.learn))
    steps.append(_step(taggings, _tagging_fields(taggings), tags.apply))
    return Format("HetRec Last.fm", tuple(steps), tags.of_items)


_ARTIST = (
    Field("id", "item_id", ID),
    Field("name", "title", TEXT, False),
    Field("url", "url", TEXT, False),
    Field("pictureURL", "picture_url", TEXT, False),
)


class _Tags:
    """The names of tags, and what was tagged with them."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._names: list[str] = []
        self._pairs: list[pa.Table] = []

    def learn(self, rows: pa.Table) -> Tables:
        self._ids += rows["tag_id"].to_pylist()
        self._names += rows["tag"].to_pylist()
        return {}

    def apply(self, rows: pa.Table) -> Tables:
        """Rows with names for the numbers of tags; a tag without a name keeps its number."""
        place = pc.index_in(rows["tag"].cast(pa.string()), pa.array(self._ids, pa.string()))
        names = pc.coalesce(pa.array(self._names, pa.string()).take(place.combine_chunks()), rows["tag"].cast("string"))
        table = rows.drop_columns(["tag"]).append_column("tag", names)
        if "day" in table.column_names:
            table = _dated(table)
        self._pairs.append(table.select(["user_id", "item_id", "tag"]))
        return {"taggings": table}

    def of_items(self) -> Tables:
        """How many people gave each tag to each item."""
        if not self._pairs:
            return {}
        pairs = pa.concat_tables(self._pairs)
        pairs = pa.table({name: pairs[name].cast(pa.string()) for name in pairs.column_names})
        people = pairs.group_by(["item_id", "tag"]).aggregate([("user_id", "count_distinct")])
        weights = people["user_id_count_distinct"].cast(pa.float64())
        return {"item_tags": pa.table({"item_id": people["item_id"], "tag": people["tag"], "weight": weights})}


def _dated(rows: pa.Table) -> pa.Table:
    texts = [pc.utf8_lpad(rows[name].cast(pa.string()), width, "0") for name, width in _DATE]
    dates = pc.binary_join_element_wise(*texts, "-")
    at = dates.cast(pa.timestamp("ms")).cast(pa.int64())
    return rows.drop_columns(["day", "month", "year"]).append_column("at", at)


_DATE = (("year", 4), ("month", 2), ("day", 2))


def _taggings_file(sources: Sequence[Source]) -> Source | None:
    return named(sources, "user_taggedartists-timestamps.dat", "user_taggedartists.dat")


def _tagging_fields(source: Source) -> tuple[Field, ...]:
    tag = (Field("tagID", "tag", ID),)
    if "timestamps" in source.base:
        return (*_ids("userID", "artistID"), *tag, Field("timestamp", "at", TIME))
    return (*_ids("userID", "artistID"), *tag, *(Field(name, name, COUNT) for name in ("day", "month", "year")))


def _ids(user: str, item: str) -> tuple[Field, ...]:
    return (Field(user, "user_id", ID), Field(item, "item_id", ID))


def _step(source: Source, fields: Sequence[Field], tables: object) -> Step:
    assert callable(tables)
    return Step(source, functools.partial(_open), tuple(fields), tables)


def _open(source: Source, count: Count | None) -> Reader:
    return Delimited(source, _TABLE, count)
