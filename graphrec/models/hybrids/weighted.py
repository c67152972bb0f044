"""The weighted hybrid: standardised scores of the parts, each times a weight that is learnt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphrec.errors import InputError
from graphrec.models.arrays_model import Arrays
from graphrec.models.base import Block, Progress
from graphrec.models.blend.learning import LEAST_GAIN, is_certain
from graphrec.models.hybrids.hybrid import Hybrid, Ints, Parts, at
from graphrec.models.hybrids.scorers import Floats, standardised
from graphrec.models.hybrids.settings import HybridSettings, numbers
from graphrec.models.hybrids.shortlists import Shortlists, shortlists
from graphrec.models.settings import Space
from graphrec.models.training_part import training_part
from graphrec.snapshot import Snapshot

DEPTH = 100
"""How many items of each part are looked at to learn the weights."""

STEPS = (0.3, 0.1, 0.03)


@dataclass(frozen=True)
class WeightedSettings(HybridSettings):
    """`weights`: those of the parts, as in `0.7+0.3`; without them they are learnt on what is withheld."""

    space: ClassVar[Space] = {"parts": ("chebyshev+p3alpha+popular", "ease+p3alpha+popular", "ease+chebyshev")}

    weights: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weights:
            given = numbers(self.weights, "weights")
            if len(given) != len(self.names) or min(given) < 0 or not sum(given) > 0:
                raise InputError(f"expected {len(self.names)} weights of at least 0, found {self.weights!r}")


class Weighted(Hybrid):
    """Σ_p weight(p) · z(p): what each part says, with mean 0 and deviation 1 over the items of a profile.

    A part has a weight only where what it adds is certain: few users tell little of small differences.
    """

    name = "weighted"
    kind = WeightedSettings

    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """Weights, and parts. Cost: that of the parts, twice where weights are learnt."""
        given = self.settings.weights
        weights = np.array(numbers(given, "weights")) if given else self._learnt(snapshot, progress)
        self.fitted(snapshot, progress)
        weights = weights / weights.sum()
        told = zip(self.settings.names, weights.tolist(), strict=True)
        self.metrics = {**self.metrics, **{f"weight_{name}": round(weight, 4) for name, weight in told}}
        return {"weights": weights}

    def scores(self, block: Block) -> Floats:
        """The weighted sum; −inf for items that no part knows."""
        tables = [self.said(name, block) for name in self.settings.names]
        total = np.sum([w * standardised(t) for w, t in zip(self.found["weights"], tables, strict=True)], axis=0)
        known = np.any([np.isfinite(table) for table in tables], axis=0)
        return np.asarray(np.where(known, total, -np.inf))

    def parts_of(self, block: Block, row: Ints, column: Ints) -> Parts:
        names = zip(self.settings.names, self.found["weights"], strict=True)
        return {name: w * at(standardised(self.said(name, block)), row, column) for name, w in names}

    def _learnt(self, snapshot: Snapshot, progress: Progress | None) -> Floats:
        """Equal ones where nothing can be withheld."""
        validation = self.validation(snapshot)
        if not len(validation.users):
            return np.ones(len(self.settings.names))
        part = training_part(snapshot, validation)
        self.fitted(part, progress)
        found = shortlists(part, validation, lambda b: [self.said(n, b) for n in self.settings.names], DEPTH)
        weights, quality = learn_weights(found)
        self.metrics = {"validation_quality@20": round(quality, 6)}
        return weights


def learn_weights(found: Shortlists) -> tuple[Floats, float]:
    """Weights that add up to 1, and the quality that they reach: the best part alone, and each other whose gain is
    certain."""
    n_parts = len(found.said)
    alone = [float(found.qualities(table).mean()) for table in found.said]
    order = np.argsort(alone)[::-1].tolist()
    best = np.eye(n_parts)[order[0]]
    for part in order[1:]:
        free = sorted({*np.flatnonzero(best).tolist(), part})
        more = _climb(found, best, free)
        if is_certain(_qualities(found, more) - _qualities(found, best)):
            best = more
    return best, float(_qualities(found, best).mean())


def _climb(found: Shortlists, start: Floats, free: list[int]) -> Floats:
    best, quality = start, float(_qualities(found, start).mean())
    for step in STEPS:
        moved = True
        while moved:
            moved = False
            for weights in _near(best, step, free):
                now = float(_qualities(found, weights).mean())
                if now > quality + LEAST_GAIN:
                    best, quality, moved = weights, now, True
    return best


def _near(weights: Floats, step: float, free: list[int]) -> Iterator[Floats]:
    """Each free weight a step up and a step down; all add up to 1."""
    for part in free:
        for change in (step, -step):
            moved = weights.copy()
            moved[part] = max(moved[part] + change, 0)
            if moved.sum() > 0:
                yield moved / moved.sum()


def _qualities(found: Shortlists, weights: Floats) -> Floats:
    return found.qualities(np.tensordot(weights, found.said, axes=1))
