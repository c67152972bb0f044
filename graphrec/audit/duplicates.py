"""Rows that say again what an earlier row says."""

from __future__ import annotations

from graphrec.audit.flags import Flags, flag
from graphrec.audit.settings import Settings
from graphrec.audit.source import Source

EVENT = ("part", "user_id", "item_id", "kind", "count", "weight", "rating", '"at"', "session", "device")
PAIR = ("user_id", "item_id", "kind")
TAG = ("user_id", "item_id", "tag", '"at"')


def duplicates(source: Source, settings: Settings) -> Flags:
    """Rows of interactions and tags that equal an earlier one, and items and users whose id stands twice in a file.

    In a graph: a second INTERACTED of the same user, item and kind. The first row is never flagged.
    """
    event = PAIR if source.origin == "graph" else EVENT
    parts = [_again(source, "interactions", event, "user_id IS NOT NULL AND item_id IS NOT NULL")]
    parts += [_again(source, "tags", TAG, "item_id IS NOT NULL AND tag IS NOT NULL")]
    parts += [_again(source, f"{word}s", ("file", f"{word}_id"), f"{word}_id IS NOT NULL") for word in ("item", "user")]
    return flag(source, "duplicates", "row", " UNION ALL ".join(parts))


def _again(source: Source, table: str, key: tuple[str, ...], known: str) -> str:
    """The statement for the rows of a table whose key an earlier row has.

    Hashes are grouped first, because most rows are alone and a hash takes eight bytes.
    """
    columns = ", ".join(key)
    source.db.execute(
        f"CREATE OR REPLACE TABLE again_{table} AS SELECT hash({columns}) AS h FROM {table} WHERE {known} "
        "GROUP BY h HAVING count(*) > 1"
    )
    return (
        f"SELECT '{table}' AS of, row_id, 'equals row ' || first || ' of this input' AS reason FROM ("
        f"SELECT row_id, min(row_id) OVER (PARTITION BY {columns}) AS first FROM {table} "
        f"WHERE {known} AND hash({columns}) IN (SELECT h FROM again_{table})) WHERE row_id > first"
    )
