"""What has been run so far: a line of JSON a result, written as it comes, so that a stopped run goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Results:
    """The lines of a file."""

    path: Path

    def rows(self) -> list[dict[str, Any]]:
        """All lines; one that an interruption has left half written is passed over."""
        if not self.path.exists():
            return []
        found = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                continue
        return found

    def find(self, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """The last line that holds all of the key."""
        same = [row for row in self.rows() if all(row.get(name) == value for name, value in key.items())]
        return same[-1] if same else None

    def add(self, row: Mapping[str, Any]) -> None:
        """Append a line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        broken = self.path.exists() and not self.path.read_bytes().endswith(b"\n") and self.path.stat().st_size > 0
        with self.path.open("a", encoding="utf-8") as file:
            file.write("\n" * broken + json.dumps(row) + "\n")
