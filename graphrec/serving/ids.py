"""Outside ids and their positions. A position never changes and is never given twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import UnknownIdError

Bools = NDArray[np.bool_]


@dataclass(eq=False)
class Ids:
    """New ids go to the end, and so does one that comes again after it was removed: nothing is known of it then.

    `gone` says of each position whether its id was removed; None until the first is, so that nobody need ask before.
    """

    names: list[str] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    gone: Bools | None = None

    def add(self, name: str) -> int:
        """The position of an id, a new one where it isn't there yet."""
        place = self.places.get(name)
        if place is None:
            place = len(self.names)
            if self.gone is not None and place >= len(self.gone):
                self.gone = np.concatenate([self.gone, np.zeros(place, dtype=bool)])
            self.names.append(name)  # first: who reads the place finds the name
            self.places[name] = place
        return place

    def add_all(self, names: Iterable[str]) -> NDArray[np.int64]:
        """The positions of ids."""
        return np.array([self.add(name) for name in names], dtype=np.int64)

    def remove(self, name: str) -> int | None:
        """The position that an id had; None where it wasn't there."""
        place = self.places.get(name)
        if place is not None:
            if self.gone is None:
                self.gone = np.zeros(len(self.names) + 1, dtype=bool)
            self.gone[place] = True
            del self.places[name]
        return place

    def is_there(self, places: NDArray[np.integer]) -> Bools:
        """Which positions are those of ids that weren't removed; −1 is one."""
        if self.gone is None:
            return np.ones(len(places), dtype=bool)
        return np.asarray(~self.gone[places] | (places < 0))

    def removed(self) -> frozenset[str]:
        """The ids that were removed and haven't come again."""
        if self.gone is None:
            return frozenset()
        return frozenset(name for place in np.flatnonzero(self.gone) if (name := self.names[place]) not in self.places)

    def find(self, names: Iterable[str], word: str) -> list[int]:
        """The positions of ids that must be there. UnknownIdError names the first that isn't."""
        found = []
        for name in names:
            if name not in self.places:
                raise UnknownIdError(f"no {word} '{name[:80]}' is known; check the id, or load it first")
            found.append(self.places[name])
        return found

    def __len__(self) -> int:
        return len(self.names)
