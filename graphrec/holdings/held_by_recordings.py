"""What experiments recorded of a person: what was shown, and what was done then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graphrec.experiments.store import FILE, Store


class HeldByRecordings:
    """Workers let go of what they recorded by themselves when they learn of the deletion; this takes the rest."""

    name = "experiments"

    def __init__(self, home: Path) -> None:
        self._store = Store(home / FILE)

    def count(self, user_id: str) -> Mapping[str, int]:
        """Rows by table."""
        return Counter(table for table, _ in self._store.rows_of(user_id))

    def remove(self, user_id: str) -> None:
        """Delete the rows, and overwrite their bytes."""
        self._store.forget(user_id)

    def rows(self, user_id: str) -> Iterator[tuple[str, Any]]:
        """Each row."""
        yield from self._store.rows_of(user_id)
