"""The best items of each part for those from whom something was withheld: on them a hybrid learns how to join parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.models.base import Block
from graphrec.models.blend.learning import among, best_first, qualities_of
from graphrec.models.hybrids.scorers import Floats, standardised
from graphrec.models.training_part import block_of, in_order
from graphrec.models.validation import Validation
from graphrec.snapshot import Snapshot

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Shortlists:
    """`columns`: users × places, the items; `allowed`: false for a place that isn't used. `said`: parts × users ×
    places, what each part says of them, standardised. `hits`: which were withheld. `users`: whose rows they are."""

    users: Ints
    columns: Ints
    allowed: Bools
    said: Floats
    hits: Bools
    n_withheld: Ints

    def qualities(self, scores: Floats) -> Floats:
        """The mean of recall@20 and NDCG@20 of each user's list by some scores."""
        masked = np.where(self.allowed, scores, -np.inf)
        hits = np.take_along_axis(self.hits & self.allowed, best_first(masked.astype(np.float32)), axis=1)
        return np.asarray(qualities_of(hits, self.n_withheld))


def shortlists(
    snapshot: Snapshot, validation: Validation, tables: Callable[[Block], Sequence[Floats]], depth: int
) -> Shortlists:
    """`snapshot` is the training part; `tables` gives what each part says. Memory: a block of users × items a part."""
    histories, blocks = in_order(snapshot), []
    for users, rows, wanted in validation.blocks():
        said = [standardised(table) for table in tables(block_of(snapshot, histories, users))]
        columns, allowed = shortlist(said, rows, depth)
        taken = np.stack([np.take_along_axis(table, columns, axis=1) for table in said])
        blocks.append((users, columns, allowed, taken, among(wanted, columns), np.diff(wanted.indptr)))
    parts = list(zip(*blocks, strict=True))
    said_all = np.concatenate(parts.pop(3), axis=1)
    asked, columns, allowed, hits, n_withheld = (np.concatenate(part) for part in parts)
    return Shortlists(asked, columns, allowed, said_all, hits, n_withheld)


def shortlist(said: Sequence[Floats], rows: sparse.csr_array, depth: int) -> tuple[Ints, Bools]:
    """The columns of the `depth` best of each part, and which of them count: each once, what is liked not at all."""
    columns = np.sort(np.concatenate([best_of(table, rows, depth) for table in said], axis=1), axis=1)
    again = np.zeros(columns.shape, dtype=bool)
    again[:, 1:] = columns[:, 1:] == columns[:, :-1]
    return columns, ~again & ~among(rows, columns)


def best_of(table: Floats, rows: sparse.csr_array, depth: int) -> Ints:
    """The columns of the best of each row that aren't liked already."""
    masked = table.copy()
    masked[rows.nonzero()] = -np.inf
    depth = min(depth, masked.shape[1])
    return np.asarray(np.argpartition(masked, -depth, axis=1)[:, -depth:])
