"""Batches over Bolt: what they write, and that writing again, at once, or after a break changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from made import event, generated, nasty, staged

from graphrec.errors import InputError
from graphrec.frames import Frames
from graphrec.graph import Graph
from graphrec.ingest import bolt
from graphrec.ingest.load import ingest
from graphrec.ingest.rows import open_rows
from graphrec.ingest.stats import checksum_of, read_stats


def load(graph: Graph, frames: Frames) -> None:
    with open_rows(frames) as rows:
        bolt.load_over_bolt(graph, rows)


def interactions(graph: Graph) -> dict[tuple[str, str], dict[str, Any]]:
    with graph.session() as session:
        found = session.run("MATCH (u:User)-[r:INTERACTED]->(i) RETURN u.user_id, i.item_id, properties(r)").values()
    assert len({(user, item, r["kind"]) for user, item, r in found}) == len(found)
    return {(user, item): r for user, item, r in found}


def test_sums_events_of_a_pair_into_one_relationship(graph: Graph, tmp_path: Path) -> None:
    rows = [event("u", "a", 20, rating=3.0), event("u", "a", 10, rating=5.0), event("u", "b", count=7, weight=0.5)]
    load(graph, staged(tmp_path, interactions=rows))
    assert interactions(graph) == {
        ("u", "a"): {"kind": "listen", "count": 2, "rating": 3.0, "first_at": 10, "last_at": 20},
        ("u", "b"): {"kind": "listen", "count": 7, "weight": 0.5},
    }


def test_a_later_increment_adds_and_an_overlapping_one_does_not(graph: Graph, tmp_path: Path) -> None:
    load(graph, staged(tmp_path / "1", interactions=[event("u", "a", 10, count=2), event("u", "b", 10, count=5)]))
    more = [event("u", "a", 11, count=3, rating=4.0), event("u", "b", 9, count=3, rating=2.0), event("v", "a", 1)]
    load(graph, staged(tmp_path / "2", interactions=more))
    found = interactions(graph)
    assert found["u", "a"] == {"kind": "listen", "count": 5, "rating": 4.0, "first_at": 10, "last_at": 11}
    assert found["u", "b"] == {"kind": "listen", "count": 5, "rating": 2.0, "first_at": 9, "last_at": 10}
    assert found["v", "a"]["count"] == 1


def test_an_older_rating_does_not_replace_a_newer_one(graph: Graph, tmp_path: Path) -> None:
    load(graph, staged(tmp_path / "1", interactions=[event("u", "a", 10, rating=1.0)]))
    load(graph, staged(tmp_path / "2", interactions=[event("u", "a", 5, rating=5.0)]))
    assert interactions(graph)["u", "a"]["rating"] == 1.0
    load(graph, staged(tmp_path / "3", interactions=[event("u", "a", 10, rating=4.0)]))
    assert interactions(graph)["u", "a"]["rating"] == 4.0


def test_loading_again_changes_nothing(graph: Graph, tmp_path: Path) -> None:
    frames = nasty(tmp_path)
    load(graph, frames)
    first = read_stats(graph)
    load(graph, frames)
    assert read_stats(graph) == first
    assert first.nodes == {"users": 14, "items": 14, "tags": 11, "events": 0, "models": 0}


def test_fixed_valid_and_test_parts_stay_out(graph: Graph, tmp_path: Path) -> None:
    load(graph, staged(tmp_path, interactions=[event("u", "a")], test=[event("u", "b")], valid=[event("w", "c")]))
    assert read_stats(graph).nodes["users"] == 1
    assert list(interactions(graph)) == [("u", "a")]


def test_a_break_in_the_middle_and_a_second_load_give_what_one_load_gives(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = generated(tmp_path, 6000)
    monkeypatch.setattr(bolt, "EDGES_A_BATCH", 500)

    def stop(what: str, done: int, total: int) -> None:
        if what == "interactions" and done > total / 2:
            raise KeyboardInterrupt

    with open_rows(frames) as rows, pytest.raises(KeyboardInterrupt):
        bolt.load_over_bolt(graph, rows, stop)
    broken = checksum_of(graph)
    load(graph, frames)
    whole = checksum_of(graph)
    with graph.session() as session:
        session.run("MATCH (n:User|Item) DETACH DELETE n").consume()
    load(graph, frames)
    assert checksum_of(graph) == whole != broken


def test_two_loads_at_once_make_nothing_twice(graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bolt, "EDGES_A_BATCH", 200)
    frames = [generated(tmp_path / str(n), 3000, seed=7) for n in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: load(graph, one), frames))
    both = checksum_of(graph)
    assert len(interactions(graph)) == both[0]["view"]
    load(graph, frames[0])
    assert checksum_of(graph) == both


def test_auto_takes_bolt_for_few_rows_and_refuses_bulk_into_a_filled_graph(graph: Graph, tmp_path: Path) -> None:
    frames = staged(tmp_path, interactions=[event("u", "a")])
    report = ingest(frames, graph.home)
    assert (report.way, report.counts["interacted"]) == ("bolt", 1)
    with pytest.raises(InputError, match="holds data already"):
        ingest(frames, graph.home, via="bulk")
    with pytest.raises(InputError, match="auto, bulk, bolt"):
        ingest(frames, graph.home, via="pigeon")
