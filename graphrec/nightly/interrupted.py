"""Nights that were interrupted, and what they read of the graph."""

from __future__ import annotations

import shutil
from pathlib import Path

from filelock import FileLock, Timeout

SNAPSHOT = "snapshot.npz"
FOLDER, LOCK = ".retrain", ".retrain.lock"


def interrupted(home: Path) -> list[Path]:
    """The folders below HOME/models of nights that have read the graph and have not ended."""
    return sorted(path.parent for path in (home / "models").glob(f"*/{FOLDER}/{SNAPSHOT}"))


def drop_interrupted(home: Path) -> int:
    """Drop what interrupted nights have read, with what they have learnt from it; how many they were.

    All that such a night was given is loaded already, so the next one reads the graph as it is then. One that is at
    work is left alone: it drops what it has read when it ends.
    """
    n = 0
    for folder in interrupted(home):
        try:
            with FileLock(folder.parent / LOCK, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
                n += 1
        except Timeout:
            continue
    return n
