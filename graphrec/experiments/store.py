"""Impressions and outcomes in a SQLite file, to which several processes append in batches.

As in the journal, every write, with the checkpoint that may follow it or the end of a connection, holds a lock beside
the file: SQLite before 3.51.3 could damage it when two connections checkpoint at the same instant.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from graphrec.errors import GraphrecError, InputError
from graphrec.experiments.events import Impression, Outcome

SCHEMA = """
CREATE TABLE IF NOT EXISTS impressions (
  request_id TEXT NOT NULL, experiment TEXT NOT NULL, variant TEXT, user_id TEXT NOT NULL, at INTEGER NOT NULL,
  policy TEXT NOT NULL, version TEXT, items TEXT NOT NULL,
  PRIMARY KEY (experiment, request_id, user_id, at)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS impressions_of_user ON impressions (user_id, experiment, at);
CREATE TABLE IF NOT EXISTS outcomes (
  event_id TEXT PRIMARY KEY, kind TEXT NOT NULL, user_id TEXT NOT NULL, item_id TEXT NOT NULL, at INTEGER NOT NULL,
  value REAL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outcomes_of_user ON outcomes (user_id, kind, at);
"""

COLUMNS = {
    "impressions": ("request_id", "experiment", "variant", "user_id", "at", "policy", "version", "items"),
    "outcomes": ("event_id", "kind", "user_id", "item_id", "at", "value"),
}

FILE = Path("experiments") / "events.sqlite"
"""Where it lies in a home."""

PATIENCE = 30.0
"""Seconds to wait while another process writes."""

POLL = 0.005
"""Seconds between two looks at the lock."""


class Store:
    """One file; a connection lives as long as one call, so that processes and threads may share the object.

    Writes go to SQLite's write-ahead log, which isn't flushed to the disk with each batch (synchronous NORMAL): a
    process that is killed loses nothing that was written, a machine that loses its power may lose the last batches.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread_lock = threading.Lock()
        self._file_lock = FileLock(path.with_name(path.name + ".lock"), thread_local=False, mode=0o600)

    def exists(self) -> bool:
        """Whether anything was ever written."""
        return self.path.is_file()

    def write(self, impressions: Iterable[Impression] = (), outcomes: Iterable[Outcome] = ()) -> None:
        """Append in one transaction. A request or an event that stands there already isn't written again."""
        shown = [_impression_row(one) for one in impressions]
        done = [(one.event_id, one.kind, one.user_id, one.item_id, one.at, one.value) for one in outcomes]
        with self._writing() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR IGNORE INTO impressions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", shown)
            connection.executemany("INSERT OR IGNORE INTO outcomes VALUES (?, ?, ?, ?, ?, ?)", done)

    def forget(self, user_id: str) -> int:
        """Delete what is known of a user, and say how many rows that were. The bytes are overwritten, the log too.

        Rows that a process still holds in its queue come later: stop serving the user first.
        """
        return self._delete("user_id = ?", user_id)

    def forget_before(self, at: int) -> int:
        """Delete what is older than a time (epoch ms), and say how many rows that were."""
        return self._delete("at < ?", at)

    def rows_of(self, user_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The table and the columns of each row about a user."""
        for table, columns in COLUMNS.items():
            for row in self.read(f"SELECT {', '.join(columns)} FROM {table} WHERE user_id = ?", (user_id,)):
                yield table, dict(zip(columns, row, strict=True))

    def count(self, condition: str, value: str | int) -> int:
        """How many rows there are with `user_id = ?` or `at < ?`."""
        found = [self.read(f"SELECT count(*) FROM {table} WHERE {condition}", (value,)) for table in COLUMNS]
        return sum(rows[0][0] for rows in found if rows)

    def vacuum(self) -> None:
        """Write the file anew without its free pages."""
        if self.exists():
            with self._writing() as connection:
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def has_explored(self) -> bool:
        """Whether lists are recorded that left something to chance outside of all experiments."""
        return bool(self.read("SELECT 1 FROM impressions WHERE experiment = '' LIMIT 1"))

    def read(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a SELECT; none where nothing was ever written."""
        if not self.exists():
            return []
        with self._reading() as connection:
            return connection.execute(statement, values).fetchall()

    def _delete(self, condition: str, value: str | int) -> int:
        if not self.exists():
            return 0
        with self._writing() as connection:
            connection.execute("PRAGMA secure_delete = ON")
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                n = sum(connection.execute(f"DELETE FROM {t} WHERE {condition}", (value,)).rowcount for t in COLUMNS)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return n

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._explained(), self._alone():
            if not self.exists():
                self._make()
            with closing(self._connected()) as connection:
                yield connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Beside those who write; only the ends of the connection hold the lock."""
        with self._explained():
            with self._alone():
                connection = self._connected()
            try:
                yield connection
            finally:
                with self._alone():
                    connection.close()

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._thread_lock, self._file_lock.acquire(timeout=PATIENCE, poll_interval=POLL):
            yield

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise GraphrecError(
                f"the events of experiments can't be kept or read in {self.path}: {error}; "
                "look whether the disk is full and the file is one of graphrec's"
            ) from error

    def _make(self) -> None:
        """Make the file for its owner alone, whole or not at all."""
        part = self.path.with_name(self.path.name + ".part")
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(part)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(SCHEMA)
        part.replace(self.path)


def _impression_row(one: Impression) -> tuple[Any, ...]:
    if not one.request_id or not one.user_id:
        raise InputError("an impression has a request_id and a user_id; one of them is empty")
    shown = enumerate(one.items, start=one.offset + 1)
    told = [[each.item_id, each.team, each.probability, place] for place, each in shown]
    items = json.dumps(told, ensure_ascii=False)
    return one.request_id, one.experiment, one.variant, one.user_id, one.at, one.policy, one.version, items
