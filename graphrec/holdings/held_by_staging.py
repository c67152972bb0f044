"""What loads that were killed left behind in the home; nobody reads it any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graphrec.ingest.staging import leftovers, remove_leftovers


class HeldByStaging:
    """Whole folders go, whoever they speak of: they are never gone on with."""

    name = "staging"

    def __init__(self, home: Path) -> None:
        self._home = home

    def count(self, user_id: str) -> Mapping[str, int]:
        """Folders of loads that were killed."""
        n = len(leftovers(self._home))
        return {"folders of killed loads": n} if n else {}

    def remove(self, user_id: str) -> None:
        """Remove the folders."""
        remove_leftovers(self._home)

    def rows(self, user_id: str) -> Iterator[tuple[str, Any]]:
        """Nothing: what lies there was never taken over, and is told in no other way than by its folder."""
        yield from (("folder", folder.name) for folder in leftovers(self._home))
