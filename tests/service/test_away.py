"""Neo4j goes away under a running service, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from shop import ids, opened, stock, wait

from graphrec import connect
from graphrec.server import Home, StartOptions, down, ensure_running, this_process
from graphrec.server.memory import small

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """The home of a server of its own, which may be stopped."""
    found = Home.at(tmp_path / "home")
    for name in ("NEO4J_URI", "NEO4J_USER", "NEO4J_PASSWORD", "NEO4J_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    yield found
    down(found)


def start(home: Home) -> None:
    ensure_running(home, StartOptions("tests", None, memory=small(), guard=this_process()))


def test_answers_go_on_events_wait_and_arrive_once(home: Home, tmp_path: Path) -> None:
    start(home)
    with connect.connect(home.root) as graph:
        stock(graph, tmp_path / "frames")
        with opened(graph) as client:
            before = ids(client.get("/v1/users/u0/recommendations?k=30"))
            down(home)
            wait(lambda: client.get("/v1/users/u0/recommendations").json()["degraded"])
            assert ids(client.get("/v1/users/u0/recommendations?k=30")) == before
            events = [{"event_id": f"e{n}", "user_id": "u0", "item_id": item} for n, item in enumerate(before[:5])]
            for event in [*events, *events]:
                assert client.post("/v1/events", json=event).status_code == 202
            assert set(ids(client.get("/v1/users/u0/recommendations?k=30"))) == set(before[5:])
            assert client.put("/v1/items/new", json={"title": "New", "tags": ["fresh"]}).status_code == 202
            assert client.delete(f"/v1/items/{before[5]}").status_code == 202
            answers = {"liked": ["new"], "tags": {"fresh": 1.0}}
            assert client.post("/v1/users/u1/onboarding", json=answers).status_code == 202
            assert set(ids(client.get("/v1/users/u0/recommendations?k=30"))) == {*before[6:], "new"}
            assert client.get("/v1/users/u0/people").status_code == 503
            assert client.get("/v1/users/u0/people").headers["Retry-After"]
            assert client.get("/ready").status_code == 200
            assert (
                client.get("/v1/users/u0/recommendations?with=walk").json()["fallbacks"][-1].endswith("instead of walk")
            )
            start(home)
            wait(lambda: not client.get("/v1/users/u0/recommendations").json()["degraded"])
            wait(lambda: "graphrec_journal_waiting 0.0" in client.get("/metrics").text)
        with graph.session() as session:
            found = session.run("MATCH (e:Event) RETURN count(e) AS n").single(strict=True)["n"]
            kinds = "MATCH (:User {user_id: 'u0'})-[r:INTERACTED {kind: 'interaction'}]->() RETURN sum(r.count) AS n"
            counted = session.run(kinds).single(strict=True)["n"]
            asked = (
                "MATCH (i:Item) WHERE i.item_id IN $ids RETURN i.item_id, i.title, [(i)<-[:INTERACTED]-(u) | u.user_id]"
            )
            assert session.run(asked, ids=["new", before[5]]).values() == [["new", "New", ["u1"]]]
            stated = "MATCH (:User {user_id: 'u1'})-[r:PREFERS]->(:Tag {name: 'fresh'}) RETURN r.weight"
            assert session.run(stated).value() == [1.0]
        assert (found, counted) == (6, 5)


def test_a_full_journal_says_when_to_come_again(home: Home, tmp_path: Path) -> None:
    start(home)
    with connect.connect(home.root) as graph:
        stock(graph, tmp_path / "frames")
        with opened(graph, max_waiting=3) as client:
            down(home)
            wait(lambda: client.get("/v1/users/u0/recommendations").json()["degraded"])
            events = [{"event_id": f"e{n}", "user_id": "u0", "item_id": f"i{n}"} for n in range(4)]
            found = [client.post("/v1/events", json=event) for event in events]
            assert [answer.status_code for answer in found] == [202, 202, 202, 503]
            assert found[-1].headers["Retry-After"]
            assert found[-1].headers["content-type"] == "application/problem+json"
