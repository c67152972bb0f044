"""Properties of items as columns that grow: numbers with NaN and texts with None where an item lacks them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.features.standing import standing

GROWTH = 1.25


class Properties:
    """`numbers`: float64 columns by name, true and false as 1 and 0; `texts`: object columns. A column may be shorter
    than there are items, or longer."""

    def __init__(self, numbers: Mapping[str, NDArray[np.float64]], texts: Mapping[str, NDArray[np.object_]]) -> None:
        self.numbers = dict(numbers)
        self.texts = dict(texts)
        self._places: dict[str, NDArray[np.float64]] = {}

    @classmethod
    def of(cls, rows: Iterable[tuple[int, Mapping[str, Any]]], n_items: int) -> Properties:
        """From pairs of a position and what is known of it."""
        found = cls({}, {})
        for item, properties in rows:
            found.put(item, properties, n_items)
        return found

    def put(self, item: int, properties: Mapping[str, Any], n_items: int) -> None:
        """Set what is named; None takes a property away, and so does a value that is neither number nor text."""
        for name, value in properties.items():
            self._places.pop(name, None)
            is_number, is_text = isinstance(value, int | float), isinstance(value, str)
            self._set_number(name, item, float(value) if is_number else np.nan, n_items)
            self._set_text(name, item, value if is_text else None, n_items)

    def places(self, name: str) -> NDArray[np.float64]:
        """Where each item stands by a number, from 0 for the least to 1 for the most; 0 for one that lacks it.

        Equal ones stand between. Worked out once, and anew after a change."""
        found = self._places.get(name)
        if found is None:
            found = self._places[name] = np.nan_to_num(standing(self.numbers[name]))
        return found

    def clear(self, item: int) -> None:
        """Take all properties of an item away."""
        self.put(item, dict.fromkeys([*self.numbers, *self.texts]), item + 1)

    def _set_number(self, name: str, item: int, value: float, n_items: int) -> None:
        column = self.numbers.get(name)
        if column is None or item >= len(column):
            if np.isnan(value):
                return
            column = _grown(column, np.full(_room(column, n_items), np.nan))
            self.numbers[name] = column
        column[item] = value

    def _set_text(self, name: str, item: int, value: str | None, n_items: int) -> None:
        column = self.texts.get(name)
        if column is None or item >= len(column):
            if value is None:
                return
            column = _grown(column, np.full(_room(column, n_items), None, dtype=object))
            self.texts[name] = column
        column[item] = value


def _room(column: NDArray[Any] | None, n_items: int) -> int:
    """How long a column is made: exactly, and with some to spare where it grows."""
    return n_items if column is None else max(n_items, int(GROWTH * len(column)) + 1)


def _grown(column: NDArray[Any] | None, longer: NDArray[Any]) -> NDArray[Any]:
    if column is not None:
        longer[: len(column)] = column
    return longer
