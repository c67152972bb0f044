"""Neo4j goes away under a running service, and comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from shop import ids, opened, stock, wait

from graphrec import connect
from graphrec.graph import Graph
from graphrec.server import Home, down
from tests.conftest import start

pytestmark = pytest.mark.slow

LIST = "/v1/users/u0/recommendations?k=30"


def test_answers_go_on_events_wait_and_arrive_once(mortal: Home, tmp_path: Path) -> None:
    with connect.connect(mortal.root) as graph:
        stock(graph, tmp_path / "frames")
        with opened(graph, max_waiting=9) as client:
            before = ids(client.get(LIST))
            down(mortal)
            wait(lambda: client.get(LIST).json()["degraded"])
            assert ids(client.get(LIST)) == before
            tell(client, before)
            change(client, before)
            tell_one_too_many(client)
            ask_for_what_needs_neo4j(client)
            start(mortal)
            wait(lambda: not client.get(LIST).json()["degraded"])
            wait(lambda: "graphrec_journal_waiting 0.0" in client.get("/metrics").text)
            late = {"event_id": "one too many", "user_id": "u1", "item_id": "i0"}
            assert client.post("/v1/events", json=late).status_code == 202
        assert counted(graph, "u0") == 5
        assert counted(graph, "u1") == 1
        assert_changed(graph, before)


def tell(client: TestClient, before: list[str]) -> None:
    """Five events, twice; they count at once."""
    events = [{"event_id": f"e{n}", "user_id": "u0", "item_id": item} for n, item in enumerate(before[:5])]
    for event in [*events, *events]:
        assert client.post("/v1/events", json=event).status_code == 202
    assert set(ids(client.get(LIST))) == set(before[5:])


def change(client: TestClient, before: list[str]) -> None:
    """An item comes, another goes, and a user says what is liked: four entries of the journal."""
    assert client.put("/v1/items/new", json={"title": "New", "tags": ["fresh"]}).status_code == 202
    assert client.delete(f"/v1/items/{before[5]}").status_code == 202
    answers = {"liked": ["new"], "tags": {"fresh": 1.0}}
    assert client.post("/v1/users/u2/onboarding", json=answers).status_code == 202
    assert set(ids(client.get(LIST))) == {*before[6:], "new"}


def tell_one_too_many(client: TestClient) -> None:
    """More than may wait is told when to come again; what is known already is answered."""
    refused = client.post("/v1/events", json={"event_id": "one too many", "user_id": "u1", "item_id": "i0"})
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    assert refused.headers["content-type"] == "application/problem+json"
    known = {"event_id": "e0", "user_id": "u0", "item_id": "i0"}
    assert client.post("/v1/events", json=known).status_code == 202


def assert_changed(graph: Graph, before: list[str]) -> None:
    with graph.session() as session:
        asked = "MATCH (i:Item) WHERE i.item_id IN $ids RETURN i.item_id, i.title, [(i)<-[:INTERACTED]-(u) | u.user_id]"
        assert session.run(asked, ids=["new", before[5]]).values() == [["new", "New", ["u2"]]]
        stated = "MATCH (:User {user_id: 'u2'})-[r:PREFERS]->(:Tag {name: 'fresh'}) RETURN r.weight"
        assert session.run(stated).value() == [1.0]


def ask_for_what_needs_neo4j(client: TestClient) -> None:
    people = client.get("/v1/users/u0/people")
    assert people.status_code == 503
    assert people.headers["Retry-After"]
    assert client.get("/ready").status_code == 200
    assert client.get(f"{LIST}&with=walk").json()["fallbacks"][-1].endswith("instead of walk")


def counted(graph: Graph, user: str) -> int:
    """How often a user's events stand in the sums; the log has the same."""
    with graph.session() as session:
        log = session.run("MATCH (e:Event {user_id: $user}) RETURN count(e)", user=user).value()[0]
        kinds = "MATCH (:User {user_id: $user})-[r:INTERACTED {kind: 'interaction'}]->() RETURN sum(r.count)"
        assert session.run(kinds, user=user).value() == [log]
    return int(log)
