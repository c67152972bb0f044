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


@dataclass(frozen=True, eq=False)
class Block:
    """Profiles to be scored together.

    `rows`: float32 CSR, rows × items, how much each liked item weighs. `users`: int64, the place of each row's user in
    the model's `user_ids`, −1 for a visitor. `histories`: the places of the liked items of each row, the oldest first.
    `contexts`: what is known of each row's moment, or nothing for all.
    """

    rows: sparse.csr_array
    users: NDArray[np.int64]
    histories: tuple[NDArray[np.int64], ...]
    contexts: tuple[Mapping[str, Any], ...] = ()


@runtime_checkable
class ScoringModel(Model, Protocol):
    """A model that scores every item for a profile, from its files: it needs nothing in the graph.

    Places are those of its own ids, which are sorted. `save` gives arrays with a row a user the names in ROWS and
    MATRICES of `graphrec.versions.forgetting`, beside `user_ids`, so that people can be forgotten in its files.
    """

    metrics: Mapping[str, float]
    user_ids: Ids
    item_ids: Ids

    @property
    def settings_dict(self) -> Mapping[str, Any]:
        """What to keep beside a version."""
        ...

    def fingerprint(self, snapshot: Snapshot) -> str:
        """The same for the same data, settings and revision of the model: a fit would learn the same again."""
        ...

    def scores(self, block: Block) -> NDArray[np.floating]:
        """Rows × items, float32 or float64, the higher the better; −inf where nothing leads to an item.

        A row depends on its own profile alone, never on the others of the block.
        """
        ...


@runtime_checkable
class HasItemVectors(Protocol):
    """A model whose items lie near to each other where they are alike."""

    @property
    def item_vectors(self) -> Vectors:
        """Items × numbers, compared by cosine; zeros where nothing is known of an item."""
        ...


@runtime_checkable
class HasCloseness(Protocol):
    """A model that says itself how near items are to each other."""

    def closeness(self, items: NDArray[np.int64]) -> NDArray[np.floating]:
        """Items × all items; −inf where nothing leads from the one to the other."""
        ...


@runtime_checkable
class Explaining(Protocol):
    """A model that can tell why itself."""

    def reasons(
        self, block: Block, row: NDArray[np.int64], column: NDArray[np.int64], title: Callable[[int], str]
    ) -> list[str]:
        """A plain sentence for each pair of a row and an item; people only as counts, and never of few."""
        ...


@runtime_checkable
class RatingModel(ScoringModel, Protocol):
    """A model that tells what users would rate items with."""

    def predict(self, users: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.float64]:
        """A rating for each pair of places, −1 for those unknown: on the data's scale, never NaN."""
        ...


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
