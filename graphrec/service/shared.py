"""A folder of the home in which workers keep numbers that are summed over all of them."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus-client learns of the folder, when it is imported."""


@contextmanager
def shared_numbers(home: Path) -> Iterator[Path]:
    """A new, empty folder, which the workers that start next find by the environment.

    A lock beside it is held meanwhile, so that folders of services that have ended are told from those of services that
    run beside this one, and are removed.
    """
    place = home / "service" / "metrics"
    place.mkdir(parents=True, exist_ok=True)
    folder = place / uuid.uuid4().hex
    mine = FileLock(_lock_of(folder), mode=0o600)
    with FileLock(place / "start.lock", mode=0o600):
        _remove_what_ended(place)
        mine.acquire()
        folder.mkdir()
    os.environ[FOLDER] = str(folder)
    try:
        yield folder
    finally:
        os.environ.pop(FOLDER, None)
        mine.release()


def _remove_what_ended(place: Path) -> None:
    for folder in [path for path in place.iterdir() if path.is_dir()]:
        lock = FileLock(_lock_of(folder), mode=0o600)
        try:
            with lock.acquire(timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except Timeout:
            continue
        _lock_of(folder).unlink(missing_ok=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + ".lock")
