"""What is missing of what describes items and users."""

from __future__ import annotations

from collections.abc import Iterator

from graphrec.audit.finding import EXAMPLES, NOTE, WARNING, Example, Finding
from graphrec.audit.source import Source, quote

PLACE = ("row_id", "file", "line")


def metadata(source: Source) -> list[Finding]:
    """A finding for each column of items and users that some lack, and for items without a tag where some have one."""
    found = [one for word in ("item", "user") if source.count(f"{word}s") for one in _columns(source, word)]
    if source.count("tags"):
        found += _missing(source, "item", "tags", "item_id NOT IN (SELECT item_id FROM tags WHERE item_id IS NOT NULL)")
    return found


def _columns(source: Source, word: str) -> Iterator[Finding]:
    key = f"{word}_id"
    names = [name for name in source.columns(f"{word}s") if name not in (*PLACE, key)]
    for name in names:
        if source.holds(f"{word}s", name):
            column = quote(name)
            missing = f"{key} NOT IN (SELECT {key} FROM {word}s WHERE {column} IS NOT NULL AND {column}::VARCHAR <> '')"
            yield from _missing(source, word, name, f"{missing} AND {key} IS NOT NULL")


def _missing(source: Source, word: str, name: str, where: str) -> list[Finding]:
    key, table = f"{word}_id", f"{word}s"
    chosen = f"FROM (SELECT DISTINCT {key} FROM {table} WHERE {where})"
    count = int(source.value(f"SELECT count(*) {chosen}"))
    if not count:
        return []
    total = int(source.value(f"SELECT count(DISTINCT {key}) FROM {table}"))
    n_rows = int(source.value(f"SELECT count(*) FROM interactions WHERE {key} IN (SELECT {key} {chosen})"))
    ids = source.rows(f"SELECT {key} {chosen} ORDER BY {key} LIMIT {EXAMPLES}")
    return [
        Finding(
            f"metadata.{table}.{name}",
            WARNING if name == "title" else NOTE,
            table,
            count,
            total,
            count / total,
            n_rows,
            f"{table} without {name}",
            "impute",
            "Fill it in at the source, or let the rule impute it by median, mode or nearest neighbours.",
            tuple(Example((text,), None, None, f"no {name}") for (text,) in ids),
        )
    ]
