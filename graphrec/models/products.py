"""Products of sparse matrices on all cores: with a dense block, and with a sparse matrix of which the best are kept.

Rows are dealt to threads by their work, not by their number. Numba compiles the loops at the first use on a machine and
keeps them beside this file; they run without the interpreter's lock. Every entry is summed by one thread in the order
of the row, so that a result is always the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

N_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

_ASKED = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]

N_THREADS = int(_ASKED) if _ASKED.isdecimal() and int(_ASKED) else N_CORES
"""All cores, or as many as OMP_NUM_THREADS says, which PyTorch and the libraries under NumPy keep to as well."""

N_PARTS = 8 * N_THREADS
"""Parts of equal work: several a thread, so that a core that was interrupted doesn't hold up the rest."""

DENSE = 10
"""A row of a product that is the sum of more terms than a tenth of the columns is added up in all columns at once."""

Floats = NDArray[np.float32]
Parts = tuple[NDArray[np.int64], NDArray[np.int32], Floats]
"""indptr, indices and data of a matrix by rows."""


@dataclass(frozen=True, eq=False)
class Rows:
    """A sparse matrix by rows, and where its rows are cut for the threads."""

    parts: Parts
    n_columns: int
    cuts: NDArray[np.int64]

    @classmethod
    def of(cls, matrix: sparse.csr_array) -> Rows:
        """The rows of a CSR array; nothing is copied that has the right type already."""
        parts = parts_of(matrix)
        return cls(parts, matrix.shape[1], cut_evenly(parts[0] + np.arange(len(parts[0]))))

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.parts[0]) - 1, self.n_columns


def parts_of(matrix: sparse.csr_array) -> Parts:
    """The arrays of a CSR matrix as the loops take them: int64, int32, float32."""
    return (
        matrix.indptr.astype(np.int64, copy=False),
        matrix.indices.astype(np.int32, copy=False),
        matrix.data.astype(np.float32, copy=False),
    )


def cut_evenly(work: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where to cut rows, `work` being the sum of the work before each, so that each part has about the same."""
    goals = np.linspace(work[0], work[-1], N_PARTS + 1)
    cuts = np.searchsorted(work, goals).astype(np.int64)
    cuts[0], cuts[-1] = 0, len(work) - 1
    return cuts


def multiply(rows: Rows, x: Floats) -> Floats:
    """The product with a dense block: rows × columns of x. Cost: nnz × columns of x."""
    found = np.empty((rows.shape[0], x.shape[1]), dtype=np.float32)
    on_all_cores(rows.cuts, lambda first, last: _multiply(*rows.parts, first, last, x, found))
    return found


def top_product(
    left: sparse.csr_array, right: sparse.csr_array, k: int, masked: sparse.csr_array | None = None
) -> sparse.csr_array:
    """The k largest positive entries of each row of left @ right; those in `masked` are left out before the cut.

    Float32 CSR, summed and compared in float64; each row's best entry first, of equal ones the first column. The
    product is never held whole: memory is rows × k. Cost: for each entry of `left`, a row of `right`.
    """
    n_rows, n_columns = left.shape[0], right.shape[1]
    k = min(k, n_columns)
    left_parts, right_parts = parts_of(left), parts_of(right)
    nothing = np.zeros(n_rows + 1, dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
    masked_parts = nothing if masked is None else parts_of(masked)
    work = np.concatenate([[0], np.cumsum(np.diff(right_parts[0])[left_parts[1]] + 1)])[left_parts[0]]
    n_found = np.zeros(n_rows, dtype=np.int64)
    columns = np.zeros((n_rows, k), dtype=np.int32)
    values = np.zeros((n_rows, k), dtype=np.float32)

    def part(first: int, last: int) -> None:
        _top_product(left_parts, right_parts, masked_parts, first, last, n_columns, n_found, columns, values)

    on_all_cores(cut_evenly(work + np.arange(n_rows + 1)), part)
    kept = np.arange(k) < n_found[:, None] if n_found.min(initial=k) < k else slice(None)
    indptr = np.concatenate([[0], np.cumsum(n_found)])
    if indptr[-1] < 2**31:  # else SciPy widens the columns too, and each product narrows them again
        indptr = indptr.astype(np.int32)
    return sparse.csr_array((values[kept].ravel(), columns[kept].ravel(), indptr), shape=(n_rows, n_columns))


def on_all_cores(cuts: NDArray[np.int64], work: Callable[[int, int], None]) -> None:
    """Do the work between each two cuts. An error in one part is raised."""
    bounds = [(int(a), int(b)) for a, b in pairwise(cuts) if a < b]
    for _ in _threads().map(lambda bound: work(*bound), bounds):
        pass


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(N_THREADS, thread_name_prefix="product")


@numba.njit(cache=True, nogil=True, fastmath=True)
def _multiply(indptr: Any, indices: Any, data: Any, first: int, last: int, x: Any, out: Any) -> None:
    for row in range(first, last):
        out[row] = 0
        for entry in range(indptr[row], indptr[row + 1]):
            column, value = indices[entry], data[entry]
            for d in range(x.shape[1]):
                out[row, d] += value * x[column, d]


@numba.njit(cache=True, nogil=True)
def _top_product(
    left: Any,
    right: Any,
    masked: Any,
    first: int,
    last: int,
    n_columns: int,
    n_found: Any,
    columns: Any,
    values: Any,
) -> None:
    k = values.shape[1]
    sums = np.zeros(n_columns, dtype=np.float64)
    last_row = np.full(n_columns, -1, dtype=np.int32)
    touched = np.empty(n_columns + 1, dtype=np.int32)
    best_values, best_columns = np.empty(2 * k, dtype=np.float64), np.empty(2 * k, dtype=np.int32)
    for row in range(first, last):
        if DENSE * _work(left, right, row) > n_columns:
            n_touched = _add_up_all(left, right, row, sums, touched)
        else:
            n_touched = _add_up_few(left, right, row, sums, last_row, touched)
        for entry in range(masked[0][row], masked[0][row + 1]):
            sums[masked[1][entry]] = 0
        n = _best(sums, touched[:n_touched], k, best_values, best_columns)
        _sort(best_values, best_columns, n)
        values[row, :n], columns[row, :n] = best_values[:n], best_columns[:n]
        n_found[row] = n


@numba.njit(cache=True, nogil=True)
def _work(left: Any, right: Any, row: int) -> int:
    """How many terms a row of the product is the sum of."""
    total = 0
    for entry in range(left[0][row], left[0][row + 1]):
        middle = left[1][entry]
        total += right[0][middle + 1] - right[0][middle]
    return total


@numba.njit(cache=True, nogil=True)
def _add_up_all(left: Any, right: Any, row: int, sums: Any, touched: Any) -> int:
    """Add up a row of the product in all columns at once; `touched` gets those above 0."""
    sums[:] = 0
    for entry in range(left[0][row], left[0][row + 1]):
        middle, weight = left[1][entry], np.float64(left[2][entry])
        for inner in range(right[0][middle], right[0][middle + 1]):
            sums[right[1][inner]] += weight * right[2][inner]
    n_touched = 0
    for column in range(len(sums)):
        touched[n_touched] = column  # without a branch, which would be guessed wrong half of the time
        n_touched += sums[column] > 0
    return n_touched


@numba.njit(cache=True, nogil=True)
def _add_up_few(left: Any, right: Any, row: int, sums: Any, last_row: Any, touched: Any) -> int:
    """Add up a row of the product; `touched` gets its columns. What sums hold of rows before is overwritten."""
    n_touched = 0
    for entry in range(left[0][row], left[0][row + 1]):
        middle, weight = left[1][entry], np.float64(left[2][entry])
        for inner in range(right[0][middle], right[0][middle + 1]):
            column, value = right[1][inner], weight * right[2][inner]
            if last_row[column] == row:
                sums[column] += value
            else:
                last_row[column] = row
                sums[column] = value
                touched[n_touched] = column
                n_touched += 1
    return n_touched


@numba.njit(cache=True, nogil=True)
def _best(sums: Any, touched: Any, k: int, values: Any, columns: Any) -> int:
    """The k best of the positive sums come first in `values` and `columns`, in any order; how many there are.

    Whenever the 2 k places are full, the worse half goes, and what is worse than all that is left isn't taken in.
    """
    n, least = 0, 0.0
    for place in range(len(touched)):
        column = touched[place]
        if sums[column] > 0 and sums[column] >= least:
            values[n], columns[n] = sums[column], column
            n += 1
            if n == len(values):
                _part(values, columns, n, k)
                n, least = k, values[:k].min()
    if n > k:
        _part(values, columns, n, k)
    return min(n, k)


@numba.njit(cache=True, nogil=True)
def _part(values: Any, columns: Any, n: int, k: int) -> None:
    """Let the k best of the first n entries come before the others (Hoare's selection)."""
    low, high = 0, n - 1
    while low < high:
        middle = (low + high) // 2
        value, column = values[middle], columns[middle]
        left, right = low, high
        while left <= right:
            while _worse(value, column, values[left], columns[left]):
                left += 1
            while _worse(values[right], columns[right], value, column):
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                columns[left], columns[right] = columns[right], columns[left]
                left, right = left + 1, right - 1
        if k - 1 <= right:
            high = right
        elif k - 1 >= left:
            low = left
        else:
            return


@numba.njit(cache=True, nogil=True)
def _sort(values: Any, columns: Any, n: int) -> None:
    """Sort the first n entries, the best first (heapsort): the worst goes to the end, again and again."""
    for place in range(n // 2 - 1, -1, -1):
        _sink(values, columns, place, n, values[place], columns[place])
    for end in range(n - 1, 0, -1):
        value, column = values[end], columns[end]
        values[end], columns[end] = values[0], columns[0]
        _sink(values, columns, 0, end, value, column)


@numba.njit(cache=True, nogil=True)
def _sink(values: Any, columns: Any, place: int, n: int, value: float, column: int) -> None:
    """Put an entry in a place of a heap of n, the worst on top, or below it."""
    while 2 * place + 1 < n:
        below = 2 * place + 1
        if below + 1 < n and _worse(values[below + 1], columns[below + 1], values[below], columns[below]):
            below += 1
        if not _worse(values[below], columns[below], value, column):
            break
        values[place], columns[place] = values[below], columns[below]
        place = below
    values[place], columns[place] = value, column


@numba.njit(cache=True, nogil=True)
def _worse(value: float, column: int, other_value: float, other_column: int) -> bool:
    return value < other_value or (value == other_value and column > other_column)
