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
        with opened(graph, max_waiting=5) as client:
            before = ids(client.get(LIST))
            down(mortal)
            wait(lambda: client.get(LIST).json()["degraded"])
            assert ids(client.get(LIST)) == before
            tell(client, before)
            ask_for_what_needs_neo4j(client)
            start(mortal)
            wait(lambda: not client.get(LIST).json()["degraded"])
            wait(lambda: "graphrec_journal_waiting 0.0" in client.get("/metrics").text)
            late = {"event_id": "one too many", "user_id": "u1", "item_id": "i0"}
            assert client.post("/v1/events", json=late).status_code == 202
        assert counted(graph, "u0") == 5
        assert counted(graph, "u1") == 1


def tell(client: TestClient, before: list[str]) -> None:
    """Five events, twice; they count at once. A sixth is more than may wait, and is told when to come again."""
    events = [{"event_id": f"e{n}", "user_id": "u0", "item_id": item} for n, item in enumerate(before[:5])]
    for event in [*events, *events]:
        assert client.post("/v1/events", json=event).status_code == 202
    assert set(ids(client.get(LIST))) == set(before[5:])
    refused = client.post("/v1/events", json={"event_id": "one too many", "user_id": "u1", "item_id": "i0"})
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    assert refused.headers["content-type"] == "application/problem+json"
    assert client.post("/v1/events", json=events[0]).status_code == 202


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
