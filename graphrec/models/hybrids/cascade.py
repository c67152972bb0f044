"""The cascade: one part finds, the next puts the best of what it found into another order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphrec.errors import InputError
from graphrec.models.arrays_model import Arrays
from graphrec.models.base import Block, Progress
from graphrec.models.hybrids.hybrid import Hybrid, Ints, Parts
from graphrec.models.hybrids.scorers import Floats
from graphrec.models.hybrids.settings import HybridSettings, numbers
from graphrec.models.hybrids.shortlists import best_of
from graphrec.models.settings import Space
from graphrec.snapshot import Snapshot


@dataclass(frozen=True)
class CascadeSettings(HybridSettings):
    """`depths`: how many of the best each part after the first orders anew, falling, as in `200+50`."""

    space: ClassVar[Space] = {"depths": ("20", "50", "100", "200", "500")}

    parts: str = "p3alpha+chebyshev"
    depths: str = "100"

    def __post_init__(self) -> None:
        super().__post_init__()
        depths = numbers(self.depths, "depths")
        if len(depths) != len(self.names) - 1 or min(depths) < 1 or sorted(depths, reverse=True) != list(depths):
            raise InputError(f"expected {len(self.names) - 1} falling depths of at least 1, found {self.depths!r}")


class Cascade(Hybrid):
    """An item's score is the number of parts that ordered it anew, and its place from 0 to 1 with the last of them.

    What is liked already stays where the first part has it: it takes no place of those that are ordered anew.
    """

    name = "cascade"
    kind = CascadeSettings

    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """The parts alone."""
        self.fitted(snapshot, progress)
        return {}

    def scores(self, block: Block) -> Floats:
        """Whole numbers are stages; −inf for what the first part knows nothing of."""
        first, *later = self.settings.names
        total = between(self.said(first, block))
        for name, depth in zip(later, numbers(self.settings.depths, "depths"), strict=True):
            columns = best_of(total, block.rows, int(depth))
            found = np.take_along_axis(total, columns, axis=1)
            liked = np.zeros(total.shape, dtype=bool)
            liked[block.rows.nonzero()] = True
            may = np.isfinite(found) & ~np.take_along_axis(liked, columns, axis=1)
            said = np.where(may, np.take_along_axis(self.said(name, block), columns, axis=1), -np.inf)
            stage = np.floor(np.max(np.where(may, found, 0), axis=1, keepdims=True, initial=0)) + 1
            anew = np.where(may, stage + np.maximum(between(said), 0), found)
            np.put_along_axis(total, columns, anew, axis=1)
        return total

    def parts_of(self, block: Block, row: Ints, column: Ints) -> Parts:
        """The first part adds what brought an item to the last stage that it reached, that stage's part the rest."""
        scores = self.scores(block)[row, column]
        stage = np.floor(np.where(np.isfinite(scores), scores, 0)).astype(np.int64)
        stage = np.minimum(stage, len(self.settings.names) - 1)
        place = np.where(np.isfinite(scores), scores - stage, 0)
        parts = {name: np.where(stage == n, place, 0) for n, name in enumerate(self.settings.names)}
        for n, name in enumerate(self.settings.names[:-1]):
            parts[name] = parts[name] + (stage > n)
        return parts


SPAN = 0.999
"""Places of a stage lie from 0 to this, so that the best of one stays below the next."""


def between(scores: Floats) -> Floats:
    """Scores of each row from 0 to nearly 1; −inf stays."""
    known = np.isfinite(scores)
    low = np.min(np.where(known, scores, np.inf), axis=1, keepdims=True, initial=np.inf)
    high = np.max(np.where(known, scores, -np.inf), axis=1, keepdims=True, initial=-np.inf)
    span = np.where(high > low, high - low, 1)
    return np.asarray(np.where(known, SPAN * np.where(known, scores - low, 0) / span, -np.inf))
