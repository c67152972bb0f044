"""What every fitted model has, and what it tells while it learns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.models.past import Past
from graphrec.models.settings import Settings
from graphrec.snapshot import Snapshot
from graphrec.versions.learnt import Learnt
from graphrec.versions.vectors import Ids

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Report:
    """One epoch: `step` of `steps` within it, the mean loss so far, and at its end the validation recall@20.

    `memory`: about how many bytes the training takes.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    recall: float | None = None
    best_recall: float | None = None
    memory: int = 0


Progress = Callable[[Report], None]

Scores = Callable[[sparse.csr_array, NDArray[np.int64]], Vectors]
"""Rows of likes, and the positions of their users -> rows × items, dense; for a block of rows."""


class Model(Protocol):
    """A model that is fitted to a snapshot and kept in a folder of npz and JSON files."""

    name: str

    @property
    def settings(self) -> Settings:
        """What it learns with."""
        ...

    def fit(self, snapshot: Snapshot, progress: Progress | None = None) -> Self:
        """Learn from the snapshot alone; a second fit forgets the first."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model into a folder."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        ...


@runtime_checkable
class GraphModel(Model, Protocol):
    """A model whose findings go into the graph: vectors, similar items, or both. `metrics`: what the fit measured."""

    metrics: Mapping[str, float]

    @property
    def settings_dict(self) -> Mapping[str, Any]:
        """What to keep beside a version."""
        ...

    def fingerprint(self, snapshot: Snapshot) -> str:
        """The same for the same data, settings and revision of the model: a fit would learn the same again."""
        ...

    def learnt(self, snapshot: Snapshot) -> Learnt:
        """What a fit to the snapshot has found, for its users and items."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """A model that learns in steps. `checkpoints`: a folder to write to after each, and with `resume` to go on from."""

    checkpoints: Path | None
    resume: bool


def fingerprint_of(*parts: Any) -> str:
    """32 hexadecimal digits that are the same for the same parts (as JSON) only."""
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=16).hexdigest()


@runtime_checkable
class WarmModel(GraphModel, Resumable, Protocol):
    """A model that can follow an earlier version of itself.

    `previous`: the folder that the earlier one was saved to. What was withheld from that one stays withheld; with
    `warm` training starts at what it learnt, and is short. `past`: what this one learnt from, for the next.
    """

    previous: Path | None
    warm: bool
    past: Past

    def is_known(self, snapshot: Snapshot) -> bool:
        """Whether the previous one learnt from the same data with the same settings."""
        ...

    def untold(self, user_ids: Ids, item_ids: Ids) -> Scores:
        """What scores these items for these users, as it was before anything was learnt from the withheld pairs."""
        ...
