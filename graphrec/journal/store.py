"""The SQLite file of a journal: its tables, and the one way to write and to read it.

Every write, with the checkpoint that may follow its commit, holds a lock beside the file. So writers of several
processes take turns within a millisecond (SQLite's own waiting sleeps up to 100), and no two connections write or
checkpoint at the same instant, which in SQLite before 3.51.3 could damage the file (sqlite.org/wal.html#walresetbug).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from graphrec.errors import FullError, JournalError
from graphrec.journal.turn import Turn

FORMAT = 2
PATIENCE_S = 30.0
ROOM = 1 << 20

TABLES = """
CREATE TABLE events (
  sequence INTEGER PRIMARY KEY, event_id TEXT NOT NULL, appended_at INTEGER NOT NULL, body TEXT NOT NULL,
  what TEXT NOT NULL DEFAULT 'event', UNIQUE (event_id, what));
CREATE TABLE refused (
  sequence INTEGER PRIMARY KEY, refused_at INTEGER NOT NULL, body TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE deliveries (tick INTEGER PRIMARY KEY, sequence INTEGER NOT NULL);
CREATE TABLE state (
  last INTEGER NOT NULL, delivered INTEGER NOT NULL, pruned INTEGER NOT NULL);
INSERT INTO state VALUES (0, 0, 0);
"""
"""Sequences have no gaps. `state` says the last one, up to which Neo4j has all, and up to which none is kept
for readers;
`deliveries` up to which Neo4j had all in each tick of some seconds. `what` an entry is: an event, or a change of an
item or user, whose id (`event_id` too) may be that of an event."""

FROM_1 = """
ALTER TABLE events RENAME TO old_events;
CREATE TABLE events (
  sequence INTEGER PRIMARY KEY, event_id TEXT NOT NULL, appended_at INTEGER NOT NULL, body TEXT NOT NULL,
  what TEXT NOT NULL DEFAULT 'event', UNIQUE (event_id, what));
INSERT INTO events SELECT sequence, event_id, appended_at, body, 'event' FROM old_events;
DROP TABLE old_events;
"""
"""From format 1, in which every entry was an event: a few seconds for a million."""


class Store:
    """One connection that writes and one that reads, each for one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_lock = threading.Lock()
        self._is_open = True
        with self._explained():
            _make_file(path)
            self._turn = Turn(path.with_name(path.name + ".lock"))
            with self._turn.taken(PATIENCE_S):
                self._writer = _connect(path)
                _prepare(self._writer, path)
                self._reader = _connect(path)

    def close(self) -> None:
        """Close both connections; the last one of all processes folds the log into the file."""
        with self._explained(), self._read_lock:
            if not self._is_open:
                return
            with self._turn.taken(PATIENCE_S):
                self._is_open = False
                self._reader.close()
                self._writer.close()
            self._turn.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is on the disk when the block has ended, and undone if it raises."""
        with self._explained(), self._turn.taken(PATIENCE_S):
            yield from self._transaction()

    @contextmanager
    def noting(self) -> Iterator[sqlite3.Connection]:
        """As `writing`, but not forced to the disk: a power cut may undo the last of them, as if they hadn't been made.
        It never undoes one without those that came after it."""
        with self._explained(), self._turn.taken(PATIENCE_S):
            self._writer.execute("PRAGMA synchronous = NORMAL")
            try:
                yield from self._transaction()
            finally:
                self._writer.execute("PRAGMA synchronous = FULL")

    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield self._writer
            self._writer.execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the file."""
        with self._explained(), self._read_lock:
            self._reader.execute("BEGIN")
            try:
                yield self._reader
            finally:
                with suppress(sqlite3.Error):
                    self._reader.execute("ROLLBACK")

    @contextmanager
    def secure(self) -> Iterator[None]:
        """What is deleted inside is overwritten, and then the log is folded into the file, as far as readers let it."""
        with self._explained():
            self._writer.execute("PRAGMA secure_delete = ON")
            try:
                yield
            finally:
                self._writer.execute("PRAGMA secure_delete = OFF")
                with self._turn.taken(PATIENCE_S):
                    self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def vacuum(self) -> None:
        """Write the file anew without its free pages."""
        with self._explained(), self._turn.taken(PATIENCE_S):
            self._writer.execute("VACUUM")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise JournalError(
                f"another process has held the journal {self.path} for {PATIENCE_S:.0f} seconds; end that process"
            ) from None
        except sqlite3.Error as error:
            raise _explanation(self.path, error) from error
        except OSError as error:
            raise JournalError(f"can't use the journal {self.path}: {error.strerror or error}") from error


def _make_file(path: Path) -> None:
    """Its owner alone may read the file; SQLite gives the files beside it the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def _connect(path: Path) -> sqlite3.Connection:
    found = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)
    found.execute("PRAGMA journal_mode = WAL")
    found.execute("PRAGMA synchronous = FULL")
    return found


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if found == 0:
        db.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {FORMAT}; COMMIT;")
    elif found == 1:
        db.executescript(f"BEGIN IMMEDIATE; {FROM_1} PRAGMA user_version = {FORMAT}; COMMIT;")
    elif found != FORMAT:
        raise JournalError(
            f"the journal {path} has format {found}, this version of graphrec reads {FORMAT}; "
            "let the version that wrote it deliver its events, then remove it"
        )


def _explanation(path: Path, error: sqlite3.Error) -> JournalError:
    name = getattr(error, "sqlite_errorname", None) or ""
    if name == "SQLITE_FULL" or (name.startswith("SQLITE_IOERR") and _is_full(path)):
        return FullError(
            f"the disk of the journal {path} is full; free some space. What was acknowledged is kept, "
            "the events of this call were not written: send them again"
        )
    return JournalError(f"the journal {path} can't be used: {error} ({name or type(error).__name__})")


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < ROOM
    except OSError:
        return False
