"""What hybrids have in common: parts that are fitted, kept beside each other, and told apart in a score."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InputError
from graphrec.models import create, load_model
from graphrec.models.arrays_model import ArraysModel
from graphrec.models.base import Block, Model, Progress
from graphrec.models.blend.settings import by_part
from graphrec.models.hybrids.scorers import Floats, Scorer, scorer
from graphrec.models.hybrids.settings import HybridSettings
from graphrec.models.validation import Validation
from graphrec.snapshot import Snapshot

Ints = NDArray[np.int64]
Parts = Mapping[str, Floats]
"""What each part adds to the scores of some pairs, by the part's name; they add up to the score."""


class Hybrid(ArraysModel):
    """Several models as one. `parts`: those that are fitted, by name, in the order of the settings."""

    kind: ClassVar[type[HybridSettings]]

    def __init__(self, settings: HybridSettings, part_settings: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        super().__init__(settings)
        self.part_settings = part_settings or {}
        unknown = sorted(set(self.part_settings) - set(settings.names))
        if unknown:
            raise InputError(f"no part {', '.join(unknown)} of {self.name}; there are {', '.join(settings.names)}")
        self.parts: dict[str, Model] = {name: self._create(name) for name in settings.names}
        self.needs_facts = any(getattr(part, "needs_facts", False) for part in self.parts.values())
        self._scorers: dict[str, Scorer] = {}

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """A hybrid that has learnt nothing yet; settings of a part are named `part.setting`."""
        parts = by_part(settings)
        return cls(cls.kind().changed(parts.pop("")), parts)

    @property
    def settings_dict(self) -> Mapping[str, Any]:
        given = {f"{part}.{name}": value for part, named in self.part_settings.items() for name, value in named.items()}
        return {**super().settings_dict, **given}

    @abstractmethod
    def parts_of(self, block: Block, row: Ints, column: Ints) -> Parts:
        """What each part adds to the scores of some pairs of a row and an item."""

    def reasons(self, block: Block, row: Ints, column: Ints, title: Any) -> list[str]:
        """“ease adds 1.20, popular 0.35”: the parts that add something, the largest first."""
        if not len(row):
            return []
        parts = self.parts_of(block, row, column)
        return [_told({name: float(values[n]) for name, values in parts.items()}) for n in range(len(row))]

    def save(self, folder: Path) -> None:
        """Write what was learnt, and the parts each in a folder of its own."""
        super().save(folder)
        for name, model in self.parts.items():
            (folder / "parts" / name).mkdir(parents=True, exist_ok=True)
            model.save(folder / "parts" / name)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        found = super().load(folder)
        found.parts = {name: load_model(name, folder / "parts" / name) for name in found.settings.names}
        return found

    def fitted(self, snapshot: Snapshot, progress: Progress | None, names: Sequence[str] | None = None) -> None:
        """Fit the parts anew, or some of them."""
        for name in names or self.settings.names:
            self.parts[name] = self._create(name).fit(snapshot, progress)
            self._scorers.pop(name, None)

    def said(self, name: str, block: Block) -> Floats:
        """What a part says of all items. −inf where it knows nothing."""
        if name not in self._scorers:
            self._scorers[name] = scorer(self.parts[name])
        return self._scorers[name](block)

    def validation(self, snapshot: Snapshot) -> Validation:
        """What is withheld to learn how to join the parts."""
        return Validation.of(snapshot, self.settings.validation_share, self.settings.seed)

    def _create(self, name: str) -> Model:
        given = dict(self.part_settings.get(name, {}))
        if "seed" in create(name).settings.kinds():
            given = {"seed": self.settings.seed, **given}
        return create(name, given)


def _told(parts: Mapping[str, float]) -> str:
    adding = sorted(((value, name) for name, value in parts.items() if value > 0), key=lambda p: (-p[0], p[1]))
    if not adding:
        return "nothing better is known"
    first, *others = adding
    return f"{first[1]} adds {first[0]:.2f}" + "".join(f", {name} {value:.2f}" for value, name in others)


def at(scores: Floats, row: Ints, column: Ints) -> Floats:
    """The scores of some pairs, 0 where nothing is known."""
    found = scores[row, column]
    return np.asarray(np.where(np.isfinite(found), found, 0))
