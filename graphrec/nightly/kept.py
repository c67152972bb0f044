"""A snapshot in a file, so that an interrupted run goes on with the same data, whatever the graph has got since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphrec.snapshot import Snapshot
from graphrec.versions.arrays import matrix_arrays, matrix_of, read_arrays, read_ids, write_arrays

MATRICES = ("matrix", "seen", "tags", "follows", "rated")
IDS = ("user_ids", "item_ids", "tag_names")
COLUMNS = ("rating", "last_at")


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Write all of it; the file is there whole or not at all."""
    arrays = {name: getattr(snapshot, name) for name in COLUMNS}
    for name in MATRICES:
        arrays |= matrix_arrays(name, getattr(snapshot, name))
    write_arrays(path, arrays, {name: getattr(snapshot, name) for name in IDS})


def read_snapshot(path: Path) -> Snapshot:
    """What `write_snapshot` wrote. Raises ModelError if it is missing or broken."""
    arrays = read_arrays(path)
    found: dict[str, Any] = {name: read_ids(arrays, name) for name in IDS} | {name: arrays[name] for name in COLUMNS}
    users, items, tags = (len(found[name]) for name in IDS)
    shapes = {"matrix": (users, items), "seen": (users, items), "tags": (items, tags), "follows": (users, users)}
    shapes |= {"rated": (users, items)}
    for name, shape in shapes.items():
        found[name] = matrix_of(arrays, name, shape)
        found[name].has_canonical_format = True
    return Snapshot(**found)
