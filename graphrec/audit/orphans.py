"""Rows that speak of users or items that are described nowhere, or of none."""

from __future__ import annotations

from graphrec.audit.flags import Flags, flag
from graphrec.audit.settings import Settings
from graphrec.audit.source import Source

COVERED = 0.5
"""A table of items or users that describes those of fewer interactions isn't meant to be whole."""

IDS = (("interactions", "user"), ("interactions", "item"), ("tags", "user"), ("tags", "item"), ("follows", "user"))


def orphans(source: Source, settings: Settings) -> Flags:
    """Rows without an id, and rows whose item or user isn't in the table that describes the others.

    Without such a table, those of tags and of followed people are held against the interactions.
    """
    parts = [
        "SELECT table_name AS of, row_id, reason FROM problems "
        "WHERE field IN ('user_id', 'item_id', 'followee_id') AND row_id IS NOT NULL"
    ]
    described = {word: describing(source, word) for word in ("user", "item")}
    for table, word in IDS:
        parts += _unknown(table, f"{word}_id", word, described[word])
    parts += _unknown("follows", "followee_id", "user", described["user"])
    return flag(source, "orphans", "row", " UNION ALL ".join(parts))


def describing(source: Source, word: str) -> str:
    """The table that describes users or items: their own where it covers those that occur, else the interactions."""
    covered = source.value(
        f"SELECT avg(({word}_id IN (SELECT {word}_id FROM {word}s WHERE {word}_id IS NOT NULL))::INTEGER) "
        f"FROM interactions WHERE {word}_id IS NOT NULL"
    )
    return f"{word}s" if covered is not None and covered >= COVERED else "interactions"


def _unknown(table: str, column: str, word: str, known: str) -> list[str]:
    if table == known:
        return []
    return [
        f"SELECT '{table}' AS of, row_id, 'its {word} is not among the {known}' AS reason FROM {table} "
        f"WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT {word}_id FROM {known} WHERE {word}_id IS NOT NULL)"
    ]
