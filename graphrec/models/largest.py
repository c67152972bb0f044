"""The largest entries of each row of a dense block, found by all cores in one pass over it."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from graphrec.models.products import N_PARTS, on_all_cores

Ints = NDArray[np.int64]

CHUNK = 64
"""Columns whose maximum is taken first: where it doesn't reach the bound so far, they are passed over."""


def largest(scores: NDArray[np.floating], k: int, margin: float = 0.0) -> tuple[Ints, Ints]:
    """Row and column of the entries that reach the k-th largest of their row less a margin, row by row.

    At least k a row where it has so many, more where some are equal or lie within the margin; −inf is never among them.
    Cost: one pass; a row that fits the cache is read from memory once.
    """
    n_rows, width = scores.shape
    k = min(k, width)
    nothing = np.zeros(0, dtype=np.int64)
    if k < 1 or not n_rows:
        return nothing, nothing
    cuts = np.unique(np.linspace(0, n_rows, N_PARTS + 1).astype(np.int64))
    n_found, room = np.zeros(n_rows, dtype=np.int64), 2 * k
    while True:
        columns = np.empty((n_rows, room), dtype=np.int32)

        def part(first: int, last: int, columns: NDArray[np.int32] = columns) -> None:
            _largest(scores, k, margin, first, last, n_found, columns)

        on_all_cores(cuts, part)
        if n_found.max() <= room:
            break
        room = int(n_found.max())
    kept = np.arange(room) < n_found[:, None]
    return np.repeat(np.arange(n_rows), n_found), columns[kept].astype(np.int64)


@numba.njit(cache=True, nogil=True)
def _largest(scores: Any, k: int, margin: float, first: int, last: int, n_found: Any, columns: Any) -> None:
    """`n_found` counts all entries, those for which `columns` has no room as well."""
    width = scores.shape[1]
    maxima = np.empty((width + CHUNK - 1) // CHUNK, dtype=scores.dtype)
    heap = np.empty(k, dtype=scores.dtype)
    for row in range(first, last):
        values = scores[row]
        least = _bound(values, maxima, heap) - margin
        n = 0
        for chunk in range(len(maxima)):
            if maxima[chunk] >= least:
                for column in range(chunk * CHUNK, min((chunk + 1) * CHUNK, width)):
                    if values[column] >= least and values[column] > -np.inf:
                        if n < columns.shape[1]:
                            columns[row, n] = column
                        n += 1
        n_found[row] = n


@numba.njit(cache=True, nogil=True)
def _bound(values: Any, maxima: Any, heap: Any) -> float:
    """The k-th largest value: the top of a heap of k. `maxima` gets those of the chunks."""
    heap[:] = -np.inf
    for chunk in range(len(maxima)):
        part = values[chunk * CHUNK : (chunk + 1) * CHUNK]
        maxima[chunk] = _maximum(part)
        if maxima[chunk] > heap[0]:
            for value in part:
                if value > heap[0]:
                    _replace_top(heap, value)
    return float(heap[0])


@numba.njit(cache=True, nogil=True, fastmath={"nnan", "nsz", "reassoc"})
def _maximum(values: Any) -> Any:
    most = values[0]
    for value in values:
        most = value if value > most else most
    return most


@numba.njit(cache=True, nogil=True)
def _replace_top(heap: Any, value: float) -> None:
    """Put a value in place of the least one, which stands on top."""
    place = 0
    while 2 * place + 1 < len(heap):
        below = 2 * place + 1
        if below + 1 < len(heap) and heap[below + 1] < heap[below]:
            below += 1
        if heap[below] >= value:
            break
        heap[place] = heap[below]
        place = below
    heap[place] = value
