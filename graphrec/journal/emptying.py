"""Rows of a journal that speak of one user: found, and emptied without a gap in the sequence.

An emptied row keeps its place and, if it was an event, its id, so that the same event sent again is a repeat. A reader
never gets to it: what comes before it is told as no longer kept, so who hadn't read it reads the graph anew.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator
from typing import Any

EMPTY = "{}"
"""The body of an emptied row."""

_NAMED = """(json_extract(body, '$.user_id') = :user_id
  OR EXISTS (SELECT 1 FROM json_each(body, '$.follows') WHERE value = :user_id))"""


def rows_of(db: sqlite3.Connection, user_id: str) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """The table, the sequence number and the content of each row that names a user. Cost: reading all rows."""
    for table in ("events", "refused"):
        named = f"SELECT sequence, body FROM {table} WHERE {_NAMED} ORDER BY sequence"
        for sequence, body in db.execute(named, {"user_id": user_id}):
            yield table, sequence, json.loads(body)


def empty(db: sqlite3.Connection, user_id: str) -> int:
    """How many rows that name a user were emptied, of those that Neo4j has. Run it in a transaction.

    Of another user who follows this one the rest is kept.
    """
    delivered = db.execute("SELECT delivered FROM state").fetchone()[0]
    n_refused = db.execute(f"DELETE FROM refused WHERE {_NAMED}", {"user_id": user_id}).rowcount
    found = db.execute(
        f"SELECT sequence, event_id, what, body FROM events WHERE sequence <= :delivered AND {_NAMED}",
        {"delivered": delivered, "user_id": user_id},
    ).fetchall()
    for sequence, event_id, what, body in found:
        changed = _without(json.loads(body), user_id), _known_by(event_id, what, user_id, body), sequence
        db.execute("UPDATE events SET body = ?, event_id = ? WHERE sequence = ?", changed)
    if found:
        db.execute("UPDATE state SET pruned = max(pruned, ?)", (max(row[0] for row in found),))
    return len(found) + n_refused


def expire(db: sqlite3.Connection, before: int) -> int:
    """How many rows older than a time (epoch ms) were deleted, of those that Neo4j has and of those refused."""
    end = last_before(db, before)
    n_gone = db.execute("DELETE FROM events WHERE sequence <= ?", (end,)).rowcount
    db.execute("UPDATE state SET pruned = max(pruned, ?)", (end,))
    db.execute("DELETE FROM deliveries WHERE sequence <= ?", (end,))
    return n_gone + int(db.execute("DELETE FROM refused WHERE refused_at < ?", (before,)).rowcount)


def count_before(db: sqlite3.Connection, before: int) -> int:
    """How many rows `expire` would delete."""
    end = last_before(db, before)
    n_old = db.execute("SELECT count(*) FROM events WHERE sequence <= ?", (end,)).fetchone()[0]
    return int(n_old + db.execute("SELECT count(*) FROM refused WHERE refused_at < ?", (before,)).fetchone()[0])


def last_before(db: sqlite3.Connection, before: int) -> int:
    """The last row that came before a time and that Neo4j has, 0 for none."""
    asked = "SELECT max(sequence) FROM events WHERE appended_at < ? AND sequence <= (SELECT delivered FROM state)"
    return int(db.execute(asked, (before,)).fetchone()[0] or 0)


def rename_emptied(db: sqlite3.Connection) -> None:
    """Give emptied rows ids that say nothing. What is sent again after this is new."""
    for (sequence,) in db.execute("SELECT sequence FROM events WHERE body = ?", (EMPTY,)).fetchall():
        db.execute("UPDATE events SET event_id = ? WHERE sequence = ?", (secrets.token_hex(16), sequence))


def _without(said: dict[str, Any], user_id: str) -> str:
    """What stays of a row: that of another user who follows this one, without this one."""
    if said.get("user_id") == user_id:
        return EMPTY
    said["follows"] = [other for other in said["follows"] if other != user_id]
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _known_by(event_id: str, what: str, user_id: str, body: str) -> str:
    """The id that a row keeps: its own, unless that names the user or the row was a change of the user."""
    is_own_change = what != "event" and json.loads(body).get("user_id") == user_id
    return secrets.token_hex(16) if is_own_change or user_id in event_id else event_id
