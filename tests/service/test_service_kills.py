"""Kill -9 of `graphrec serve` and of Neo4j while events come in over HTTP: every answered event counts once."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx2
import psutil
import pytest
from served import Served
from shop import wait

from graphrec import connect
from graphrec.graph import Graph
from graphrec.journal import Journal
from graphrec.server import Home, State
from tests.conftest import start

pytestmark = pytest.mark.slow

N_EVENTS, BATCH, N_KILLS = 20_000, 100, 20
NEO4J_KILLS = (4, 10, 16)
"""Of the kills, those that kill Neo4j; the others kill a service."""


class Client:
    """Sends each batch until it is answered with 202, to two services of one home by turns, which it kills."""

    def __init__(self, home: Home, seed: int) -> None:
        self.n_resent = 0
        self._rng = random.Random(seed)
        self._home = home
        self._services = [Served(home.root), Served(home.root)]
        self._http = httpx2.Client(timeout=30)
        self._pool = ThreadPoolExecutor(1)
        self._neo4j: Future[State] = self._pool.submit(start, home)
        for service in self._services:
            service.wait()

    def send(self, events: list[dict[str, Any]], turn: int) -> None:
        """Until it is answered, by whichever service answers."""
        while not self._is_taken(events, turn):
            self.n_resent += 1
            turn += 1

    def kill_while_sending(self, events: list[dict[str, Any]], turn: int) -> None:
        """Kill the service within the request, start another on its port, and go on at the other one meanwhile."""
        service = self._services[turn % 2]
        service.wait()
        killing = threading.Timer(self._rng.uniform(0, 0.03), service.process.kill)
        killing.start()
        answered = self._is_taken(events, turn)
        killing.join()
        service.kill()
        self._services[turn % 2] = Served(self._home.root, port=service.port)
        if not answered:
            self.n_resent += 1
            self._services[(turn + 1) % 2].wait()
            self.send(events, turn + 1)

    def kill_neo4j(self) -> None:
        """Kill it and let it be started again, beside what goes on."""
        psutil.Process(self._neo4j.result().pid).kill()
        wait(lambda: self._home.running() is None)
        self._neo4j = self._pool.submit(start, self._home)

    def end(self) -> list[int]:
        """Ask all to end; the exit statuses of the services."""
        self._neo4j.result()
        for service in self._services:
            service.wait("/ready")
            service.terminate()
        return [service.status(60) for service in self._services]

    def close(self) -> None:
        self._pool.shutdown()
        self._http.close()
        for service in self._services:
            service.kill()

    def _is_taken(self, events: list[dict[str, Any]], turn: int) -> bool:
        try:
            answer = self._http.post(self._services[turn % 2].url + "/v1/events", json={"events": events})
        except httpx2.TransportError:
            return False
        assert answer.status_code == 202, answer.text
        return True


@pytest.fixture
def client(mortal: Home) -> Iterator[Client]:
    found = Client(mortal, seed=7)
    yield found
    found.close()


def test_every_answered_event_is_in_the_graph_once(mortal: Home, client: Client) -> None:
    rng = random.Random(7)
    events = [
        {"event_id": f"e{n}", "user_id": f"u{rng.randrange(300)}", "item_id": f"i{rng.randrange(200)}"}
        for n in range(N_EVENTS)
    ]
    batches = [events[place : place + BATCH] for place in range(0, N_EVENTS, BATCH)]
    kills = {place: n for n, place in enumerate(sorted(rng.sample(range(len(batches)), N_KILLS)))}
    for place, batch in enumerate(batches):
        if kills.get(place) in NEO4J_KILLS:
            client.kill_neo4j()
        if place in kills and kills[place] not in NEO4J_KILLS:
            client.kill_while_sending(batch, kills[place])
        else:
            client.send(batch, place)
    with Journal(mortal.root / "service" / "journal.sqlite") as journal:
        wait(lambda: journal.stats().waiting == 0, 300)
        assert (journal.stats().delivered, journal.stats().refused) == (N_EVENTS, 0)
    assert client.end() == [0, 0]
    assert client.n_resent > 0, "no kill came before an answer"
    with connect.local(mortal, start(mortal)) as graph:
        assert logged(graph) == Counter(event["event_id"] for event in events)
        assert pairs(graph) == Counter((event["user_id"], event["item_id"]) for event in events)


def logged(graph: Graph) -> Counter[str]:
    """How often each event stands in the log."""
    with graph.session() as session:
        return Counter(session.run("MATCH (e:Event) RETURN e.event_id").value())


def pairs(graph: Graph) -> Counter[tuple[str, str]]:
    """What is summed up, by user and item; each pair has one relationship."""
    with graph.session() as session:
        rows = session.run("MATCH (u:User)-[r:INTERACTED]->(i:Item) RETURN u.user_id, i.item_id, r.count").values()
    assert len({(user, item) for user, item, _ in rows}) == len(rows), "a pair has two relationships"
    return Counter({(user, item): count for user, item, count in rows})
