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
    _remove_leftovers(root)
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


def _remove_leftovers(root: Path) -> None:
    for folder in root.glob("*-*"):
        pid = folder.name.rpartition("-")[2]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
