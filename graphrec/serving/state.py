"""All that answers need, in memory: one version's lists, what it learnt, the catalogue, and tastes as they are now."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.graph import Graph
from graphrec.kinds import kind_weight
from graphrec.serving.catalogue import Catalogue, Ids, read_catalogue
from graphrec.serving.foldin import Blended, Found
from graphrec.serving.lists import NO_ITEM, Lists, lists_folder
from graphrec.serving.tallies import Tallies, context_of, read_tallies, tallied
from graphrec.serving.tastes import Change, Tastes
from graphrec.snapshot import Snapshot
from graphrec.versions import ModelVersion, current, load_learnt
from graphrec.versions.arrays import read_arrays, read_ids

MODEL = "blend"


@dataclass(eq=False)
class State:
    """Users and items have the positions of the version's files first; those that came later follow.

    `version` is None where no blend is live yet: answers then come from tastes and popularity alone. `lock` is held
    while an event is taken in, and while an answer reads more than the prepared list.
    """

    users: Ids
    catalogue: Catalogue
    lists: Lists
    blended: Blended
    tastes: Tastes
    version: ModelVersion | None
    tallies: Tallies = field(default_factory=lambda: tallied([], 0))
    lock: threading.RLock = field(default_factory=threading.RLock)

    def apply(self, event: Mapping[str, Any], *, counts: bool = False) -> None:
        """Take in an event; users and items that are new get a place. Doing it again changes nothing.

        `counts`: its context is added to the tallies, which the one says who reads each event of the journal once.
        """
        with self.lock:
            user, item = self.users.add(event["user_id"]), self.catalogue.ids.add(event["item_id"])
            self.tastes.apply(user, item, event["kind"])
            if counts and kind_weight(event["kind"]) > 0:
                self.tallies.count(item, context_of(event))

    def page(self, user: int, offset: int, k: int) -> Found | None:
        """A page of a user's prepared list as it is, None where the list doesn't hold all of it."""
        if user >= len(self.lists.items):
            return None
        page = slice(offset, offset + k)
        items = self.lists.items[user, page]
        if len(items) < k or items[-1] == NO_ITEM:
            return None
        return Found(items, self.lists.scores[user, page], self.lists.because[user, page])  # type: ignore[arg-type]

    def listed(self, user: int) -> Found:
        """The prepared list of a user, empty for one who has none."""
        if user >= len(self.lists.items):
            return Found.nothing()
        items = self.lists.items[user]
        n = int(np.searchsorted(items == NO_ITEM, True))
        return Found(
            items[:n].astype(np.int64),
            self.lists.scores[user, :n].astype(np.float64),
            self.lists.because[user, :n].astype(np.int64),
        )


def load_state(graph: Graph) -> State:
    """The state of the live version, whose lists are prepared, and of the graph at this moment.

    Cost: reading all interactions. Without a live version, or where its files lie elsewhere, there are no lists.
    """
    version = current(graph, MODEL)
    snapshot = Snapshot.from_graph(graph)
    users, items, lists, blended, seen = _learnt(graph, version)
    rows, columns = users.add_all(snapshot.user_ids), items.add_all(snapshot.item_ids)
    shape = len(users), len(items)
    liked = _placed(snapshot.matrix, rows, columns, shape)
    now_seen = _placed(snapshot.seen, rows, columns, shape)
    tastes = Tastes(liked, now_seen)
    tastes.changes = _changes(liked, now_seen, seen) if len(lists.items) else {}
    tags = _placed(snapshot.tags, columns, np.arange(len(snapshot.tag_names)), (len(items), len(snapshot.tag_names)))
    catalogue = read_catalogue(graph, items, liked, (snapshot.tag_names.tolist(), tags))
    return State(users, catalogue, lists, blended, tastes, version, read_tallies(graph, items, snapshot, columns))


def _learnt(graph: Graph, version: ModelVersion | None) -> tuple[Ids, Ids, Lists, Blended, sparse.csr_array]:
    """Ids in the order of the version's files, its lists, what it learnt, and the pairs that the lists left out."""
    users, items = Ids(), Ids()
    nothing = sparse.csr_array((0, 0), dtype=bool)
    if version is None:
        return users, items, Lists.none(), Blended.none(), nothing
    learnt = load_learnt(graph, version)
    vectors = learnt.vectors
    users.add_all(vectors.user_ids)
    items.add_all(vectors.item_ids)
    blended = Blended(learnt.similar.scores, vectors, version.numbers)
    folder = lists_folder(graph.home, version)
    if not folder.is_dir():
        return users, items, Lists.none(), blended, nothing
    arrays = read_arrays(folder / "ids.npz")
    assert read_ids(arrays, "user_ids").tolist() == users.names
    shape = len(users), len(items)
    ones = np.ones(len(arrays["seen_indices"]), dtype=bool)
    return (
        users,
        items,
        Lists.read(folder),
        blended,
        sparse.csr_array((ones, arrays["seen_indices"], arrays["seen_indptr"]), shape=shape),
    )


def _placed(
    matrix: sparse.csr_array, rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]
) -> sparse.csr_array:
    """The same entries, each row and column at its place."""
    found = matrix.tocoo()
    placed = sparse.csr_array((found.data, (rows[found.row], columns[found.col])), shape=shape)
    placed.sort_indices()
    return placed


def _changes(liked: sparse.csr_array, seen: sparse.csr_array, known: sparse.csr_array) -> dict[int, Change]:
    """What users have seen and liked since the lists were made."""
    now = seen.tocoo()
    width = seen.shape[1]
    before = known.tocoo()
    keys = now.row.astype(np.int64) * width + now.col
    new = ~np.isin(keys, before.row.astype(np.int64) * width + before.col)
    changes: dict[int, Change] = {}
    for user, item in zip(now.row[new].tolist(), now.col[new].tolist(), strict=True):
        change = changes.setdefault(user, Change())
        change.seen.add(item)
        weight = float(liked[user, item])
        if weight > 0:
            change.liked[item] = weight
    return changes
