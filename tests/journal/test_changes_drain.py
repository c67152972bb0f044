"""Changes from the journal into Neo4j: in their order among events, the same after each redelivery."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from graphrec.graph import Graph
from graphrec.ingest import changing
from graphrec.ingest.changing import write_changes
from graphrec.journal import CHANGE, EVENT, Drain, Entry, Journal
from graphrec.journal.delivery import deliver


def play(event_id: str, user_id: str = "u", item_id: str = "i", **more: Any) -> Entry:
    event = {"event_id": event_id, "user_id": user_id, "item_id": item_id, "kind": "like", "at": 1, **more}
    return Entry(0, event, EVENT)


def change(what: str, **said: Any) -> Entry:
    return Entry(0, {"change_id": str(said), "what": what, "at": 9, **said}, CHANGE)


def numbered(*entries: Entry) -> list[Entry]:
    return [Entry(n, entry.event, entry.what) for n, entry in enumerate(entries, start=1)]


STORY = numbered(
    play("e1"),
    play("e2", item_id="j"),
    change(
        "put_item", item_id="i", title="First", properties={"year": 1, "colour": "red"}, tags={"jazz": 1.0, "old": 2.0}
    ),
    change("put_item", item_id="i", title="Second", properties={"colour": None}, tags={"new": 0.5}),
    change("put_user", user_id="u", properties={"city": "Rome"}, follows=["v", "w"]),
    change("put_user", user_id="u", follows=["w", "x"]),
    change("state_tags", user_id="u", tags={"jazz": 1.0, "new": -0.5}),
    change("state_tags", user_id="u", tags={"jazz": 0.0}),
    change("delete_item", item_id="j"),
    change("delete_user", user_id="x"),
    play("e3", item_id="j"),
    change("delete_item", item_id="nothing"),
)


def picture(graph: Graph) -> dict[str, list[Any]]:
    """All that the story is about."""
    asked = {
        "nodes": "MATCH (n:User|Item) RETURN coalesce(n.user_id, n.item_id) AS id, properties(n) ORDER BY id",
        "edges": "MATCH (a:User|Item)-[r]->(b) RETURN coalesce(a.user_id, a.item_id) AS a, type(r) AS t, "
        "coalesce(b.item_id, b.user_id, b.name) AS b, properties(r) ORDER BY a, t, b",
        "log": "MATCH (e:Event) RETURN e.event_id AS id ORDER BY id",
    }
    with graph.session() as session:
        return {name: session.run(query).values() for name, query in asked.items()}  # type: ignore[arg-type]


WANTED = {
    "nodes": [
        ["i", {"item_id": "i", "title": "Second", "year": 1}],
        ["j", {"item_id": "j"}],
        ["u", {"user_id": "u", "city": "Rome"}],
        ["v", {"user_id": "v"}],
        ["w", {"user_id": "w"}],
    ],
    "edges": [
        ["i", "HAS_TAG", "new", {"weight": 0.5}],
        ["u", "FOLLOWS", "w", {}],
        ["u", "INTERACTED", "i", {"kind": "like", "count": 1, "first_at": 1, "last_at": 1}],
        ["u", "INTERACTED", "j", {"kind": "like", "count": 1, "first_at": 1, "last_at": 1}],
        ["u", "PREFERS", "new", {"weight": -0.5, "at": 9}],
    ],
    "log": [["e1"], ["e3"]],
}


def test_a_story_is_told_in_its_order_and_as_often_as_one_likes(graph: Graph) -> None:
    for told in (STORY, STORY, [*STORY[:7], *STORY], [*STORY[4:]]):
        assert deliver(graph, told) == {}
        assert picture(graph) == WANTED


def test_what_neo4j_refuses_is_put_aside_and_the_rest_arrives(graph: Graph) -> None:
    most = 2**63 - 1
    entries = numbered(
        change("put_item", item_id="a", title="A"),
        change("put_item", item_id="b", properties={"odd": [[1]]}),
        change("drop_everything", item_id="a"),
        play("e1", count=most),
        play("e2", count=most),
        change("put_item", item_id="c", title="C"),
    )
    assert sorted(deliver(graph, entries)) == [2, 3, 5]
    assert [row[0] for row in picture(graph)["nodes"]] == ["a", "c", "i", "u"]


def test_one_with_many_relationships_goes_in_parts(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changing, "AT_ONCE", 4)
    deliver(graph, numbered(*(play(f"e{n}", user_id=f"u{n}") for n in range(10)), play("other", item_id="j")))
    write_changes(graph, [{"what": "delete_item", "item_id": "i"}])
    found = picture(graph)
    assert [row[0] for row in found["edges"]] == ["u"]
    assert found["log"] == [["other"]]


def test_changes_that_a_journal_holds_arrive_with_its_events(graph: Graph, tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        for entry in STORY:
            journal.append(*(([entry.event], []) if entry.what == EVENT else ([], [entry.event])))
        with Drain(journal, graph, batch=5):
            end = time.monotonic() + 60
            while journal.stats().waiting:
                assert time.monotonic() < end
                time.sleep(0.02)
        assert journal.stats().refused == 0
    assert picture(graph) == WANTED
