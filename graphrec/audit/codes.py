"""Users and items as numbers, for detectors that compare whole histories."""

from __future__ import annotations

from graphrec.audit.source import Source


def encode(source: Source, table: str = "interactions") -> str:
    """The name of a table (row_id, user, item, kind, rating, at) of a source's rows that have both ids, made once.

    `user` and `item` are places in the tables `people` (user, user_id) and `things` (item, item_id), in the order of
    ids by code point.
    """
    name = f"coded_{table}"
    if table == "events" and not _has_log(source):
        return encode(source)
    if _exists(source, name):
        return name
    _number(source, "people", "user", "user_id")
    _number(source, "things", "item", "item_id")
    source.db.execute(
        f'CREATE TABLE {name} AS SELECT e.row_id, p."user", t.item, e.kind, e.rating::FLOAT AS rating, e."at" '
        f"FROM {table} e JOIN people p USING (user_id) JOIN things t USING (item_id)"
    )
    return name


def _number(source: Source, name: str, word: str, column: str) -> None:
    if _exists(source, name):
        return
    tables = ["interactions", *(["log"] if _has_log(source) else [])]
    ids = " UNION ".join(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL" for table in tables)
    source.db.execute(
        f'CREATE TABLE {name} AS SELECT (row_number() OVER (ORDER BY {column}) - 1)::INTEGER AS "{word}", {column} '
        f"FROM ({ids})"
    )


def _has_log(source: Source) -> bool:
    return _exists(source, "log")


def _exists(source: Source, name: str) -> bool:
    return bool(source.value("SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", [name]))
