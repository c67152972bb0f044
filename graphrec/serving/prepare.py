"""Every user's best items by the live blend, made once a version and kept in its folder.

Scoring a user by a blend takes milliseconds, reading a list from a mapped file microseconds: so what can be known
before is worked out before, and a request adds what came since.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from scipy import sparse

from graphrec.graph import Graph
from graphrec.models.blend.model import Blend
from graphrec.models.filters.item_filter import BLOCK
from graphrec.recommend.topk import top_k
from graphrec.serving.foldin import follow
from graphrec.serving.lists import NO_ITEM, Lists, lists_folder
from graphrec.serving.state import MODEL
from graphrec.snapshot import Snapshot
from graphrec.snapshot.columns import positions
from graphrec.versions import ModelVersion, current, load_files
from graphrec.versions.arrays import write_arrays
from graphrec.versions.files import checked_folder

DEPTH = 200
"""Items of a list: enough for filters, pages and what is seen meanwhile; 12 bytes each."""

READ_S = 60.0
"""How long Neo4j may take for one of the queries that read the graph."""

Progress = Callable[[int, int], None]


def prepare(graph: Graph, version: ModelVersion, progress: Progress | None = None) -> Path:
    """The folder with the lists of a version of the blend, made where it isn't there yet.

    Cost: a pass of the blend over all users, about 1 ms each; memory: a block of users × items. Several processes may
    call it: one works, the others wait.
    """
    folder = lists_folder(graph.home, version)
    with FileLock(folder.with_name(".lists.lock")):
        if not folder.is_dir():
            beside = folder.with_name(".lists.part")
            shutil.rmtree(beside, ignore_errors=True)
            beside.mkdir()
            _write(graph, version, beside, progress or (lambda done, total: None))
            beside.replace(folder)
    return folder


def _write(graph: Graph, version: ModelVersion, folder: Path, progress: Progress) -> None:
    blend = Blend.load(checked_folder(graph, version) / "model")
    snapshot = Snapshot.from_graph(graph)
    liked, seen = (_over(matrix, snapshot, blend) for matrix in (snapshot.matrix, snapshot.seen))
    similar = load_files(graph, version).similar.scores
    shape = len(blend.user_ids), min(DEPTH, len(blend.item_ids))
    lists = Lists.new(folder, shape)
    for start in range(0, shape[0], BLOCK):
        users = slice(start, min(start + BLOCK, shape[0]))
        _fill(lists, users, blend, (liked[users], seen[users], similar))
        progress(users.stop, shape[0])
    lists.flush()
    ids = {"user_ids": blend.user_ids, "item_ids": blend.item_ids}
    write_arrays(folder / "ids.npz", {"seen_indptr": seen.indptr, "seen_indices": seen.indices}, ids)
    _sync(folder)


def _fill(lists: Lists, users: slice, blend: Blend, matrices: tuple[sparse.csr_array, ...]) -> None:
    """The lists of a block of users; who likes nothing has an empty one."""
    liked, seen, similar = matrices
    scores = blend.mixture.scores(liked, blend.user_vectors[users])
    scores[:, ~blend.mixture.is_known] = -np.inf
    scores[seen.nonzero()] = -np.inf
    scores[np.diff(liked.indptr) == 0] = -np.inf
    best = top_k(scores, lists.depth)
    place = np.arange(len(best.row)) - np.searchsorted(best.row, best.row)
    lists.items[users.start + best.row, place] = best.column
    lists.scores[users.start + best.row, place] = best.score
    lists.because[users.start + best.row, place] = strongest(liked, similar, best.row, best.column)


def strongest(
    liked: sparse.csr_array, similar: sparse.csr_array, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.int32]:
    """For each pair of row and item the liked item that gives most to it by the similar items; NO_ITEM for none."""
    ways = follow(similar, liked.indices, liked.data)
    if not len(ways.items):
        return np.full(len(rows), NO_ITEM, dtype=np.int32)
    user = np.repeat(np.arange(liked.shape[0]), np.diff(liked.indptr))[ways.steps]
    key = user * similar.shape[1] + ways.items
    order = np.lexsort((-ways.parts, key))
    key, because = key[order], liked.indices[ways.steps][order]
    wanted = rows * similar.shape[1] + columns
    found = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    return np.where(key[found] == wanted, because[found], NO_ITEM).astype(np.int32)


def _over(matrix: sparse.csr_array, snapshot: Snapshot, blend: Blend) -> sparse.csr_array:
    """The same pairs over the blend's users and items; those that came later are left out."""
    users = positions(snapshot.user_ids, blend.user_ids)
    items = positions(blend.item_ids, snapshot.item_ids)
    found = matrix[np.maximum(users, 0)].tocoo()
    kept = (items[found.col] >= 0) & (users[found.row] >= 0)
    parts = found.data[kept].astype(np.float32), (found.row[kept], items[found.col[kept]])
    return sparse.csr_array(parts, shape=(len(blend.user_ids), len(blend.item_ids)))


def _sync(folder: Path) -> None:
    """The folder's names on the disk, before it is renamed."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def main() -> None:
    """`python -m graphrec.serving.prepare HOME`: the lists of the live blend."""
    from graphrec.connect import connect

    with connect(Path(sys.argv[1])) as graph:
        hurried = graph.within(READ_S)
        live = current(hurried, MODEL)
        if live:
            prepare(hurried, live)


if __name__ == "__main__":
    main()
