"""Events from the journal into Neo4j: each once, whatever is cut, refused or killed between."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cutting import CuttingProxy
from serving import Worker

from graphrec.graph import Graph
from graphrec.journal import Drain, Journal
from graphrec.server import Home


def play(n: int, **more: Any) -> dict[str, Any]:
    return {"event_id": f"e{n}", "user_id": f"u{n % 7}", "item_id": f"i{n % 5}", **more}


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def found(graph: Graph) -> tuple[int, int]:
    """How many events the log has, and how many the sums."""
    with graph.session() as session:
        n_logged = session.run("MATCH (e:Event) RETURN count(e)").value()[0]
        n_summed = session.run("MATCH (:User)-[r:INTERACTED]->(:Item) RETURN coalesce(sum(r.count), 0)").value()[0]
    return n_logged, n_summed


def is_drained(journal: Journal) -> bool:
    return journal.stats().waiting == 0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.sqlite") as opened:
        yield opened


def test_events_arrive_as_they_were_appended_and_once(graph: Graph, journal: Journal) -> None:
    events = [play(n, rating=n / 2, device="phone") for n in range(95)]
    journal.append(events[:60])
    with Drain(journal, graph, batch=20) as drain:
        wait_until(lambda: is_drained(journal))
        journal.append(events[50:])
        wait_until(lambda: is_drained(journal))
        stats = drain.stats()
    assert (stats.delivered, stats.refused, stats.oldest_s) == (95, 0, 0.0)
    assert found(graph) == (95, 95)
    with graph.session() as session:
        log = session.run("MATCH (e:Event) RETURN properties(e) AS e ORDER BY toInteger(substring(e.event_id, 1))")
        assert log.value() == [entry.event for entry in journal.read_after(0)]


def test_what_was_committed_but_not_marked_is_delivered_again_and_counts_once(graph: Graph, journal: Journal) -> None:
    events = [play(n) for n in range(40)]
    journal.append(events)
    with Drain(journal, graph):
        wait_until(lambda: is_drained(journal))
    with journal._store.writing() as db:
        db.execute("UPDATE state SET delivered = 10")  # as if it had been killed before it marked
    assert journal.stats().waiting == 30
    with Drain(journal, graph):
        wait_until(lambda: is_drained(journal))
    assert found(graph) == (40, 40)


def test_a_commit_whose_answer_is_lost_counts_once(graph: Graph, server: Home, journal: Journal) -> None:
    known = server.credentials()
    port = int(graph.uri.rsplit(":", 1)[1])
    with (
        CuttingProxy(port, n_to_cut=3) as proxy,
        Graph(f"bolt://127.0.0.1:{proxy.port}", known.user, known.password, home=graph.home) as through,
        Drain(journal, through, batch=10) as drain,
    ):
        journal.append([play(n) for n in range(50)])
        wait_until(lambda: is_drained(journal))
        assert proxy.n_cut == 3
        wait_until(lambda: drain.trouble is None)
    assert found(graph) == (50, 50)
    assert journal.stats().refused == 0


def test_poisonous_events_are_put_aside_and_the_others_arrive(graph: Graph, journal: Journal) -> None:
    most = 2**63 - 1
    events = [play(n, user_id="u", item_id="i", kind="a" if n in (11, 30, 77) else "b") for n in range(100)]
    for n in (11, 30, 77):  # their sum is beyond 64 bits, within a batch and from batch to batch
        events[n]["count"] = most
    journal.append(events)
    with Drain(journal, graph, batch=50) as drain:
        wait_until(lambda: is_drained(journal))
        stats = drain.stats()
    assert (stats.delivered, stats.refused) == (98, 2)
    assert sorted(one.event["event_id"] for one in journal.refused()) == ["e30", "e77"]
    assert all(one.reason for one in journal.refused())
    with graph.session() as session:
        sums = session.run("MATCH ()-[r:INTERACTED]->() RETURN r.kind, r.count ORDER BY r.kind").values()
        assert sums == [["a", most], ["b", 97]]
        assert session.run("MATCH (e:Event) RETURN count(e)").value() == [98]


def test_another_process_takes_over_when_the_one_that_drains_is_killed(
    graph: Graph, server: Home, journal: Journal
) -> None:
    worker = Worker(journal.path, graph.uri, server)
    worker.send([play(1)])
    assert worker.is_acknowledged()
    wait_until(lambda: is_drained(journal))
    with Drain(journal, graph) as drain:
        worker.send([play(2)])
        assert worker.is_acknowledged()
        wait_until(lambda: is_drained(journal))
        assert not drain.drains, "two drain at once"
        worker.kill()
        journal.append([play(3)])
        wait_until(lambda: is_drained(journal))
        assert drain.drains
    assert found(graph) == (3, 3)


def test_a_drain_that_is_stopped_has_marked_what_it_delivered(graph: Graph, journal: Journal) -> None:
    journal.append([play(n) for n in range(500)])
    drain = Drain(journal, graph, batch=10).start()
    wait_until(lambda: journal.delivered_sequence() >= 50)
    assert drain.stop(60)
    n_delivered = journal.delivered_sequence()
    assert n_delivered < 500, "it had no need to be stopped"
    assert found(graph) == (n_delivered, n_delivered)
    assert Drain(journal, graph).stop(), "one that never began has ended"


def test_a_refused_password_loses_nothing(graph: Graph, server: Home, journal: Journal) -> None:
    journal.append([play(n) for n in range(5)])
    with (
        Graph(graph.uri, "nobody", "wrong", home=graph.home) as wrong,
        Drain(journal, wrong) as drain,
    ):
        wait_until(lambda: drain.trouble is not None)
        assert "refused the user or password" in str(drain.trouble)
    assert (journal.stats().waiting, journal.stats().refused) == (5, 0)
    with Drain(journal, graph):
        wait_until(lambda: is_drained(journal))
    assert found(graph) == (5, 5)
