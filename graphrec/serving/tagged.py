"""Which items have which tags: a matrix as it was read, and beside it the rows that were changed since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.errors import UnknownIdError
from graphrec.serving.ids import Bools

MOST_CHANGED = 500
"""Rows beside the matrix, before they are put into it: each costs a reader a little, the matrix a writer much."""

NOTHING: Mapping[int, float] = {}


@dataclass(frozen=True, eq=False)
class _Held:
    """Items × tags by rows and by columns, and rows that count in place of its own."""

    rows: sparse.csr_array
    columns: sparse.csc_array
    changed: Mapping[int, Mapping[int, float]] = field(default_factory=dict)

    @cached_property
    def has_any(self) -> bool:
        """Whether an item has a tag: in a row that is changed, or in one of the others."""
        in_place = [item for item in self.changed if item < self.rows.shape[0]]
        replaced = int(np.diff(self.rows.indptr)[in_place].sum())
        return self.rows.nnz > replaced or any(self.changed.values())


class Tagged:
    """Items by position, tags by their place in `names`. What is held is replaced in one step, never changed."""

    def __init__(self, rows: sparse.csr_array, names: Sequence[str]) -> None:
        self.names = list(names)
        self.places = {name: place for place, name in enumerate(self.names)}
        self._held = _Held(sparse.csr_array(rows), sparse.csc_array(rows))

    @property
    def matrix(self) -> sparse.csr_array:
        """Items × tags with everything in it; items that came later than all that have tags have no row."""
        if self._held.changed or self._held.rows.shape[1] < len(self.names):
            self._settle()
        return self._held.rows

    def __bool__(self) -> bool:
        """Whether any item has a tag."""
        return self._held.has_any

    def put(self, item: int, tags: Mapping[str, float]) -> None:
        """Give an item these tags, and no others."""
        row = {self._place(name): weight for name, weight in tags.items()}
        self._held = replace(self._held, changed={**self._held.changed, item: row})
        if len(self._held.changed) > MOST_CHANGED:
            self._settle()

    def of(self, item: int) -> Mapping[int, float]:
        """The weights of an item's tags, by their place."""
        held = self._held
        if item in held.changed:
            return held.changed[item]
        if item >= held.rows.shape[0]:
            return NOTHING
        begin, end = held.rows.indptr[item : item + 2]
        return dict(zip(held.rows.indices[begin:end].tolist(), held.rows.data[begin:end].tolist(), strict=True))

    def dense(self, items: NDArray[np.int64]) -> NDArray[np.float64]:
        """Weights of some items, items × tags; 0 where there is none."""
        held = self._held
        found = np.zeros((len(items), len(self.names)))
        known = items < held.rows.shape[0]
        found[known, : held.rows.shape[1]] = held.rows[items[known]].toarray()
        if held.changed:
            for n, item in enumerate(items.tolist()):
                if item in held.changed:
                    row = held.changed[item]
                    found[n] = 0
                    found[n, list(row)] = list(row.values())
        return found

    def having(self, name: str, n_items: int) -> Bools:
        """Which of so many items have a tag. UnknownIdError for a tag that no item ever had."""
        if name not in self.places:
            some = ", ".join(f"'{tag}'" for tag in self.names[:5]) or "none at all"
            raise UnknownIdError(f"no tag '{name[:80]}'; there are {some}{' …' if len(self.names) > 5 else ''}")
        held, tag = self._held, self.places[name]
        found = np.zeros(n_items, dtype=bool)
        if tag < held.columns.shape[1]:
            found[held.columns.indices[held.columns.indptr[tag] : held.columns.indptr[tag + 1]]] = True
        for item, row in held.changed.items():
            found[item] = tag in row
        return found

    def _place(self, name: str) -> int:
        if name not in self.places:
            self.names.append(name)
            self.places[name] = len(self.names) - 1
        return self.places[name]

    def _settle(self) -> None:
        """Put the changed rows into the matrix."""
        held = self._held
        old = held.rows.tocoo()
        kept = ~np.isin(old.row, list(held.changed))
        new = [(item, tag, weight) for item, row in held.changed.items() for tag, weight in row.items()]
        added = np.array(new, dtype=np.float64).reshape(-1, 3)
        place = (np.concatenate([old.row[kept], added[:, 0]]), np.concatenate([old.col[kept], added[:, 1]]))
        shape = max(held.rows.shape[0], 1 + max(held.changed, default=-1)), len(self.names)
        where = place[0].astype(np.int32), place[1].astype(np.int32)
        rows = sparse.csr_array((np.concatenate([old.data[kept], added[:, 2]]), where), shape=shape)
        rows.sort_indices()
        self._held = _Held(rows, sparse.csc_array(rows))
