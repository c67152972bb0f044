"""Similar items in a slot of the graph: written batch by batch, in two sessions, and read back as CSR.

A batch holds the relationships of some items, and replaces what these had in the slot: so it can be run again, and no
step beforehand has to empty the slot. Two batches share no first item. The second items they share, but what a commit
locks of those, Neo4j locks in the order of nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.errors import ModelError
from graphrec.graph import Graph
from graphrec.sessions import side_by_side
from graphrec.transfer import Ids, read_ids
from graphrec.versions.learnt import Neighbours

RELATIONSHIPS_A_BATCH = 20_000
ITEMS_A_BATCH = 1_000
"""At most: a slot that is only emptied has no relationships to cut by, and deletes as many as were there."""

Progress = Callable[[int, int], None]


def write_similar(
    graph: Graph, model: str, slot: str, neighbours: Neighbours | None, progress: Progress | None = None
) -> int:
    """How many relationships the slot holds now: these alone. None: it is emptied.

    Of items that the graph no longer holds, nothing is written.
    """
    held, _ = read_ids(graph, "item")
    found = _over(held, neighbours)
    total, done = found.shape[0], 0
    written = 0

    def write(bounds: tuple[int, int]) -> int:
        batch = _batch(held, found, *bounds)
        rows = graph.write("similar/write", model=model, slot=slot, **batch)
        if not rows or rows[0]["written"] != len(batch["score"]):
            raise ModelError("items were deleted from the graph while their similar ones were written; train again")
        return len(batch["score"])

    cuts = list(_cuts(found.indptr))
    for (_, last), n_written in zip(cuts, side_by_side(write, cuts), strict=True):
        written, done = written + n_written, last
        if progress:
            progress(done, total)
    return written


def read_similar(graph: Graph, model: str, slot: str) -> Neighbours:
    """All that the slot holds, over all items of the graph."""
    item_ids, nodes = read_ids(graph, "item")
    order = np.argsort(nodes)

    def read(start: int) -> tuple[NDArray[Any], ...]:
        ids = item_ids[start : start + ITEMS_A_BATCH].tolist()
        row = graph.read("similar/read", model=model, slot=slot, item_ids=ids)[0]
        place = np.minimum(np.searchsorted(nodes[order], row["similar"]), len(nodes) - 1)
        columns = order[place]
        known = nodes[columns] == row["similar"]  # an item that came after the ids were read is left out
        item = np.array(row["item"], dtype=np.int64) + start
        return item[known], columns[known], np.array(row["score"])[known], np.array(row["rank"])[known]

    nothing: tuple[NDArray[Any], ...] = tuple(np.zeros(0, dtype=kind) for kind in ("i8", "i8", "f8", "i8"))
    pieces = [nothing, *side_by_side(read, range(0, len(item_ids), ITEMS_A_BATCH))]
    item, similar, score, rank = (np.concatenate(column) for column in zip(*pieces, strict=True))
    best = np.lexsort((rank, item))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(item, minlength=len(item_ids)))])
    parts = score[best].astype(np.float32), similar[best].astype(np.int32), indptr
    return Neighbours(item_ids, sparse.csr_array(parts, shape=(len(item_ids), len(item_ids))))


def _over(held: Ids, neighbours: Neighbours | None) -> sparse.csr_array:
    """The rows over the items that the graph holds, in their order; each row's best first."""
    shape = len(held), len(held)
    if neighbours is None:
        nothing = np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.int32), np.zeros(len(held) + 1, dtype=np.int64)
        return sparse.csr_array(nothing, shape=shape)
    if np.array_equal(held, neighbours.item_ids):
        return neighbours.scores
    place = {item_id: n for n, item_id in enumerate(held)}
    new = np.array([place.get(item_id, -1) for item_id in neighbours.item_ids], dtype=np.int64)
    scores = neighbours.scores
    row, column = np.repeat(new, np.diff(scores.indptr)), new[scores.indices]
    known = np.flatnonzero((row >= 0) & (column >= 0))
    known = known[np.argsort(row[known], kind="stable")]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row[known], minlength=len(held)))])
    return sparse.csr_array((scores.data[known], column[known].astype(np.int32), indptr), shape=shape)


def _cuts(indptr: NDArray[np.integer]) -> Iterator[tuple[int, int]]:
    """First and last item of each batch."""
    first, n_items = 0, len(indptr) - 1
    while first < n_items:
        last = int(np.searchsorted(indptr, indptr[first] + RELATIONSHIPS_A_BATCH, side="right")) - 1
        last = min(max(last, first + 1), first + ITEMS_A_BATCH, n_items)
        yield first, last
        first = last


def _batch(held: Ids, scores: sparse.csr_array, first: int, last: int) -> dict[str, Any]:
    """The parameters of one batch: columns, whose second items stand once."""
    begin, end = scores.indptr[first], scores.indptr[last]
    similar, position = np.unique(scores.indices[begin:end], return_inverse=True)
    return {
        "item_ids": held[first:last].tolist(),
        "starts": (scores.indptr[first : last + 1] - begin).tolist(),
        "similar_ids": held[similar].tolist(),
        "similar": position.tolist(),
        "score": scores.data[begin:end].tolist(),
    }
