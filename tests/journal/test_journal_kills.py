"""Kill -9 in the middle of events, of processes that append and drain and of Neo4j: every acknowledged event counts
once. tests/service/test_service_kills.py does it to whole services, more often."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from serving import Worker

from graphrec import connect
from graphrec.graph import Graph
from graphrec.journal import Drain, Journal
from graphrec.server import Home, State, down
from tests.conftest import start

pytestmark = pytest.mark.slow

N_EVENTS, BATCH, N_KILLS = 6_000, 100, 8
NEO4J_KILLS = (2, 5)
"""Of the kills, those that kill Neo4j too."""


def kill(home: Home, state: State) -> None:
    psutil.Process(state.pid).kill()
    wait_until(lambda: home.running() is None)


def wait_until(true: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def pairs(graph: Graph) -> Counter[tuple[str, str]]:
    with graph.session() as session:
        rows = session.run("MATCH (u:User)-[r:INTERACTED]->(i:Item) RETURN u.user_id, i.item_id, r.count").values()
    assert len({(user, item) for user, item, _ in rows}) == len(rows), "a pair has two relationships"
    return Counter({(user, item): count for user, item, count in rows})


class Client:
    """Sends every batch until it is acknowledged, to two workers by turns, which it kills."""

    def __init__(self, journal: Path, home: Home, seed: int) -> None:
        self._rng = random.Random(seed)
        self._journal, self._home = journal, home
        self._state = start(home)
        self._pool = ThreadPoolExecutor(1)
        self._restart: Future[State] | None = None
        self._workers = [self._worker(), self._worker()]
        self.n_resent = 0

    def send(self, events: list[dict[str, Any]], turn: int, *, killing: bool) -> None:
        """Until the events are acknowledged; with `killing` the worker is killed while it is at them."""
        worker = self._workers[turn % 2]
        worker.send(events)
        if killing:
            time.sleep(self._rng.uniform(0, 0.02))
            acknowledged = worker.kill()
            worker = self._workers[turn % 2] = self._worker()
            if acknowledged:
                return
            self.n_resent += 1
            worker.send(events)
        assert worker.is_acknowledged()

    def kill_neo4j(self) -> None:
        self.await_neo4j()
        kill(self._home, self._state)

    def start_neo4j(self) -> None:
        """Beside what goes on."""
        self._restart = self._pool.submit(start, self._home)

    def await_neo4j(self) -> None:
        """Until it has been started where it was to be."""
        if self._restart is not None:
            port, self._state = self._state.port, self._restart.result()
            assert self._state.port == port
            self._restart = None

    def end(self) -> None:
        self.await_neo4j()
        self._pool.shutdown()
        assert [worker.end() for worker in self._workers] == [0, 0]

    def _worker(self) -> Worker:
        return Worker(self._journal, self._state.uri, self._home)


def test_every_acknowledged_event_is_in_the_graph_once(mortal: Home, tmp_path: Path) -> None:
    rng = random.Random(7)
    events = [
        {"event_id": f"e{n}", "user_id": f"u{rng.randrange(300)}", "item_id": f"i{rng.randrange(200)}"}
        for n in range(N_EVENTS)
    ]
    batches = [events[place : place + BATCH] for place in range(0, N_EVENTS, BATCH)]
    killed = {place: n for n, place in enumerate(sorted(rng.sample(range(len(batches) - 10), N_KILLS)))}
    client = Client(tmp_path / "journal.sqlite", mortal, seed=7)
    restart: int | None = None
    for place, batch in enumerate(batches):
        if killed.get(place) in NEO4J_KILLS:
            if restart is not None:
                client.start_neo4j()
            client.kill_neo4j()
            restart = place + 5
        client.send(batch, place, killing=place in killed)
        if place == restart:
            client.start_neo4j()
            restart = None
    client.await_neo4j()  # if it had to go to another port, that is what went wrong
    with Journal(tmp_path / "journal.sqlite") as journal:
        wait_until(lambda: journal.stats().waiting == 0)
        assert (journal.stats().delivered, journal.stats().refused) == (N_EVENTS, 0)
    client.end()
    assert client.n_resent > 0, "no kill came before an acknowledgement"
    with connect.local(mortal, start(mortal)) as graph:
        with graph.session() as session:
            assert set(session.run("MATCH (e:Event) RETURN e.event_id").value()) == {e["event_id"] for e in events}
            assert session.run("MATCH (e:Event) RETURN count(e)").value() == [N_EVENTS]
        assert pairs(graph) == Counter((event["user_id"], event["item_id"]) for event in events)


def test_events_are_taken_while_neo4j_is_away_and_arrive_when_it_is_back(mortal: Home, tmp_path: Path) -> None:
    events = [{"event_id": f"away{n}", "user_id": "away", "item_id": f"away{n % 3}"} for n in range(300)]
    with (
        connect.local(mortal, start(mortal)) as graph,
        Journal(tmp_path / "journal.sqlite") as journal,
        Drain(journal, graph, batch=50) as drain,
    ):
        journal.append(events[:100])
        wait_until(lambda: journal.stats().waiting == 0)
        down(mortal)
        assert journal.append(events[100:200]).new == 100
        wait_until(lambda: drain.trouble is not None)
        assert journal.append(events[150:300]).new == 100
        stats = drain.stats()
        assert (stats.waiting, stats.delivered, stats.refused) == (200, 100, 0)
        assert stats.oldest_s > 0
        start(mortal)
        wait_until(lambda: journal.stats().waiting == 0)
        wait_until(lambda: drain.trouble is None)
        away = {pair: count for pair, count in pairs(graph).items() if pair[0] == "away"}
    assert away == {("away", f"away{n}"): 100 for n in range(3)}
