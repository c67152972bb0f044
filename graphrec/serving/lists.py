"""The lists of a version on the disk, mapped into memory: workers share the pages, and a start reads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from graphrec.errors import ModelError
from graphrec.versions import ModelVersion, version_folder

NO_ITEM = -1
PARTS = {"items": np.int32, "scores": np.float32, "because": np.int32}


@dataclass(frozen=True, eq=False)
class Lists:
    """Users × depth: an item's position (NO_ITEM after the end), its score, and the liked item that gives most to it
    (NO_ITEM where none leads there)."""

    items: NDArray[np.int32]
    scores: NDArray[np.float32]
    because: NDArray[np.int32]

    @property
    def depth(self) -> int:
        """The most items of a list."""
        return int(self.items.shape[1])

    @classmethod
    def new(cls, folder: Path, shape: tuple[int, int]) -> Self:
        """Empty lists in new files."""
        parts: dict[str, Any] = {
            name: open_memmap(folder / f"{name}.npy", mode="w+", dtype=kind, shape=shape)
            for name, kind in PARTS.items()
        }
        parts["items"][:] = NO_ITEM
        parts["because"][:] = NO_ITEM
        return cls(**parts)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The lists that `prepare` wrote. ModelError where they are missing or broken."""
        try:
            return cls(**{name: np.load(folder / f"{name}.npy", mmap_mode="r").view(np.ndarray) for name in PARTS})
        except (OSError, ValueError) as error:
            raise ModelError(f"expected prepared lists in {folder}, found none that can be read ({error})") from error

    @classmethod
    def none(cls) -> Self:
        """No lists, of no user."""
        return cls(**{name: np.zeros((0, 0), dtype=kind) for name, kind in PARTS.items()})

    def flush(self) -> None:
        """Bring what was written to the disk."""
        for name in PARTS:
            getattr(self, name).flush()


def empty_lists(folder: Path, places: Sequence[int]) -> None:
    """Let some users have no list, in the files as they lie: who has them mapped sees it at once."""
    for name in PARTS:
        part = np.load(folder / f"{name}.npy", mmap_mode="r+")
        part[list(places)] = 0 if name == "scores" else NO_ITEM
        part.flush()


def list_of(folder: Path, place: int) -> list[tuple[int, float]]:
    """The list of a user, best first: positions of items, and scores."""
    lists = Lists.read(folder)
    items = zip(lists.items[place].tolist(), lists.scores[place].tolist(), strict=True)
    return [(item, score) for item, score in items if item != NO_ITEM]


def lists_folder(home: Path, version: ModelVersion) -> Path:
    """Where the lists of a version lie: within its folder, so that they go when it goes."""
    return version_folder(home, version.name, version.version) / "lists"
