"""The journal of events and changes: durable queue towards Neo4j, and the channel between processes.

Sequence numbers begin at 1 and have no gaps, so a reader knows when it has missed something.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

from graphrec.errors import BehindError, ConflictError, FullError, InputError
from graphrec.journal import emptying
from graphrec.journal.groups import Groups
from graphrec.journal.rows import CHANGE, EVENT, Row, change_row_of, event_of, row_of, says_the_same
from graphrec.journal.store import Store
from graphrec.journal.waking import awaited

JOURNAL = Path("service") / "journal.sqlite"
"""Where it lies in a home."""

MOST_WAITING = 1_000_000
"""Events, not bytes: it is what an operator can reckon with (events a second × seconds without Neo4j). An event has
about 300 bytes here and at most 32 kB (`rows.MAX_BYTES`), so it bounds the file too."""

KEEP_S = 600.0
"""Seconds from an event's delivery until it may be pruned: a worker that reads the graph anew needs them meanwhile."""

KEEP_ROWS = 100_000
"""The last rows are kept whatever their age (some 30 MB): as long an event that is sent again is known as a repeat
here already. Later Neo4j's log finds it, which never forgets."""

PRUNE_STEP = 5_000
TICK_MS = 5_000


@dataclass(frozen=True)
class Appended:
    """How many events were new and how many repeats, and for each event its sequence number or that of the first."""

    new: int
    repeated: int
    sequences: tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """An event, or a change of an item or user, and its place; `what` says which."""

    sequence: int
    event: dict[str, Any]
    what: str = EVENT


@dataclass(frozen=True)
class Refused:
    """An event that Neo4j refused for good; `at` in epoch ms."""

    sequence: int
    event: dict[str, Any]
    reason: str
    at: int


@dataclass(frozen=True)
class Stats:
    """Events that wait for Neo4j, that it has, that it refused; age of the oldest waiting one in seconds (0: none)."""

    waiting: int
    delivered: int
    refused: int
    oldest_s: float


class State(NamedTuple):
    """The last sequence number, up to which Neo4j has all, and up to which no event is kept for readers."""

    last: int
    delivered: int
    pruned: int


class Journal:
    """A journal in one SQLite file. Thread-safe; each process opens its own, after a fork too.

    `most`: events that may wait for Neo4j. `keep_s`, `keep_rows`: how long after delivery and how many of the last
    events are kept for readers; what is beyond both is pruned.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        most: int = MOST_WAITING,
        keep_s: float = KEEP_S,
        keep_rows: int = KEEP_ROWS,
    ) -> None:
        if most < 1 or keep_s < 0 or keep_rows < 0:
            raise InputError(f"expected most ≥ 1, keep_s ≥ 0 and keep_rows ≥ 0, found {most}, {keep_s} and {keep_rows}")
        self.path = Path(path)
        self.most = most
        self.keep_s = keep_s
        self.keep_rows = keep_rows
        self.n_commits = 0
        self._store = Store(self.path)
        self._groups: Groups[list[Row], Appended] = Groups(self._write, f"journal {self.path.name}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what was submitted and close the file."""
        self._groups.close()
        self._store.close()

    def append(self, events: Iterable[Mapping[str, Any]], changes: Iterable[Mapping[str, Any]] = ()) -> Appended:
        """Write events, then changes; when it returns they are on the disk. All of them, or an error and none.

        InputError names what is wrong with an event, FullError says to send all of them again later. ConflictError:
        the `change_id` was given with another change before.
        """
        return self.submit(events, changes).result()

    async def append_async(
        self, events: Iterable[Mapping[str, Any]], changes: Iterable[Mapping[str, Any]] = ()
    ) -> Appended:
        """As `append`, without holding up the event loop."""
        return await awaited(self.submit(events, changes))

    def submit(
        self, events: Iterable[Mapping[str, Any]], changes: Iterable[Mapping[str, Any]] = ()
    ) -> Future[Appended]:
        """As `append`, without waiting; InputError at once, other errors in the future."""
        now = now_ms()
        rows = [*(row_of(event, now) for event in events), *(change_row_of(change, now) for change in changes)]
        if rows:
            return self._groups.submit(rows)
        nothing: Future[Appended] = Future()
        nothing.set_result(Appended(0, 0, ()))
        return nothing

    def read_after(self, sequence: int, limit: int = 1_000) -> list[Entry]:
        """The entries after a sequence number, oldest first. BehindError if some of them are no longer kept.

        Who gets BehindError takes `delivered_sequence()`, reads the graph anew and goes on from there.
        """
        with self._store.reading() as db:
            state = _state(db)
            if not state.pruned <= sequence <= state.last:
                raise BehindError(
                    f"events after {sequence} were asked of the journal {self.path}, which keeps those after "
                    f"{state.pruned} up to {state.last}; read the graph anew and go on after {state.delivered}"
                )
            found = db.execute(
                "SELECT sequence, body, what FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?",
                (sequence, limit),
            ).fetchall()
        return [Entry(place, event_of(body), what) for place, body, what in found]

    def last_sequence(self) -> int:
        """The sequence number of the last event, 0 before the first."""
        return self._state().last

    def delivered_sequence(self) -> int:
        """Up to which Neo4j has every event that it doesn't refuse; it may have some of the next already."""
        return self._state().delivered

    def stats(self) -> Stats:
        """Counts of all events ever appended, by where they are."""
        with self._store.reading() as db:
            state = _state(db)
            n_refused = db.execute("SELECT count(*) FROM refused").fetchone()[0]
            oldest = db.execute("SELECT appended_at FROM events WHERE sequence = ?", (state.delivered + 1,)).fetchone()
        age = max(0, now_ms() - oldest[0]) / 1000 if oldest else 0.0
        return Stats(state.last - state.delivered, state.delivered - n_refused, n_refused, age)

    def refused(self, limit: int = 1_000) -> list[Refused]:
        """The events that Neo4j refused for good, the latest first."""
        with self._store.reading() as db:
            found = db.execute(
                "SELECT sequence, body, reason, refused_at FROM refused ORDER BY sequence DESC LIMIT ?", (limit,)
            ).fetchall()
        return [Refused(sequence, event_of(body), reason, at) for sequence, body, reason, at in found]

    def mark_delivered(self, sequence: int, refused: Mapping[int, str]) -> None:
        """Note that Neo4j has all events up to one, but for those refused, given with the reasons.

        A power cut may undo it; then they are delivered again, which changes nothing.
        """
        now = now_ms()
        with self._store.noting() as db:
            db.execute("UPDATE state SET delivered = max(delivered, ?)", (sequence,))
            db.execute("INSERT OR REPLACE INTO deliveries VALUES (?, ?)", (now // TICK_MS, sequence))
            db.executemany(
                "INSERT OR IGNORE INTO refused SELECT sequence, ?, body, ? FROM events WHERE sequence = ?",
                [(now, reason, place) for place, reason in refused.items()],
            )

    def prune(self) -> int:
        """Remove some of the events that need no longer be kept; how many. Small steps, so that appends don't wait."""
        kept_from = (now_ms() - int(self.keep_s * 1000)) // TICK_MS
        with self._store.reading() as db:
            end = _prunable(db, kept_from, self.keep_rows)
        return self._prune(end) if end else 0

    def rows_of(self, user_id: str) -> list[tuple[str, int, dict[str, Any]]]:
        """The table (`events`, `refused`), sequence number and content of each row that names a user."""
        with self._store.reading() as db:
            return list(emptying.rows_of(db, user_id))

    def empty(self, user_id: str) -> int:
        """How many rows that name a user were emptied: those that Neo4j has, and those that it refused.

        Their bytes are overwritten, in the log of the file too once no reader needs it. A process that hadn't read them
        gets BehindError.
        """
        with self._store.secure(), self._store.writing() as db:
            return emptying.empty(db, user_id)

    def count_before(self, at: int) -> int:
        """How many rows `expire` would delete."""
        with self._store.reading() as db:
            return emptying.count_before(db, at)

    def expire(self, at: int) -> int:
        """How many rows older than a time (epoch ms) were deleted, of those that Neo4j has or refused."""
        with self._store.secure(), self._store.writing() as db:
            return emptying.expire(db, at)

    def vacuum(self) -> None:
        """Write the file anew without what was deleted; emptied rows lose their ids too."""
        with self._store.secure():
            with self._store.writing() as db:
                emptying.rename_emptied(db)
            self._store.vacuum()

    def _prune(self, end: int) -> int:
        with self._store.noting() as db:
            n_gone = db.execute("DELETE FROM events WHERE sequence <= ?", (end,)).rowcount
            db.execute("UPDATE state SET pruned = max(pruned, ?)", (end,))
            db.execute("DELETE FROM deliveries WHERE sequence <= ?", (end,))
        return n_gone

    def _state(self) -> State:
        with self._store.reading() as db:
            return _state(db)

    def _write(self, group: Sequence[list[Row]]) -> list[Appended | Exception]:
        with self._store.writing() as db:
            state = _state(db)
            batch = _Batch(state, self.most, *_known(db, [row for rows in group for row in rows]))
            answers = [batch.add(rows, self.path) for rows in group]
            if batch.new:
                now = now_ms()
                db.executemany(
                    "INSERT INTO events VALUES (?, ?, ?, ?, ?)",
                    [(place, row.event_id, now, row.body, row.what) for place, row in batch.new],
                )
                db.execute("UPDATE state SET last = ?", (state.last + len(batch.new),))
        self.n_commits += 1
        return answers


class _Batch:
    """Gives sequence numbers to the new entries of one commit. `bodies`: those of the changes that are known."""

    def __init__(self, state: State, most: int, known: dict[tuple[str, str], int], bodies: dict[str, str]) -> None:
        self.new: list[tuple[int, Row]] = []
        self._known = known
        self._bodies = bodies
        self._last = state.last
        self._most = most
        self._room = most - (state.last - state.delivered)

    def add(self, rows: list[Row], path: Path) -> Appended | Exception:
        for row in rows:
            if row.what == CHANGE and not says_the_same(self._bodies.get(row.event_id, row.body), row.body):
                return ConflictError(
                    f"the key {row.event_id!r} came with another change before; take a new one for each"
                )
        n_new = len({row.key for row in rows if row.key not in self._known})
        if n_new > max(0, self._room - len(self.new)):
            return FullError(
                f"the journal {path} holds {self._most - self._room:,} events that Neo4j hasn't got yet, and at most "
                f"{self._most:,}; none of these {len(rows):,} were written. Start Neo4j and send them again"
            )
        for row in rows:
            if row.key not in self._known:
                self.new.append((self._last + len(self.new) + 1, row))
                self._known[row.key] = self.new[-1][0]
                if row.what == CHANGE:
                    self._bodies[row.event_id] = row.body
        return Appended(n_new, len(rows) - n_new, tuple(self._known[row.key] for row in rows))


def _state(db: sqlite3.Connection) -> State:
    return State(*db.execute("SELECT last, delivered, pruned FROM state").fetchone())


def _known(db: sqlite3.Connection, rows: Sequence[Row]) -> tuple[dict[tuple[str, str], int], dict[str, str]]:
    """Sequence numbers of the rows that are there, and the bodies of the changes among them."""
    asked = "FROM events WHERE event_id IN (SELECT value FROM json_each(?))"
    ids = json.dumps([row.event_id for row in rows])
    found = db.execute(f"SELECT event_id, what, sequence {asked}", (ids,))
    known = {(event_id, what): sequence for event_id, what, sequence in found}
    if all(row.what == EVENT for row in rows):
        return known, {}
    changes = json.dumps([row.event_id for row in rows if row.what == CHANGE])
    return known, dict(db.execute(f"SELECT event_id, body {asked} AND what = '{CHANGE}'", (changes,)))


def _prunable(db: sqlite3.Connection, kept_from: int, keep_rows: int) -> int:
    """Up to which a step of pruning goes, 0 for nothing: delivered before the tick `kept_from` and not of the last."""
    state = _state(db)
    old = db.execute("SELECT max(sequence) FROM deliveries WHERE tick < ?", (kept_from,)).fetchone()[0] or 0
    first = db.execute("SELECT min(sequence) FROM events").fetchone()[0] or 1
    end = min(old, state.last - keep_rows, first - 1 + PRUNE_STEP)
    return end if end >= first else 0


def now_ms() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000
