"""How much memory a training takes, told before it starts."""

from __future__ import annotations

import psutil

from graphrec.errors import ModelError
from graphrec.models.lightgcn.settings import LightGCNSettings

TABLES = 14
"""Arrays of nodes × embedding_dim that are held at once: weights, gradient, the optimiser's two moments and copies of
these three now and at best, and what two layers of propagation and their gradients need between."""

PAIR_BYTES = 40
"""Of each liked pair: both directions of the adjacency, the matrix by rows, and what was withheld."""

FIXED = 4 * 2**25
"""The table of scores that is worked off at a time, and its neighbours."""


def memory_needed(n_nodes: int, n_pairs: int, settings: LightGCNSettings) -> int:
    """Bytes that a training takes beside the snapshot and the libraries, a rough upper bound."""
    return 4 * TABLES * n_nodes * settings.embedding_dim + PAIR_BYTES * n_pairs + FIXED


def require(needed: int, free: int | None = None) -> None:
    """Raise ModelError where less memory is free than a training needs. `free`: bytes, by default the machine's."""
    free = psutil.virtual_memory().available if free is None else free
    if needed > free:
        raise ModelError(
            f"expected {needed / 2**30:.1f} GiB of free memory for this training, found {free / 2**30:.1f} GiB; "
            "lower embedding_dim, or end what else uses memory"
        )
