"""Users and items that a version learnt from and the graph doesn't hold any more, or holds as new ones."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from graphrec.graph import Graph
from graphrec.serving.ids import Ids
from graphrec.versions import Embeddings, ModelVersion

Known = tuple[Ids, Iterable[str]]
"""Ids that a version knows, and those of the graph."""


def remove_missing(graph: Graph, version: ModelVersion | None, users: Known, items: Known, vectors: Embeddings) -> None:
    """Remove the ids of those that were deleted since a version was trained.

    One that came again is another than the version knows: its node lacks the vector that the version gave the first.
    """
    if version is None:
        return
    for (ids, present), label, learnt in ((users, "user", vectors.user_vectors), (items, "item", vectors.item_vectors)):
        rows = graph.read(f"transfer/{label}s_without", property=version.vector_property)
        without = {found for row in rows for found in row[f"{label}_id"]}
        _remove(ids, set(present), without, learnt)


def _remove(ids: Ids, present: set[str], without: set[str], learnt: NDArray[np.float32]) -> None:
    had_one = np.any(learnt != 0, axis=1)
    for place, name in enumerate(ids.names[: len(had_one)]):
        if name not in present or (name in without and had_one[place]):
            ids.remove(name)
