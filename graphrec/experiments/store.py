"""Impressions and outcomes in a SQLite file, to which several processes append in batches."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from graphrec.errors import GraphrecError, InputError
from graphrec.experiments.events import Impression, Outcome

SCHEMA = """
CREATE TABLE IF NOT EXISTS impressions (
  request_id TEXT NOT NULL, experiment TEXT NOT NULL, variant TEXT, user_id TEXT NOT NULL, at INTEGER NOT NULL,
  policy TEXT NOT NULL, version TEXT, items TEXT NOT NULL,
  PRIMARY KEY (experiment, request_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS impressions_of_user ON impressions (user_id, experiment, at);
CREATE TABLE IF NOT EXISTS outcomes (
  event_id TEXT PRIMARY KEY, kind TEXT NOT NULL, user_id TEXT NOT NULL, item_id TEXT NOT NULL, at INTEGER NOT NULL,
  value REAL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outcomes_of_user ON outcomes (user_id, kind, at);
"""

FILE = Path("experiments") / "events.sqlite"
"""Where it lies in a home."""

PATIENCE = 30.0
"""Seconds to wait while another process writes."""


class Store:
    """One file; a connection lives as long as one call, so that processes and threads may share the object.

    Writes go to SQLite's write-ahead log, which isn't flushed to the disk with each batch (synchronous NORMAL): a
    process that is killed loses nothing that was written, a machine that loses its power may lose the last batches.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        """Whether anything was ever written."""
        return self.path.is_file()

    def write(self, impressions: Iterable[Impression] = (), outcomes: Iterable[Outcome] = ()) -> None:
        """Append in one transaction. A request or an event that stands there already isn't written again."""
        shown = [_impression_row(one) for one in impressions]
        done = [(one.event_id, one.kind, one.user_id, one.item_id, one.at, one.value) for one in outcomes]
        with self._opened() as connection, connection:
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

    def read(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a SELECT; none where nothing was ever written."""
        if not self.exists():
            return []
        with self._opened() as connection:
            return connection.execute(statement, values).fetchall()

    def _delete(self, condition: str, value: str | int) -> int:
        if not self.exists():
            return 0
        with self._opened() as connection:
            connection.execute("PRAGMA secure_delete = ON")
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                tables = ("impressions", "outcomes")
                n = sum(connection.execute(f"DELETE FROM {t} WHERE {condition}", (value,)).rowcount for t in tables)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return n

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            if not self.exists():
                self._make()
            with closing(sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = NORMAL")
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise GraphrecError(
                f"the events of experiments can't be kept or read in {self.path}: {error}; "
                "look whether the disk is full and the file is one of graphrec's"
            ) from error

    def _make(self) -> None:
        """Make the file for its owner alone, beside others who may make it in the same moment."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.{os.urandom(4).hex()}.part")
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(part)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(SCHEMA)
        try:
            os.link(part, self.path)
        except FileExistsError:
            pass  # another was first; both files are the same
        finally:
            part.unlink()


def _impression_row(one: Impression) -> tuple[Any, ...]:
    if not one.request_id or not one.user_id:
        raise InputError("an impression has a request_id and a user_id; one of them is empty")
    items = json.dumps([[shown.item_id, shown.team, shown.probability] for shown in one.items], ensure_ascii=False)
    return one.request_id, one.experiment, one.variant, one.user_id, one.at, one.policy, one.version, items
