"""What the journal of events and changes holds of a person, refused ones among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from graphrec.journal import Journal


class HeldByJournal:
    """Rows are emptied once Neo4j has them: run it after the graph."""

    name = "journal"

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def count(self, user_id: str) -> Mapping[str, int]:
        """Rows of events and changes, and rows that Neo4j refused."""
        return Counter(table for table, _, _ in self._journal.rows_of(user_id))

    def remove(self, user_id: str) -> None:
        """Empty the rows, and overwrite their bytes."""
        self._journal.empty(user_id)

    def rows(self, user_id: str) -> Iterator[tuple[str, Any]]:
        """The content of each row."""
        for table, sequence, said in self._journal.rows_of(user_id):
            yield table, {"sequence": sequence, **_of(said, user_id)}


def _of(said: Mapping[str, Any], user_id: str) -> Mapping[str, Any]:
    """A row as it is; of another user who follows this one, that and nothing more."""
    return said if said.get("user_id") == user_id else {"what": said["what"], "follows": [user_id]}
