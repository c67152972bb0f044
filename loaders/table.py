"""Any table (CSV, TSV, JSON lines, Parquet): columns told by the user, or known by obvious names.

`--columns user=…,item=…,rating=…` names columns by their header; in a file without a header, by position from 1.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import pyarrow as pa

from graphrec.errors import InputError
from loaders.delimited import Delimited, Dialect
from loaders.format import Count, Format, Step, Tables, events, property_name, split_tags
from loaders.json_lines import JsonLines, json_keys
from loaders.parquet import MAGIC, Parquet
from loaders.reading import Reader
from loaders.sources import Source
from loaders.values import AS_IS, COUNT, ID, NUMBER, TEXT, TIME, Field, Kind

ROLES: Mapping[str, tuple[str, Kind, bool]] = {
    "user": ("user_id", ID, True),
    "item": ("item_id", ID, True),
    "kind": ("kind", ID, True),
    "rating": ("rating", NUMBER, False),
    "time": ("at", TIME, False),
    "count": ("count", COUNT, False),
    "weight": ("weight", NUMBER, False),
    "tag": ("tag", ID, True),
    "followee": ("followee_id", ID, True),
}
"""By role: the column that it becomes, its kind, and whether every row needs a value."""

OBVIOUS: Mapping[str, tuple[str, ...]] = {
    "user": ("userid", "user", "uid", "reviewerid", "customerid", "visitorid", "memberid", "personid", "accountid"),
    "item": (
        *("itemid", "item", "iid", "movieid", "productid", "parentasin", "asin", "artistid", "trackid", "songid"),
        *("bookid", "isbn", "businessid", "venueid", "locationid", "placeid", "articleid", "gameid"),
    ),
    "kind": ("kind", "event", "eventtype", "behavior", "behaviour", "action", "interactiontype"),
    "rating": ("rating", "stars", "overall", "score", "bookrating"),
    "time": ("timestamp", "time", "at", "ts", "datetime", "date", "createdat", "eventtime", "unixreviewtime"),
    "count": ("count", "playcount", "plays", "quantity", "ncount"),
    "weight": ("weight",),
    "tag": ("tag", "tagname"),
    "followee": ("followeeid", "followee", "friendid", "friend", "followedid"),
}
_ALIASES = {"user_id": "user", "item_id": "item", "at": "time", "timestamp": "time", "followee_id": "followee"}
_SUFFIXES = ("csv", "tsv", "tab", "txt", "dat", "data", "json", "jsonl", "ndjson", "parquet", "pq", "")
_TAGS = ("genres", "categories", "tags")


@dataclass(frozen=True)
class _Table:
    """A file that looks like a table: its columns, and how to open it."""

    source: Source
    columns: tuple[str, ...]
    dialect: Dialect | None = None

    def open(self, source: Source, count: Count | None) -> Reader:
        if self.source.head.startswith(MAGIC):
            return Parquet(source, count)
        return Delimited(source, self.dialect, count) if self.dialect else JsonLines(source, count)


def match(sources: Sequence[Source]) -> Format | None:
    """The format if a file has a user's and an item's column under obvious names; other tables go beside it."""
    tables = [table for source in sources if (table := _look(source))]
    steps = [step for table in tables if (step := _obvious_step(table))]
    if not any(_is_events(step) for step in steps):
        return None
    return Format("table", tuple(sorted(steps, key=lambda step: not _is_events(step))))


def mapped(sources: Sequence[Source], columns: Mapping[str, str]) -> Format:
    """The format with the columns that the user named. InputError says which columns there are."""
    roles = {_role(name): column for name, column in columns.items()}
    tables = [table for source in sources if (table := _look(source))]
    if not tables:
        raise InputError(f"expected a CSV, TSV, JSON lines or Parquet file to map columns in, found {_names(sources)}")
    steps = [_mapped_step(table, roles) for table in tables if _has(table, roles) or len(tables) == 1]
    if not steps:
        found = "; ".join(f"{table.source.name} has {', '.join(table.columns)}" for table in tables)
        raise InputError(f"expected the columns {', '.join(columns.values())} in a file, found: {found}")
    return Format("table", tuple(steps))


def describe(sources: Sequence[Source]) -> str:
    """What tables there are and which columns they have, for an error."""
    tables = [table for source in sources[:50] if (table := _look(source))]
    return "; ".join(f"{table.source.name} has the columns {', '.join(table.columns[:20])}" for table in tables[:5])


def _role(name: str) -> str:
    role = _ALIASES.get(name, name)
    if role not in ROLES:
        raise InputError(f"expected one of {', '.join(ROLES)} before '=' in the columns, found {name!r}")
    return role


def _has(table: _Table, roles: Mapping[str, str]) -> bool:
    return all(column in table.columns for column in roles.values())


def _mapped_step(table: _Table, roles: Mapping[str, str]) -> Step:
    missing = {role: column for role, column in roles.items() if column not in table.columns}
    if missing and table.dialect and all(column.isdecimal() for column in roles.values()):
        table = _positional(table)
        missing = {role: column for role, column in roles.items() if column not in table.columns}
    if missing:
        raise InputError(
            f"{table.source.name}: expected the columns {', '.join(missing.values())}, "
            f"found {', '.join(table.columns)}; check the names in the columns' mapping"
        )
    known = {role: column for role, column in _roles_of(table).items() if role in ("user", "item")}
    return _event_step(table, known | dict(roles))


def _positional(table: _Table) -> _Table:
    """The same file taken as one without a header, its columns named 1, 2, 3 …"""
    assert table.dialect is not None
    names = tuple(str(n + 1) for n in range(len(table.columns)))
    return _Table(table.source, names, Dialect(table.dialect.separator, table.dialect.quotes, names))


def _obvious_step(table: _Table) -> Step | None:
    roles = _roles_of(table)
    if "user" in roles and "followee" in roles and "item" not in roles:
        return _step(table, {role: roles[role] for role in ("user", "followee")}, lambda rows: {"follows": rows})
    if "user" in roles and "item" in roles:
        if "tag" in roles and "rating" not in roles:
            taken = {role: column for role, column in roles.items() if role in ("user", "item", "tag", "time")}
            return _step(table, taken, lambda rows: {"taggings": rows})
        return _event_step(table, {role: column for role, column in roles.items() if role not in ("tag", "followee")})
    return _described_step(table, roles)


def _described_step(table: _Table, roles: Mapping[str, str]) -> Step | None:
    """What is said of items or users in a file named after them."""
    if "item" in roles and "tag" in roles and table.source.base.startswith(("item_tag", "itemtag")):
        taken = {role: roles[role] for role in ("item", "tag", "weight") if role in roles}
        return _step(table, taken, lambda rows: {"item_tags": rows})
    if "item" in roles and table.source.base.startswith(
        ("item", "movie", "product", "artist", "book", "track", "meta")
    ):
        return _attribute_step(table, "item", roles["item"])
    if "user" in roles and table.source.base.startswith(("user", "customer", "member")):
        return _attribute_step(table, "user", roles["user"])
    return None


def _event_step(table: _Table, roles: Mapping[str, str]) -> Step:
    if "user" not in roles or "item" not in roles:
        missing = [role for role in ("user", "item") if role not in roles]
        raise InputError(
            f"{table.source.name}: expected a column for {' and '.join(missing)}, found {', '.join(table.columns)}; "
            "name it, as in --columns user=…,item=…"
        )
    stem = PurePosixPath(table.source.base).stem
    part = {"valid": "valid", "validation": "valid", "test": "test"}.get(stem, "interactions")
    return _step(table, roles, events("rating" if "rating" in roles else "interaction", part))


def _attribute_step(table: _Table, role: str, key: str) -> Step:
    fields = [Field(key, f"{role}_id", ID)]
    taken = {f"{role}_id"}
    for column in table.columns:
        name = "title" if property_name(column) in ("title", "name") and role == "item" else property_name(column)
        if column != key and name not in taken:
            kind = AS_IS if table.source.head.startswith(MAGIC) and name not in _TAGS else TEXT
            fields.append(Field(column, name, kind, required=False))
            taken.add(name)
    tags = [one.name for one in fields if one.name in _TAGS and role == "item"]

    def tables(rows: pa.Table) -> Tables:
        found = [split_tags(rows, tag, "|") for tag in tags]
        return {f"{role}s": rows.drop_columns(tags)} | ({"item_tags": pa.concat_tables(found)} if found else {})

    return Step(table.source, table.open, tuple(fields), tables)


def _step(table: _Table, roles: Mapping[str, str], tables: object) -> Step:
    assert callable(tables)
    fields = [Field(column, ROLES[role][0], ROLES[role][1], ROLES[role][2]) for role, column in roles.items()]
    return Step(table.source, table.open, tuple(fields), tables)


def _is_events(step: Step) -> bool:
    names = {one.name for one in step.fields}
    return {"user_id", "item_id"} <= names and "tag" not in names


def _roles_of(table: _Table) -> dict[str, str]:
    plain = {"".join(filter(str.isalnum, column.lower())): column for column in reversed(table.columns)}
    found = {role: next((plain[name] for name in names if name in plain), None) for role, names in OBVIOUS.items()}
    return {role: column for role, column in found.items() if column is not None}


def _look(source: Source) -> _Table | None:
    """The file as a table, None if it isn't one."""
    if source.head.startswith(MAGIC):
        return _Table(source, tuple(Parquet(source).columns))
    if source.base.rpartition(".")[2] not in _SUFFIXES and "." in source.base:
        return None
    if not source.lines:
        return None
    if keys := json_keys(source):
        return _Table(source, tuple(keys))
    first = source.lines[0]
    separator = max(",\t;|", key=first.count)
    if separator not in first and " " in first:
        separator = " "
    quotes = separator != " "
    columns = next(csv.reader([first], delimiter=separator), [])
    return _Table(source, tuple(columns), Dialect(separator, quotes)) if columns else None


def _names(sources: Sequence[Source]) -> str:
    names = [source.name for source in sources]
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
