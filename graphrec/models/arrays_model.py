"""What models that score items have in common: what they learn are arrays, kept in one file with their settings."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InputError
from graphrec.models.base import Block, Progress, fingerprint_of
from graphrec.models.settings import Settings
from graphrec.snapshot import Snapshot
from graphrec.versions.arrays import read_arrays, read_ids, write_arrays

FILE = "model.npz"
Arrays = dict[str, NDArray[Any]]


class ArraysModel(ABC):
    """A scoring model. A subclass names itself and its settings, and says what it learns and how that scores.

    `found`: what was learnt, by name. Arrays with a row a user have names of `graphrec.versions.forgetting`.
    `needs_facts`: whether a snapshot must tell what is said of items and users. `REVISION` is raised whenever the same
    data and settings learn something else than before.
    """

    name: str = ""
    kind: ClassVar[type[Settings]] = Settings
    REVISION: ClassVar[int] = 1
    needs_facts: bool = False

    def __init__(self, settings: Settings) -> None:
        self.settings: Any = settings
        self.metrics: Mapping[str, float] = {}
        self.user_ids: NDArray[np.object_] = np.zeros(0, dtype=object)
        self.item_ids: NDArray[np.object_] = np.zeros(0, dtype=object)
        self.found: Arrays = {}

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """A model that has learnt nothing yet, with some settings replaced."""
        return cls(cls.kind().changed(settings))

    def fit(self, snapshot: Snapshot, progress: Progress | None = None) -> Self:
        """Learn from the snapshot. InputError without a single pair."""
        if not snapshot.matrix.nnz:
            raise InputError("expected at least one user who likes an item, found none; load interactions first")
        self.found = self.learn(snapshot, progress)
        self.user_ids, self.item_ids = snapshot.user_ids, snapshot.item_ids
        self.prepare()
        return self

    @abstractmethod
    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """What a fit finds."""

    def prepare(self) -> None:  # noqa: B027  (most models need nothing)
        """Make what every answer needs from what was learnt; done once after a fit and after a load."""

    @abstractmethod
    def scores(self, block: Block) -> NDArray[np.floating]:
        """Rows × items, the higher the better; −inf where nothing leads to an item."""

    @property
    def settings_dict(self) -> Mapping[str, Any]:
        """What to keep beside a version."""
        settings: Settings = self.settings
        return settings.as_dict()

    def fingerprint(self, snapshot: Snapshot) -> str:
        """The same where a fit would learn the same."""
        said = [facts.digest() for facts in (snapshot.facts, snapshot.people) if facts and self.needs_facts]
        return fingerprint_of(self.name, self.REVISION, snapshot.digest(), self.settings_dict, *said)

    def save(self, folder: Path) -> None:
        """Write what was learnt, the ids and the settings."""
        body = json.dumps({"name": self.name, "settings": dict(self.settings_dict), "metrics": dict(self.metrics)})
        ids = {"user_ids": self.user_ids, "item_ids": self.item_ids}
        write_arrays(folder / FILE, {**self.found, "body": np.array(body)}, ids)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote. ModelError where there is none."""
        arrays = read_arrays(folder / FILE)
        body = json.loads(str(arrays.pop("body")))
        model = cls.of(body["settings"])
        model.metrics = body["metrics"]
        model.user_ids, model.item_ids = read_ids(arrays, "user_ids"), read_ids(arrays, "item_ids")
        packed = {f"{name}_ids_{part}" for name in ("user", "item") for part in ("utf8", "ends")}
        model.found = {name: array for name, array in arrays.items() if name not in packed}
        model.prepare()
        return model
