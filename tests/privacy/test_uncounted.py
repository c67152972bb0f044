"""Stored counts of people who like two items, once somebody is deleted: those that counting again gives."""

from __future__ import annotations

from typing import Any

from graphrec.graph import Graph
from graphrec.ingest.changing import write_changes
from graphrec.ingest.events import record

LIKES = {"ada": "xyz", "bob": "xy", "eve": "yz", "kim": "x", "zoe": "vw"}
ITEMS = "vwxyz"


def counts(graph: Graph) -> dict[tuple[str, str], tuple[int, float]]:
    query = "MATCH (i)-[s:SIMILAR]->(j) RETURN i.item_id, j.item_id, s.support, s.score"
    with graph.session() as session:
        return {(i, j): (support, score) for i, j, support, score in session.run(query).values()}


def batch(graph: Graph, version: str, normalisation: str) -> None:
    settings: dict[str, Any] = {"version": version, "normalisation": normalisation}
    graph.write("cooccurrence/write_similar", item_ids=list(ITEMS), **settings)


def test_counts_of_who_goes_are_those_of_counting_again(graph: Graph) -> None:
    events = [(user, item, "like") for user, items in LIKES.items() for item in items]
    events += [("ada", "v", "skip"), ("ada", "x", "view"), ("bob", "z", "dislike")]
    named = [
        {"event_id": str(n), "user_id": user, "item_id": item, "kind": kind, "at": n}
        for n, (user, item, kind) in enumerate(events)
    ]
    record(graph, named)
    batch(graph, "counted", "count")
    before = counts(graph)
    assert before["x", "y"] == (2, 2.0)
    gone = {"change_id": "c", "what": "delete_user", "user_id": "ada"}
    write_changes(graph, [gone])
    after = counts(graph)
    write_changes(graph, [gone])
    assert counts(graph) == after, "again, it changes nothing"
    assert after["x", "y"] == (1, 1.0)
    assert after["y", "z"] == (1, 1.0)
    assert ("x", "z") not in after, "only ada liked both"
    assert after["v", "w"] == before["v", "w"]
    with graph.session() as session:
        session.run("MATCH ()-[s:SIMILAR]->() DELETE s").consume()
    batch(graph, "counted", "count")
    assert counts(graph) == after


def test_more_items_than_one_transaction_counts(graph: Graph) -> None:
    items = [f"i{n:03d}" for n in range(45)]
    events = [
        {"event_id": f"{user}{item}", "user_id": user, "item_id": item, "kind": "like", "at": 1}
        for user in ("ada", "bob")
        for item in items
    ]
    record(graph, events)
    graph.write("cooccurrence/write_similar", item_ids=items, version="v", k=3, normalisation="cosine")
    write_changes(graph, [{"change_id": "c", "what": "delete_user", "user_id": "ada"}])
    assert {support for support, _ in counts(graph).values()} == {1}
    assert len(counts(graph)) == 3 * 45


def test_who_has_opted_out_stays_left_out_and_comes_back_when_others_go(graph: Graph) -> None:
    record(
        graph,
        [
            {"event_id": f"{user}{item}", "user_id": user, "item_id": item, "kind": "like", "at": 1}
            for user, items in {"ada": "xy", "bob": "xy", "eve": "xy"}.items()
            for item in items
        ],
    )
    batch(graph, "v", "count")

    def change(what: str, user: str) -> tuple[int, int]:
        write_changes(graph, [{"change_id": f"{what}{user}", "what": what, "user_id": user}])
        with graph.session() as session:
            query = "MATCH (:Item {item_id: 'x'})-[s:SIMILAR]->() RETURN s.support, coalesce(s.withheld, 0)"
            found = session.run(query).values()
        return (found[0][0], found[0][1]) if found else (0, 0)

    assert change("opt_out", "bob") == (3, 1)
    assert change("delete_user", "ada") == (2, 1)
    assert change("opt_in", "bob") == (2, 0)
    assert change("opt_out", "eve") == (2, 1)
    assert change("delete_user", "eve") == (1, 0)
    assert change("delete_user", "bob") == (0, 0)
