"""Rows that a strict load refuses for another reason than an id, a rating or a time."""

from __future__ import annotations

from graphrec.audit.finding import EXAMPLES, MEANINGS, Example, Finding
from graphrec.audit.source import Source

ELSEWHERE = ("user_id", "item_id", "followee_id", "rating", "at")
"""Fields whose bad values other checks tell."""


def unreadable(source: Source) -> Finding:
    """The rows that can't be told apart from their neighbours, or hold a value of another kind than their column."""
    named = ", ".join(f"'{name}'" for name in ELSEWHERE)
    wrong = f"FROM problems WHERE row_id IS NULL OR field IS NULL OR field NOT IN ({named})"
    count = int(source.value(f"SELECT count(*) {wrong}"))
    total = sum(source.count(table) for table in ("interactions", "items", "users", "tags", "follows"))
    total += int(source.value("SELECT count(*) FROM problems WHERE row_id IS NULL"))
    rows = source.rows(f"SELECT file, line, reason {wrong} ORDER BY file, line, reason LIMIT {EXAMPLES}")
    n_rows = int(source.value(f"SELECT count(*) FROM (SELECT * {wrong}) WHERE table_name = 'interactions'"))
    meaning = MEANINGS["unreadable"]
    return Finding(
        "unreadable",
        meaning.severity,
        "rows",
        count,
        total,
        count / total if total else 0.0,
        n_rows,
        meaning.called,
        meaning.rule,
        meaning.advice,
        tuple(Example((), *row) for row in rows),
    )
