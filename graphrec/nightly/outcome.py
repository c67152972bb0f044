"""How a night ended: for people a sentence, for schedulers an exit status and a JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from graphrec.server.home import write_file

STATUSES: Mapping[str, int] = {
    "swapped": 0,
    "unchanged": 0,
    "rolled back": 0,
    "failed": 1,
    "kept": 3,
    "refused": 4,
    "busy": 5,
}
"""The exit status of each decision; 2 is wrong usage, as everywhere."""


@dataclass(frozen=True)
class Outcome:
    """One run. `live`: the version that readers see now, `before`: the one that they saw; None where there is none.

    `metrics`: recall@20 and NDCG@20 by `new` and `live`, over `n_pairs` pairs of `n_users` users that were withheld
    from both. `seconds`: how long each step took, those of an interrupted run before it among them.
    """

    model: str
    decision: str
    says: str
    started_at: str
    before: int | None = None
    live: int | None = None
    resumed: bool = False
    warm: bool = False
    margin: float = 0.0
    n_users: int = 0
    n_pairs: int = 0
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    loaded: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The exit status."""
        return STATUSES[self.decision]

    def as_dict(self) -> dict[str, Any]:
        """All of it, with the exit status; the steps are a list, in their order."""
        body = asdict(self)
        steps = [{"step": step, "seconds": seconds} for step, seconds in body.pop("seconds").items()]
        return {**body, "steps": steps, "status": self.status}

    def write(self, path: Path) -> None:
        """As JSON, in one step; the folder is made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, json.dumps(self.as_dict(), sort_keys=True, ensure_ascii=False, indent=2) + "\n")
