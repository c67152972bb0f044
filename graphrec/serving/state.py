"""All that answers need, in memory: one version's lists, what it learnt, the catalogue, and tastes as they are now."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.graph import Graph
from graphrec.journal import CHANGE, Entry
from graphrec.kinds import kind_weight
from graphrec.privacy.policy import LEAST_PEOPLE, read_policy
from graphrec.serving.arrivals import Arrivals, Uptake, read_arrivals
from graphrec.serving.catalogue import Catalogue, read_catalogue
from graphrec.serving.changes import CHANGES, CONSENT
from graphrec.serving.consent import hide_all, read_withheld, with_withheld
from graphrec.serving.foldin import Blended, Found
from graphrec.serving.ids import Ids
from graphrec.serving.lists import NO_ITEM, Lists, lists_folder
from graphrec.serving.pipeline import Pipeline, default_pipeline
from graphrec.serving.preferred import Preferred, read_preferred
from graphrec.serving.questions import Questions, work_out
from graphrec.serving.raised import Raised
from graphrec.serving.removed import remove_missing
from graphrec.serving.tag_space import TagSpace
from graphrec.serving.tallies import Tallies, context_of, read_tallies, tallied
from graphrec.serving.tastes import Change, Tastes
from graphrec.serving.trends import DAY_MS, Trends
from graphrec.snapshot import Snapshot
from graphrec.versions import ModelVersion, current, load_learnt
from graphrec.versions.arrays import read_arrays, read_ids

MODEL = "blend"


@dataclass(eq=False)
class State:
    """Users and items have the positions of the version's files first; those that came later follow.

    `version` is None where no blend is live yet: answers then come from tastes and popularity alone. `followed`: whom
    users follow; `stated`: what users say of tags, by name, from −1 to 1; `preferred`: what the features of the graph
    say that they think of tags; `pipeline`: how lists are made. `withheld`: who has opted out, with the positions that
    `users` doesn't tell. `sequence`: up to which the journal has been taken in, in its order; `consented`: the last of
    it that opted somebody out or in, 0 for none since the graph was read. `miscounts`: whether contexts still count
    somebody who has opted out since; they move no list then. `least_people`: of how few people no reason tells. `lock`
    is held while an event or a change is taken in, and while an answer reads more than the prepared list.
    """

    users: Ids
    catalogue: Catalogue
    lists: Lists
    blended: Blended
    tastes: Tastes
    version: ModelVersion | None
    pipeline: Pipeline = field(default_factory=default_pipeline)
    trends: Trends = field(default_factory=Trends.none)
    arrivals: Arrivals = field(default_factory=Arrivals)
    tallies: Tallies = field(default_factory=lambda: tallied([], 0))
    followed: dict[int, list[int]] = field(default_factory=dict)
    stated: dict[int, dict[str, float]] = field(default_factory=dict)
    raised: Raised = field(default_factory=Raised)
    preferred: Preferred = field(default_factory=Preferred)
    withheld: dict[str, int] = field(default_factory=dict)
    least_people: int = LEAST_PEOPLE
    sequence: int = 0
    consented: int = 0
    miscounts: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)
    _questions: Questions | None = None
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def apply(self, event: Mapping[str, Any], *, counts: bool = False) -> None:
        """Take in an event; users and items that are new get a place. Doing it again changes nothing.

        `counts`: its context is added to the tallies, which the one says who reads each event of the journal once.
        """
        with self.lock:
            user, item = self.place_of(event["user_id"]), self.catalogue.ids.add(event["item_id"])
            self.tastes.apply(user, item, event["kind"])
            self.raised.forget(user)
            weight = kind_weight(event["kind"])
            self.trends.apply(user, item, weight, event.get("at"))
            if counts and weight > 0 and event["user_id"] not in self.withheld:
                self.tallies.count(item, context_of(event))

    def place_of(self, user_id: str) -> int:
        """The position of a user, a new one where it isn't there yet; that of one who has opted out as before."""
        place = self.withheld.get(user_id)
        return self.users.add(user_id) if place is None else place

    @cached_property
    def tag_space(self) -> TagSpace:
        """The catalogue's items by their tags."""
        return TagSpace(self.catalogue)

    @cached_property
    def lists_first(self) -> bool:
        """Whether the pipeline takes a known user's prepared list as it is."""
        return self.pipeline.candidates.known[:1] == ("blend",)

    def has_list(self, user: int) -> bool:
        """Whether a list with items was prepared for a user."""
        return 0 <= user < len(self.lists.items) and self.lists.depth > 0 and self.lists.items[user, 0] != NO_ITEM

    def apply_early(self, sequence: int, event: Mapping[str, Any]) -> None:
        """Take in an event of this process before its turn in the journal. One whose turn has been is left alone: what
        came after it may have undone it."""
        with self.lock:
            if sequence > self.sequence:
                self.apply(event)

    def take(self, entry: Entry) -> None:
        """Take in the journal's next entry."""
        with self.lock:
            if entry.what == CHANGE:
                self.change(entry.event)
                if entry.event["what"] in CONSENT:
                    self.consented = entry.sequence
            else:
                self.apply(entry.event, counts=True)
            self.sequence = entry.sequence

    def change(self, change: Mapping[str, Any]) -> None:
        """Take in a change of an item or user. Doing it again changes nothing."""
        with self.lock:
            self.raised.forget_all()
            CHANGES[change["what"]](self, change)

    def questions(self) -> Questions:
        """What to ask a new user, worked out when it is first asked for; about a second with many users."""
        with self._asking:
            if self._questions is None:
                with self.lock:
                    tags, names = self.catalogue.tags, self.catalogue.tag_names
                tastes = self.tastes
                liked, seen = tastes.told(tastes.liked), tastes.told(tastes.seen)
                self._questions = work_out(liked, seen, self.catalogue.n_likers, (tags, names))
            return self._questions

    def ask_anew(self) -> None:
        """Let the questions be worked out again, because others have said what they were worked out from."""
        self._questions = None

    def page(self, user: int, offset: int, k: int) -> Found | None:
        """A page of a user's prepared list as it is, None where the list doesn't hold all of it."""
        if user >= len(self.lists.items):
            return None
        if self.catalogue.ids.gone is not None and self._names_gone(user, offset + k):
            found = self.listed(user)
            return found.of(np.arange(offset, offset + k)) if len(found.items) >= offset + k else None
        page = slice(offset, offset + k)
        items = self.lists.items[user, page]
        if len(items) < k or items[-1] == NO_ITEM:
            return None
        return Found(items, self.lists.scores[user, page], self.lists.because[user, page])  # type: ignore[arg-type]

    def _names_gone(self, user: int, n: int) -> bool:
        """Whether one of the first n items of a list, or of the reasons, may be gone."""
        gone = self.catalogue.ids.gone
        assert gone is not None
        return bool(gone[self.lists.items[user, :n]].any() or gone[self.lists.because[user, :n]].any())

    def listed(self, user: int) -> Found:
        """The prepared list of a user without items that are gone, empty for one who has none."""
        if not self.has_list(user):
            return Found.nothing()
        items = self.lists.items[user]
        n = int(np.searchsorted(items == NO_ITEM, True))
        found = Found(
            items[:n].astype(np.int64),
            self.lists.scores[user, :n].astype(np.float64),
            self.lists.because[user, :n].astype(np.int64),
        )
        return found if self.catalogue.ids.gone is None else self._there(found)

    def _there(self, found: Found) -> Found:
        """Without the items that are gone, as items and as reasons."""
        ids = self.catalogue.ids
        found = found.of(ids.is_there(found.items))
        return Found(found.items, found.scores, np.where(ids.is_there(found.because), found.because, NO_ITEM))


def load_state(graph: Graph, pipeline: Pipeline | None = None) -> State:
    """The state of the live version, whose lists are prepared, and of the graph at this moment, with a pipeline, else
    the default one. PipelineError where it names a tag or a property that no item has.

    Cost: reading all interactions. Without a live version, or where its files lie elsewhere, there are no lists.
    """
    pipeline = pipeline or default_pipeline()
    version = current(graph, MODEL)
    before = read_withheld(graph)
    snapshot = Snapshot.from_graph(graph)
    withheld = read_withheld(graph)
    users, items, lists, blended, seen = _learnt(graph, version)
    remove_missing(graph, version, (users, snapshot.user_ids), (items, snapshot.item_ids), blended.embeddings)
    rows, columns = users.add_all(snapshot.user_ids), items.add_all(snapshot.item_ids)
    shape = len(users), len(items)
    last_at = _with_data(snapshot.matrix, snapshot.last_at)
    parts = tuple(_placed(part, rows, columns, shape) for part in (snapshot.matrix, last_at, snapshot.seen))
    liked, last_at, now_seen = with_withheld(parts, (before, withheld), users, items)
    tastes = Tastes(liked, now_seen, items)
    tastes.changes = _changes(liked, now_seen, seen) if len(lists.items) else {}
    tags = _placed(snapshot.tags, columns, np.arange(len(snapshot.tag_names)), (len(items), len(snapshot.tag_names)))
    catalogue = read_catalogue(graph, items, liked, (snapshot.tag_names.tolist(), tags))
    pipeline.check(catalogue)
    half_life_ms = pipeline.candidates.half_life_days * DAY_MS
    out = [users.places[one.user_id] for one in withheld if one.user_id in users.places]
    state = State(
        users,
        catalogue,
        lists,
        blended,
        tastes,
        version,
        pipeline=pipeline,
        least_people=read_policy(graph.home).reasons.least_people,
        trends=Trends(liked, last_at.data, half_life_ms),
        arrivals=read_arrivals(graph, (users, items), Uptake(liked, last_at.data), out),
        followed=_followed(snapshot.follows, rows),
        tallies=read_tallies(graph, items, snapshot, columns),
        stated=_stated(graph, users),
        preferred=read_preferred(graph, users),
    )
    hide_all(state, withheld)
    return state


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


def _stated(graph: Graph, users: Ids) -> dict[int, dict[str, float]]:
    """What users say of tags."""
    found: dict[int, dict[str, float]] = {}
    for rows in graph.read("snapshot/stated"):
        for user_id, tag, weight in zip(rows["user_id"], rows["tag"], rows["weight"], strict=True):
            found.setdefault(users.add(user_id), {})[tag] = weight
    return found


def _placed(
    matrix: sparse.csr_array, rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]
) -> sparse.csr_array:
    """The same entries, each row and column at its place."""
    found = matrix.tocoo()
    placed = sparse.csr_array((found.data, (rows[found.row], columns[found.col])), shape=shape)
    placed.sort_indices()
    return placed


def _with_data(matrix: sparse.csr_array, data: NDArray[Any]) -> sparse.csr_array:
    """The same places with other values."""
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _followed(follows: sparse.csr_array, rows: NDArray[np.int64]) -> dict[int, list[int]]:
    """The places of those whom each user follows; users who follow nobody are left out."""
    following = np.flatnonzero(np.diff(follows.indptr))
    begins, ends = follows.indptr[following], follows.indptr[following + 1]
    found = zip(rows[following].tolist(), begins.tolist(), ends.tolist(), strict=True)
    return {user: rows[follows.indices[begin:end]].tolist() for user, begin, end in found}


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
