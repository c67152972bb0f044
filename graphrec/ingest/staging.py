"""Folders for one load each, and one load at a time into a local home."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from filelock import FileLock

from graphrec.server import Home


@contextmanager
def staging_folder(home: Home, what: str) -> Iterator[Path]:
    """A new folder HOME/staging/WHAT-PID, gone afterwards; what killed commands left there goes first."""
    home.make()
    root = home.root / "staging"
    remove_leftovers(home.root)
    folder = root / f"{what}-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def one_load(home: Home) -> Iterator[None]:
    """Inside, no other command loads into this home; a second one waits."""
    home.make()
    with FileLock(home.root / "load.lock"):
        yield


def leftovers(home: Path) -> list[Path]:
    """Folders of commands that were killed."""
    return [folder for folder in sorted((home / "staging").glob("*-*")) if not _is_in_use(folder)]


def remove_leftovers(home: Path) -> int:
    """How many folders that killed commands left there were removed."""
    found = leftovers(home)
    for folder in found:
        shutil.rmtree(folder, ignore_errors=True)
    return len(found)


def _is_in_use(folder: Path) -> bool:
    pid = folder.name.rpartition("-")[2]
    return not pid.isdigit() or psutil.pid_exists(int(pid))
