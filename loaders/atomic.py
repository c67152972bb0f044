"""Atomic files: `.inter`, `.item`, `.user` and `.net`, tab separated, with `name:type` headers."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from loaders.delimited import Delimited, Dialect
from loaders.format import Count, Format, Step, Tables, events, property_name, split_tags
from loaders.reading import Reader
from loaders.sources import Source
from loaders.values import COUNT, ID, NUMBER, TEXT, TIME, Field, Kind

_TABLE = Dialect("\t", quotes=False)
_TYPED = re.compile(r"[^\t:]+:(token|token_seq|float|float_seq)")
_TAGS = ("class", "genre", "genres", "category", "categories", "tags")
_TITLES = ("title", "movie_title", "name", "artist_name", "item_name")
_EVENT: dict[str, tuple[str, Kind]] = {
    "user_id": ("user_id", ID),
    "item_id": ("item_id", ID),
    "rating": ("rating", NUMBER),
    "timestamp": ("at", TIME),
    "weight": ("weight", NUMBER),
    "count": ("count", COUNT),
}


def match(sources: Sequence[Source]) -> Format | None:
    """The format if a file of interactions with a typed header is there."""
    files = {suffix: source for source in sources if (suffix := _suffix(source)) and _is_typed(source)}
    if "inter" not in files:
        return None
    steps = [_inter(files["inter"])]
    steps += [_items(files["item"])] if "item" in files else []
    steps += [_users(files["user"])] if "user" in files else []
    steps += [_net(files["net"])] if "net" in files else []
    return Format("atomic files", tuple(steps))


def _inter(source: Source) -> Step:
    names = {name.split(":")[0]: name for name in _header(source)}
    fields = [Field(names[name], to, kind) for name, (to, kind) in _EVENT.items() if name in names]
    if "user_id" not in names or "item_id" not in names:
        fields = [Field("user_id:token", "user_id", ID), Field("item_id:token", "item_id", ID)]
    return _step(source, fields, events("rating" if "rating" in names else "interaction"))


def _items(source: Source) -> Step:
    fields = _attributes(source, "item_id")
    tags = [one.name for one in fields if one.name in _TAGS and one.column.endswith("_seq")]

    def tables(rows: pa.Table) -> Tables:
        items = rows.drop_columns(tags)
        if "release_year" in items.column_names:
            years = pc.if_else(pc.match_substring_regex(items["release_year"], r"^\d{4}$"), items["release_year"], None)
            items = items.drop_columns(["release_year"]).append_column("year", years.cast(pa.int64()))
        found = [split_tags(rows, tag, " ") for tag in tags]
        return {"items": items} | ({"item_tags": pa.concat_tables(found)} if found else {})

    return _step(source, fields, tables)


def _users(source: Source) -> Step:
    return _step(source, _attributes(source, "user_id"), lambda rows: {"users": rows})


def _net(source: Source) -> Step:
    follower, followee, *_ = [*_header(source), "", ""]
    fields = (Field(follower, "user_id", ID), Field(followee, "followee_id", ID))
    return _step(source, fields, lambda rows: {"follows": rows})


def _attributes(source: Source, key: str) -> list[Field]:
    """The id and every other column as text; the first that is called like a title becomes the title."""
    fields = []
    titled = False
    for column in _header(source):
        name = property_name(column)
        if name == key:
            fields.append(Field(column, key, ID))
        elif name in _TITLES and key == "item_id" and not titled:
            fields.append(Field(column, "title", TEXT, False))
            titled = True
        else:
            numeric = column.endswith(":float") or name == "age"
            fields.append(
                Field(column, name, NUMBER if numeric and name != "age" else COUNT if numeric else TEXT, False)
            )
    return fields if any(one.name == key for one in fields) else [Field(f"{key}:token", key, ID)]


def _header(source: Source) -> list[str]:
    return source.lines[0].rstrip("\r\n").split("\t") if source.lines else []


def _is_typed(source: Source) -> bool:
    header = _header(source)
    return bool(header) and all(_TYPED.fullmatch(name) for name in header)


def _suffix(source: Source) -> str:
    suffix = source.base.rpartition(".")[2]
    return suffix if suffix in ("inter", "item", "user", "net") else ""


def _step(source: Source, fields: Sequence[Field], tables: object) -> Step:
    assert callable(tables)
    return Step(source, _open, tuple(fields), tables)


def _open(source: Source, count: Count | None) -> Reader:
    return Delimited(source, _TABLE, count)
