"""The graph's note of its kinds, which walks trust: never without a kind that occurs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from graphrec.graph import Graph
from graphrec.ingest.events import record


def noted(graph: Graph) -> list[str] | None:
    with graph.session() as session:
        found: list[str] | None = session.run("MATCH (g:Graph) RETURN g.kinds AS kinds").single(strict=True)["kinds"]
    return found


def event(name: str, kind: str) -> dict[str, str]:
    return {"event_id": name, "user_id": f"user of {name}", "item_id": "i", "kind": kind}


def test_events_note_their_kinds(graph: Graph) -> None:
    assert noted(graph) is None
    record(graph, [event("1", "view")])
    assert noted(graph) == ["view"]
    record(graph, [event("2", "view"), event("3", "skip")])
    assert noted(graph) == ["view", "skip"]


def test_kinds_of_several_writers_at_once_are_all_noted(graph: Graph) -> None:
    kinds = [f"kind {n}" for n in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda kind: record(graph, [event(kind, kind)]), kinds))
    assert sorted(noted(graph) or []) == sorted(kinds)


def test_a_graph_with_interactions_that_nobody_noted_is_left_without_a_note(graph: Graph) -> None:
    with graph.session() as session:
        session.run("CREATE (:User {user_id: 'u'})-[:INTERACTED {kind: 'skip'}]->(:Item {item_id: 'i'})").consume()
    record(graph, [event("1", "view")])
    assert noted(graph) is None
    graph.write("load/kinds", kinds=["skip", "view"], complete=True)
    assert noted(graph) == ["skip", "view"]
