"""The journal of a run: which step it is at, so that a killed run can be gone on with."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from graphrec.server.home import write_file

STEPS = ("load", "audit", "features", "snapshot", "train", "compare", "publish", "swap")

RESUMED_HOURS = 12
"""A run that was begun longer ago isn't gone on with: the next night has other data."""

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class Record:
    """What the file says. `asked`: a digest of what the run is to do; `began_at`: epoch ms; `step`: where it is.

    `loading`: the path of new data. `before`: the version that was live when the snapshot was taken. `found`: what is
    to be reported of done steps.
    """

    asked: str
    began_at: int
    loading: str = ""
    step: str = ""
    before: int | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    found: Mapping[str, Any] = field(default_factory=dict)


class Journal:
    """HOME/models/NAME/.retrain/state.json, replaced in one step whenever the run gets on."""

    def __init__(self, folder: Path, record: Record, progress: Progress | None, resumed: bool) -> None:
        self.folder = folder
        self.record = record
        self.resumed = resumed
        self._progress = progress or (lambda what, done, total: None)
        self._began = time.monotonic()

    @classmethod
    def open(cls, folder: Path, wanted: Record, progress: Progress | None, fresh: bool) -> Journal:
        """The journal of the run that was asked for: the one that is there, if it is that run's, else a new one."""
        found = read(folder)
        age = wanted.began_at - found.began_at if found else 0
        if found and found.asked == wanted.asked and age < RESUMED_HOURS * 3_600_000 and not fresh:
            return cls(folder, found, progress, resumed=True)
        shutil.rmtree(folder, ignore_errors=True)
        return cls(folder, wanted, progress, resumed=False)

    def is_done(self, step: str) -> bool:
        """Whether a step was ended, now or before the run was interrupted."""
        return step in self.record.seconds

    @contextmanager
    def step(self, step: str) -> Iterator[None]:
        """A step: written down when it begins and when it has ended."""
        self.begin(step)
        yield
        self.end(step)

    def begin(self, step: str) -> None:
        """From here on the run is at this step."""
        self._write(replace(self.record, step=step))
        self._began = time.monotonic()
        self._progress(step, 0, 1)

    def end(self, step: str) -> None:
        """The step is done."""
        seconds = {**self.record.seconds, step: round(time.monotonic() - self._began, 3)}
        self._write(replace(self.record, seconds=seconds))
        self._progress(step, 1, 1)

    def tell(self, what: str, done: int, total: int) -> None:
        """Pass on how far something within a step is."""
        self._progress(what, done, total)

    def note(self, before: int | None, **found: Any) -> None:
        """Keep what was found; written with the next step."""
        self.record = replace(self.record, before=before, found={**self.record.found, **found})

    def back_to(self, step: str) -> None:
        """Forget a step and those after it."""
        earlier = STEPS[: STEPS.index(step)]
        seconds = {name: value for name, value in self.record.seconds.items() if name in earlier}
        self._write(replace(self.record, seconds=seconds))

    def close(self) -> None:
        """The run has ended: nothing is left of it."""
        (self.folder / FILE).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, record: Record) -> None:
        self.record = record
        self.folder.mkdir(parents=True, exist_ok=True)
        write_file(self.folder / FILE, json.dumps(asdict(record)))


def read(folder: Path) -> Record | None:
    """What the file in a folder says, None where there is none that can be read."""
    try:
        return Record(**json.loads((folder / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


FILE = "state.json"
