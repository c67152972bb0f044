"""Changes in the journal: beside events, in one order, each once; a file of the format before opens."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from graphrec.errors import ConflictError, InputError
from graphrec.journal import CHANGE, EVENT, Appended, Journal

FORMAT_1 = """
CREATE TABLE events (
  sequence INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, appended_at INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE refused (
  sequence INTEGER PRIMARY KEY, refused_at INTEGER NOT NULL, body TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE deliveries (tick INTEGER PRIMARY KEY, sequence INTEGER NOT NULL);
CREATE TABLE state (
  last INTEGER NOT NULL, delivered INTEGER NOT NULL, pruned INTEGER NOT NULL);
INSERT INTO state VALUES (3, 1, 0);
INSERT INTO events VALUES (1, 'e1', 5, '{"event_id":"e1","user_id":"u","item_id":"i","kind":"like","at":5}');
INSERT INTO events VALUES (2, 'e2', 6, '{"event_id":"e2","user_id":"u","item_id":"j","kind":"like","at":6}');
INSERT INTO events VALUES (3, 'e3', 7, '{"event_id":"e3","user_id":"v","item_id":"j","kind":"like","at":7}');
PRAGMA user_version = 1;
"""


def play(event_id: str) -> dict[str, Any]:
    return {"event_id": event_id, "user_id": "u", "item_id": "i"}


def put(change_id: str, **said: Any) -> dict[str, Any]:
    return {"change_id": change_id, "what": "put_item", "item_id": "i", **said}


def test_events_and_changes_have_one_order_and_ids_of_their_own(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        assert journal.append([play("same")], [put("same", title="A")]) == Appended(2, 0, (1, 2))
        assert journal.append([], [put("other", title="B")]) == Appended(1, 0, (3,))
        assert journal.append([play("last"), play("same")]) == Appended(1, 1, (4, 1))
        assert journal.append([], [put("same", title="A")]) == Appended(0, 1, (2,))
        found = journal.read_after(0)
    assert [(entry.sequence, entry.what) for entry in found] == [(1, EVENT), (2, CHANGE), (3, CHANGE), (4, EVENT)]
    assert found[1].event == {**put("same", title="A"), "at": found[1].event["at"]}


def test_a_key_that_comes_with_another_change_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.append([], [put("key", title="A")])
        with pytest.raises(ConflictError, match="'key' came with another change before"):
            journal.append([play("e")], [put("key", title="B")])
        futures = [journal.submit([], [put("both", title=title)]) for title in "AAB"]
        told = [future.exception() for future in futures]
        assert [type(error) for error in told] == [type(None), type(None), ConflictError]
        assert journal.last_sequence() == 2, "the event of the refused call isn't there either"


def test_a_journal_of_the_format_before_opens_with_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(FORMAT_1)
    for _ in range(2):
        with Journal(path) as journal:
            found = journal.read_after(0, 3)
            assert [(entry.event["event_id"], entry.what) for entry in found] == [(f"e{n}", EVENT) for n in (1, 2, 3)]
            assert journal.append([play("e2")], [put("e2")]).sequences == (2, 4)
            assert journal.delivered_sequence() == 1
            journal.mark_delivered(1, {1: "odd"})
            assert [one.event["event_id"] for one in journal.refused()] == ["e1"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"change_id": "c", "what": "drop", "item_id": "i"}, "one of put_item"),
        ({"change_id": "c", "what": "put_item"}, "has change_id and item_id"),
        (put("c", follows=["u"]), "may have at, title, properties, tags"),
        (put("c", properties={"a-b": 1}), "the name of a property"),
        (put("c", properties={"x} SET n:Admin //": 1}), "the name of a property"),
        (put("c", properties={"": 1}), "the name of a property"),
        (put("c", properties={"item_id": "other"}), "kept for what graphrec itself writes"),
        (put("c", properties={"embedding_blend_a": 1.0}), "kept for what graphrec"),
        (put("c", properties={"Labels": "Admin"}), "kept for what graphrec"),
        (put("c", properties={"_lock": True}), "the name of a property"),
        (put("c", properties={"year": [1990]}), "expected year as text"),
        (put("c", properties={"year": float("inf")}), "expected year as text"),
        (put("c", properties={"year": 2**63}), "within 64 bits"),
        (put("c", properties={f"p{n}": n for n in range(101)}), "at most 100 properties"),
        (put("c", title="x" * 4_001), "at most 4,000 characters"),
        (put("c", title="\ud800"), "isn't valid Unicode"),
        (put("c", tags={"": 1.0}), "can't be empty"),
        (put("c", tags={"x" * 201: 1.0}), "at most 200 characters"),
        (put("c", tags={"x": float("nan")}), "a weight of at most 1,000"),
        (put("c", properties={f"p{n}": "x" * 3_000 for n in range(90)}), "at most 131072 bytes"),
        ({"change_id": "c", "what": "state_tags", "user_id": "u", "tags": {"x": 1.5}}, "from -1 to 1"),
        ({"change_id": "c", "what": "put_user", "user_id": "u", "follows": [f"v{n}" for n in range(1_001)]}, "1,000"),
    ],
)
def test_a_wrong_change_is_refused_before_it_is_written(tmp_path: Path, wrong: dict[str, Any], told: str) -> None:
    with Journal(tmp_path / "j") as journal:
        with pytest.raises(InputError, match=told):
            journal.append([play("e")], [wrong])
        assert journal.last_sequence() == 0
