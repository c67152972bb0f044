"""Neo4j takes connections and never answers; or it commits, and its answer is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psutil
import pytest
from fastapi.testclient import TestClient
from faults import Gate
from shop import ids, opened, wait

from graphrec.errors import GraphError
from graphrec.graph import Graph
from graphrec.server import Home
from graphrec.service.app import application
from graphrec.service.settings import ServiceSettings
from tests.journal.cutting import CuttingProxy

N_CUT = 2
LIST = "/v1/users/u0/recommendations?k=30"


@pytest.fixture(scope="module")
def gate(shop: Graph) -> Iterator[Gate]:
    with Gate(int(shop.uri.rsplit(":", 1)[1])) as found:
        yield found


@pytest.fixture
def behind(gate: Gate, server: Home, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """What connects from now on does so through the gate."""
    point(monkeypatch, gate.port, server)
    return gate


def point(monkeypatch: pytest.MonkeyPatch, port: int, server: Home) -> None:
    monkeypatch.setenv("NEO4J_URI", f"bolt://127.0.0.1:{port}")
    monkeypatch.setenv("NEO4J_PASSWORD", server.credentials().password)


def test_lists_go_on_and_events_wait_until_neo4j_answers_again(shop: Graph, behind: Gate) -> None:
    with opened(shop) as client:
        before = ids(client.get(LIST))
        behind.shut()
        live = client.get(f"{LIST}&with=walk")
        assert live.json()["fallbacks"][-1].endswith("instead of walk")
        event = {"event_id": "hangs", "user_id": "u0", "item_id": before[0]}
        assert client.post("/v1/events", json=event).json() == {"new": 1, "repeated": 0}
        assert set(ids(client.get(LIST))) == set(before[1:])
        people = client.get("/v1/users/u0/people")
        assert (people.status_code, people.headers["Retry-After"]) == (503, "5")
        wait(lambda: client.get(LIST).json()["degraded"], 30)
        wait(lambda: client.app.state.service.drain.trouble is not None, 30)  # type: ignore[attr-defined]
        assert client.get("/ready").status_code == 200
        assert "graphrec_journal_waiting 1.0" in client.get("/metrics").text
        behind.open()
        wait(lambda: not client.get(LIST).json()["degraded"])
        wait(lambda: "graphrec_journal_waiting 0.0" in client.get("/metrics").text)
        wait(lambda: client.get("/v1/users/u0/people").status_code == 200)
    assert counted(shop, "hangs") == (1, 1)


def test_a_service_that_starts_while_neo4j_hangs_lives_and_is_ready_later(shop: Graph, behind: Gate) -> None:
    behind.shut()
    settings = ServiceSettings(str(shop.home), open=True)
    with TestClient(application(settings), raise_server_exceptions=False) as client:
        assert client.get("/live").status_code == 200
        assert client.get("/ready").status_code == 503
        assert client.get(LIST).status_code == 503
        event = {"event_id": "early", "user_id": "u1", "item_id": "i0"}
        assert client.post("/v1/events", json=event).status_code == 202
        behind.open()
        wait(lambda: client.get("/ready").status_code == 200)
        assert "i0" not in ids(client.get("/v1/users/u1/recommendations?k=30"))
        wait(lambda: "graphrec_journal_waiting 0.0" in client.get("/metrics").text)
    assert counted(shop, "early") == (1, 1)


def test_a_commit_whose_answer_is_lost_counts_once(shop: Graph, server: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with CuttingProxy(int(shop.uri.rsplit(":", 1)[1]), n_to_cut=0) as proxy:
        point(monkeypatch, proxy.port, server)
        with opened(shop) as client:
            service = client.app.state.service  # type: ignore[attr-defined]
            proxy.n_to_cut = N_CUT  # commits of reads among them: the keeper asks every two seconds
            for n in range(8):
                event = {"event_id": f"cut{n}", "user_id": "u3", "item_id": f"i{n}"}
                assert client.post("/v1/events", json=event).status_code == 202
                wait(lambda: service.journal.stats().waiting == 0)
            wait(lambda: proxy.n_cut == N_CUT)
    assert [counted(shop, f"cut{n}") for n in range(8)] == [(1, 1)] * 8


def test_reads_and_writes_end_at_their_deadline_and_the_next_are_answered(
    shop: Graph, server: Home, gate: Gate
) -> None:
    known = server.credentials()
    with Graph(f"bolt://127.0.0.1:{gate.port}", known.user, known.password, home=shop.home) as graph:
        near, patient = graph.within(0.5), graph.within(60)
        connect_often(graph, 4)
        gate.shut()
        works = (
            near.verify,
            lambda: near.read("model/versions"),
            lambda: near.write("load/user_ids", ids=["u0"]),
            lambda: near.transact(lambda step: step("load/user_ids", ids=["u0"])),
        )
        with ThreadPoolExecutor(len(works)) as pool:
            found = [pool.submit(work).exception() for work in works]
        assert {type(error) for error in found} == {GraphError}
        gate.open()
        patient.verify()
        assert patient.read("model/versions")


def test_a_connection_that_is_made_while_the_others_are_closed_is_closed_too(
    shop: Graph, server: Home, gate: Gate
) -> None:
    known = server.credentials()
    graph = Graph(f"bolt://127.0.0.1:{gate.port}", known.user, known.password, home=shop.home)
    held = gate.n_held
    gate.shut()
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(graph.within(60).read, "model/versions")
        wait(lambda: gate.n_held > held)
        graph.close()
        assert n_connected(gate) == 1
        gate.open()
        waits.exception(20)
    wait(lambda: n_connected(gate) == 0)


def n_connected(gate: Gate) -> int:
    """How many connections of this process to the gate are open, as the system sees it."""
    found = psutil.Process().net_connections("tcp")
    return sum(one.raddr[1:] == (gate.port,) and one.status == psutil.CONN_ESTABLISHED for one in found)


def connect_often(graph: Graph, n: int) -> None:
    """Leave so many connections in the driver's pool, so that what hangs is the answer to a query."""
    with ExitStack() as stack:
        for session in [stack.enter_context(graph.session()) for _ in range(n)]:
            session.run("RETURN 1").consume()


def test_a_graph_that_is_closed_lets_go_who_waits(shop: Graph, server: Home, gate: Gate) -> None:
    known = server.credentials()
    graph = Graph(f"bolt://127.0.0.1:{gate.port}", known.user, known.password, home=shop.home)
    graph.verify()
    held = gate.n_held
    gate.shut()
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(lambda: graph.within(60).read("model/versions"))
        wait(waits.running)
        wait(lambda: gate.n_held > held)
        time.sleep(0.2)  # until the driver is done with sending, too: it can't close a connection that it writes to
        graph.close()
        assert isinstance(waits.exception(20), GraphError)
    gate.open()


def counted(graph: Graph, event_id: str) -> tuple[int, int]:
    """How often an event stands in the log, and in the sum of its user and item."""
    asked = """
    MATCH (e:Event {event_id: $event_id})
    MATCH (:User {user_id: e.user_id})-[r:INTERACTED {kind: e.kind}]->(:Item {item_id: e.item_id})
    RETURN count(DISTINCT e) AS logged, sum(r.count) AS summed
    """
    with graph.session() as session:
        row = session.run(asked, event_id=event_id).single(strict=True)
    return row["logged"], row["summed"]
