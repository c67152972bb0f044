"""Sources in memory find what the queries find over the same graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from graphrec.frames import FramesWriter
from graphrec.graph import Graph
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.rows import open_rows
from graphrec.ingest.schema import ensure_schema
from graphrec.recommend.base import Profile
from graphrec.serving.arrivals import HARDLY
from graphrec.serving.asked import Asked, asked_by
from graphrec.serving.sources import BY_NAME
from graphrec.serving.state import State, load_state
from graphrec.serving.trends import DAY_MS, LEAST
from graphrec.serving.wish import Wish
from tests.conftest import empty

N_USERS, N_ITEMS, N_TAGS = 12, 25, 6
NOW = 1_600_000_000_000


def stocked(graph: Graph, folder: Path) -> None:
    """Likes of a year, tags of weights, and whom users follow; item 24 has tags but no likers."""
    rng = np.random.default_rng(11)
    pairs = [(u, int(i)) for u in range(N_USERS) for i in rng.choice(N_ITEMS - 1, 6, replace=False)]
    age = np.minimum(rng.exponential(20, len(pairs)), 360)
    age[0] = 400
    with FramesWriter(folder, "made", "by hand") as writer:
        rows = {"user_id": [f"u{u}" for u, _ in pairs], "item_id": [f"i{i}" for _, i in pairs]}
        for kind, later in (("view", 0), ("like", 12)):
            at = [NOW - round((days + later) * DAY_MS) for days in age]
            writer.add("interactions", pa.table({**rows, "kind": [kind] * len(pairs), "at": at}))
        writer.add("items", pa.table({"item_id": [f"i{n}" for n in range(N_ITEMS)]}))
        marks = [(i, int(t)) for i in range(N_ITEMS) for t in rng.choice(N_TAGS, 1 + i % 3, replace=False)]
        weights = rng.uniform(0.5, 2, len(marks))
        names = {"item_id": [f"i{i}" for i, _ in marks], "tag": [f"t{t}" for _, t in marks]}
        writer.add("item_tags", pa.table({**names, "weight": weights}))
        friends = [(u, int(v)) for u in range(N_USERS) for v in rng.choice(N_USERS, 3, replace=False) if u != v]
        writer.add(
            "follows",
            pa.table({"user_id": [f"u{u}" for u, _ in friends], "followee_id": [f"u{v}" for _, v in friends]}),
        )
        frames = writer.finish()
    ensure_schema(graph)
    with open_rows(frames) as opened:
        load_over_bolt(graph, opened, None)


@pytest.fixture(scope="module")
def state(session_graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> State:
    empty(session_graph)
    stocked(session_graph, tmp_path_factory.mktemp("frames"))
    return load_state(session_graph)


def asked_of(state: State, user: int) -> Asked:
    return asked_by(state, user, Profile(f"u{user}"), Wish(k=N_ITEMS))


def unseen(state: State, user: int, name: str) -> dict[str, float]:
    """What a source finds of what a user hasn't seen, with scores."""
    asked = asked_of(state, user)
    found = BY_NAME[name].find(asked)
    found = found.of(asked.mask[found.items])
    return {state.catalogue.ids.names[i]: score for i, score in zip(found.items, found.scores, strict=True)}


def test_tags_and_followed_people_find_what_their_queries_find(state: State, session_graph: Graph) -> None:
    users = [f"u{n}" for n in range(N_USERS)]
    for name, query in (("tags", "tags/recommend"), ("follows", "people/liked_by_friends")):
        rows = session_graph.read(query, user_ids=users, k=N_ITEMS)
        for user in range(N_USERS):
            theirs = {row["item_id"]: row["score"] for row in rows if row["user_id"] == f"u{user}"}
            found = unseen(state, state.users.places[f"u{user}"], name)
            assert theirs
            assert found.keys() == theirs.keys()
            if name == "tags":
                assert found == pytest.approx(theirs, rel=1e-6)
            else:  # the query divides by relationships, of which a pair has two here, memory by people
                assert found == pytest.approx({item: s * 2**0.1 for item, s in theirs.items()}, rel=1e-6)
    assert any("i24" in unseen(state, user, "tags") for user in range(N_USERS))


def test_trends_are_those_of_the_query(state: State, session_graph: Graph) -> None:
    rows = session_graph.read("popular/trending", k=N_ITEMS, now=NOW, half_life_ms=7 * DAY_MS)
    newest = max(row["at"] for row in latest(session_graph))
    factor = 2 ** ((NOW - newest) / (7 * DAY_MS))
    theirs = {row["item_id"]: row["score"] * factor for row in rows if row["score"] * factor >= LEAST}
    items, counts = state.trends.best()
    assert [state.catalogue.ids.names[item] for item in items] == list(theirs)
    assert counts.tolist() == pytest.approx(list(theirs.values()), rel=1e-6)
    assert len(theirs) > 3


def latest(graph: Graph) -> list[dict[str, int]]:
    with graph.session() as session:
        return session.run("MATCH ()-[r:INTERACTED]->() RETURN max(r.last_at) AS at").data()


def test_new_is_what_was_first_taken_up_lately_or_is_hardly_known(state: State, session_graph: Graph) -> None:
    """A like is twelve days older than the view: the first time counts, and it is the graph's."""
    with session_graph.session() as session:
        facts = session.run(
            "MATCH (i:Item) OPTIONAL MATCH (i)<-[r:INTERACTED]-(u) "
            "RETURN i.item_id AS item, min(r.first_at) AS first, max(r.last_at) AS last, count(DISTINCT u) AS people"
        ).data()
    newest = max(row["last"] for row in facts if row["last"])
    for row in facts:
        is_new = row["people"] <= HARDLY or row["first"] > newest - 30 * DAY_MS
        place = np.array([state.catalogue.ids.places[row["item"]]])
        assert state.arrivals.is_new(place).tolist() == [is_new], row
    assert 0 < state.arrivals.new.sum() < N_ITEMS


def test_who_is_hidden_makes_nothing_old_in_memory_either(state: State, session_graph: Graph) -> None:
    """Each user in turn, beside the graph's own first times of all others; a view counts as well as a like."""
    with session_graph.session() as session:
        rows = session.run(
            "MATCH (i:Item) OPTIONAL MATCH (i)<-[r:INTERACTED]-(u) "
            "RETURN i.item_id AS item, u.user_id AS user, min(r.first_at) AS first, max(r.last_at) AS last"
        ).data()
    changed = 0
    for user in range(N_USERS):
        others = [row for row in rows if row["user"] not in (None, f"u{user}")]
        newest, oldest = (pick(row["last"] for row in others) for pick in (max, min))
        begin = newest - min(30 * DAY_MS, (newest - oldest) // 10)
        found = state.arrivals.hide(state.users.places[f"u{user}"])
        for item in range(N_ITEMS):
            firsts = [row["first"] for row in others if row["item"] == f"i{item}"]
            wanted = len(firsts) <= HARDLY or min(firsts) > begin
            assert found.new[state.catalogue.ids.places[f"i{item}"]] == wanted, (user, item)
        changed += int((found.new != state.arrivals.new).sum())
    assert changed


def test_followed_people_are_those_of_the_graph(state: State, session_graph: Graph) -> None:
    names = state.users.names
    found = {(names[user], names[one]) for user, many in state.followed.items() for one in many}
    rows = session_graph.read("snapshot/follows")
    assert found == {pair for row in rows for pair in zip(row["user_id"], row["followee_id"], strict=True)}
    assert found
