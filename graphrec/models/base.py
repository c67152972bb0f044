"""What every fitted model has, and what it tells while it learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from graphrec.models.past import Past
from graphrec.snapshot import Snapshot

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Report:
    """One epoch: `step` of `steps` within it, the mean loss so far, and at its end the validation recall@20."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    recall: float | None = None
    best_recall: float | None = None


Progress = Callable[[Report], None]


class Model(Protocol):
    """A model that is fitted to a snapshot and kept in a folder of npz and JSON files."""

    name: str

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
class EmbeddingModel(Model, Protocol):
    """A model whose scores come from vectors: their cosine or their dot product, as `metric` says.

    `checkpoints`: a folder to write to after each epoch, and with `resume` to go on from.
    """

    checkpoints: Path | None
    resume: bool
    metrics: Mapping[str, float]
    user_ids: NDArray[np.object_]
    item_ids: NDArray[np.object_]
    user_vectors: Vectors
    item_vectors: Vectors

    @property
    def metric(self) -> str:
        """`cosine` or `dot`."""
        ...

    @property
    def settings_dict(self) -> Mapping[str, Any]:
        """What to keep beside a version."""
        ...

    def fingerprint(self, snapshot: Snapshot) -> str:
        """The same for the same data, settings and revision of the model: a fit would learn the same again."""
        ...


@runtime_checkable
class WarmModel(EmbeddingModel, Protocol):
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

    def untold_vectors(self) -> tuple[Vectors, Vectors]:
        """Users' and items' vectors as they are where nobody knows of the withheld pairs, to judge the model by."""
        ...
