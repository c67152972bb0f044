"""Checkpoints: all that training needs to go on as if it had never stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.versions.arrays import read_arrays, write_arrays

FILE = "checkpoint.npz"


@dataclass(eq=False)
class State:
    """Where training stands after `epoch` epochs. `arrays`: weights and the optimiser's moments, now and at best."""

    fingerprint: str
    epoch: int = 0
    best_epoch: int = 0
    best_recall: float = -1.0
    finished: bool = False
    history: tuple[Mapping[str, float], ...] = ()
    arrays: Mapping[str, NDArray[Any]] | None = None


def write_state(folder: Path, state: State) -> None:
    """Replace the checkpoint; a kill leaves the old one or the new one."""
    body = {name: getattr(state, name) for name in _PLAIN}
    write_arrays(folder / FILE, {**(state.arrays or {}), "state": np.array(json.dumps(body))})


def read_state(folder: Path | None, fingerprint: str) -> State | None:
    """The checkpoint in a folder, if there is one of the same data and settings."""
    if folder is None or not (folder / FILE).is_file():
        return None
    arrays = read_arrays(folder / FILE)
    body = json.loads(str(arrays.pop("state")))
    if body["fingerprint"] != fingerprint:
        return None
    return State(**{**body, "history": tuple(body["history"])}, arrays=arrays)


def discard_state(folder: Path) -> None:
    """Forget the checkpoint."""
    (folder / FILE).unlink(missing_ok=True)


_PLAIN = ("fingerprint", "epoch", "best_epoch", "best_recall", "finished", "history")
