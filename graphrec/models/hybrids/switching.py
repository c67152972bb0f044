"""The switching hybrid: each profile is answered by one part, by how much is known of it or by its context."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from graphrec.errors import InputError
from graphrec.models.arrays_model import Arrays
from graphrec.models.base import Block, Progress
from graphrec.models.hybrids.hybrid import Hybrid, Ints, Parts, at
from graphrec.models.hybrids.scorers import Floats
from graphrec.models.hybrids.settings import HybridSettings, numbers
from graphrec.models.settings import Space
from graphrec.snapshot import Snapshot

RANGE = re.compile(r"(\d{1,18})\.\.(\d{1,18})")


@dataclass(frozen=True)
class SwitchingSettings(HybridSettings):
    """`least`: how many liked items each part needs, rising, as in `0+5`. With `context`, a key of the profile's
    context, its `values` say which part answers, and the last part answers what isn't among them. A value such as
    `18..23` stands for the whole numbers from the one to the other; `22..5` goes on after midnight."""

    space: ClassVar[Space] = {"least": ("0+3", "0+5", "0+10", "0+20")}

    parts: str = "p3alpha+chebyshev"
    least: str = "0+5"
    context: str = ""
    values: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        needed = numbers(self.least, "least")
        if not self.context and (len(needed) != len(self.names) or sorted(set(needed)) != list(needed)):
            raise InputError(f"expected {len(self.names)} rising numbers of liked items, found least={self.least!r}")
        if self.context and len(self.values.split("+")) != len(self.names) - 1:
            raise InputError(
                f"expected a value of {self.context} for each part but the last, found values={self.values!r}"
            )


class Switching(Hybrid):
    """The scores of the part that a profile falls to, as that part gives them."""

    name = "switching"
    kind = SwitchingSettings

    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """The parts alone: the rule is declared."""
        self.fitted(snapshot, progress)
        return {}

    def scores(self, block: Block) -> Floats:
        """Each part is asked once, for the rows that fall to it."""
        found = np.full((len(block.users), len(self.item_ids)), -np.inf)
        part_of = self._part_of(block)
        for n, name in enumerate(self.settings.names):
            mine = np.flatnonzero(part_of == n)
            if len(mine):
                found[mine] = self.said(name, rows_of_block(block, mine))
        return found

    def parts_of(self, block: Block, row: Ints, column: Ints) -> Parts:
        scores, part_of = at(self.scores(block), row, column), self._part_of(block)[row]
        return {name: np.where(part_of == n, scores, 0) for n, name in enumerate(self.settings.names)}

    def reasons(self, block: Block, row: Ints, column: Ints, title: Any) -> list[str]:
        """“chebyshev answers for those who like 5 items or more”."""
        s = self.settings
        values = [f"where {s.context} is {value}" for value in s.values.split("+")] + ["otherwise"]
        least = [f"for those who like {n:g} items or more" for n in numbers(s.least, "least")]
        why = values if s.context else least
        told = [f"{name} answers {when}" for name, when in zip(s.names, why, strict=True)]
        return [told[n] for n in self._part_of(block)[row].tolist()]

    def _part_of(self, block: Block) -> Ints:
        """Which part answers each row; those below the first number fall to the first."""
        s = self.settings
        if s.context:
            values, contexts = s.values.split("+"), block.contexts or ({},) * len(block.users)
            return np.array([place_among(values, c.get(s.context)) for c in contexts], dtype=np.int64)
        n_liked = np.diff(block.rows.indptr)
        return np.maximum(np.searchsorted(numbers(s.least, "least"), n_liked, side="right") - 1, 0).astype(np.int64)


def place_among(values: Sequence[str], told: Any) -> int:
    """The place of the first value that holds what is told; the number of values where none does."""
    return next((n for n, value in enumerate(values) if holds(value, str(told))), len(values))


def holds(value: str, told: str) -> bool:
    """Whether a value, or a range of whole numbers such as 18..23, holds a text; one from the larger goes round."""
    if value == told:
        return True
    span = RANGE.fullmatch(value)
    if not span or not told.isascii() or not told.isdigit():
        return False
    low, high, number = int(span[1]), int(span[2]), int(told)
    return low <= number <= high if low <= high else number >= low or number <= high


def rows_of_block(block: Block, rows: Ints) -> Block:
    """Some rows of a block."""
    contexts = tuple(block.contexts[row] for row in rows.tolist()) if block.contexts else ()
    return Block(block.rows[rows], block.users[rows], tuple(block.histories[row] for row in rows.tolist()), contexts)
