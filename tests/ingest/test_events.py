"""Single events: the log and the sum commit together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from made import staged

from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.events import Recorded, record
from graphrec.ingest.rows import open_rows
from graphrec.ingest.stats import checksum_of


def play(n: int, user_id: str = "u", item_id: str = "a", **more: Any) -> dict[str, Any]:
    return {"event_id": f"e{n}", "user_id": user_id, "item_id": item_id, "kind": "listen", "at": 1000 + n, **more}


def sums(graph: Graph) -> list[dict[str, Any]]:
    with graph.session() as session:
        return session.run("MATCH (:User)-[r:INTERACTED]->(:Item) RETURN properties(r) AS r ORDER BY r.kind").value()


def test_a_redelivery_changes_nothing_and_a_second_play_counts(graph: Graph) -> None:
    assert record(graph, [play(1, dwell=3.5, device="phone")]) == Recorded(1, 0)
    assert record(graph, [play(1), play(1)]) == Recorded(0, 2)
    assert record(graph, [play(2), play(1)]) == Recorded(1, 1)
    assert sums(graph) == [{"kind": "listen", "count": 2, "first_at": 1001, "last_at": 1002}]
    with graph.session() as session:
        log = session.run("MATCH (e:Event) RETURN properties(e) AS e ORDER BY e.event_id").value()
    assert log == [play(1, dwell=3.5, device="phone"), play(2)]


def test_an_event_that_comes_late_counts_too(graph: Graph) -> None:
    record(graph, [play(9, rating=4.0)])
    record(graph, [play(3, rating=1.0)])
    assert sums(graph) == [{"kind": "listen", "count": 2, "rating": 4.0, "first_at": 1003, "last_at": 1009}]


def test_events_give_the_graph_that_loading_them_gives(graph: Graph, tmp_path: Path) -> None:
    events = [
        play(n, f"u{n % 3}", f"i{n % 4}", weight=n / 4 if n % 2 else None, rating=None if n % 5 else n / 2)
        for n in range(60)
    ]
    for start in range(0, 60, 7):
        record(graph, events[start : start + 7])
    by_events = checksum_of(graph)
    with graph.session() as session:
        session.run("MATCH (n:User|Item|Event) DETACH DELETE n").consume()
    rows = [{name: value for name, value in one.items() if name != "event_id"} for one in events]
    with open_rows(staged(tmp_path, interactions=rows)) as opened:
        load_over_bolt(graph, opened)
    assert checksum_of(graph) == by_events


def test_many_writers_at_once_lose_nothing_and_make_nothing_twice(graph: Graph) -> None:
    deliveries = [[play(n, f"u{n % 2}", f"i{m % 3}") | {"event_id": f"{n}-{m}"} for m in range(3)] for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda events: record(graph, events), deliveries * 2))
    assert sum(one.recorded for one in done) == 120
    found = sums(graph)
    assert len(found) == 6
    assert [r["count"] for r in found] == [20] * 6


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"user_id": "u", "item_id": "a"}, "missing: event_id"),
        (play(1, colour="red"), "unknown: colour"),
        (play(1, rating="good"), "rating of event 'e1' as a number"),
        (play(1) | {"user_id": ""}, "can't be empty"),
    ],
)
def test_a_wrong_event_is_refused_before_the_first_write(graph: Graph, wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        record(graph, [play(7), wrong])
    assert sums(graph) == []
