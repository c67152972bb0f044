"""Rows of a journal that speak of a user are emptied without a gap, and nobody who comes late reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec.errors import BehindError
from graphrec.holdings.search import files_with_text
from graphrec.journal import Journal

GONE = "kqzvjxwpbnmtrdhgfsclqeyuioazwxsd"


def event(name: str, user_id: str) -> dict[str, str]:
    return {"event_id": name, "user_id": user_id, "item_id": "i", "kind": "view"}


def filled(path: Path) -> Journal:
    """Rows 1 to 6: ada, GONE twice, bob follows GONE and ada, GONE goes, eve."""
    journal = Journal(path)
    journal.append([event("e1", "ada"), event("e2", GONE), event(f"{GONE}-3", GONE)])
    follows = {"change_id": "c1", "what": "put_user", "user_id": "bob", "follows": [GONE, "ada"]}
    journal.append((), [follows])
    journal.append((), [{"change_id": "c2", "what": "delete_user", "user_id": GONE}])
    journal.append([event("e6", "eve")])
    return journal


def test_nothing_is_emptied_that_neo4j_has_not(tmp_path: Path) -> None:
    with filled(tmp_path / "j.sqlite") as journal:
        assert journal.empty(GONE) == 0
        assert len(journal.rows_of(GONE)) == 4
        journal.mark_delivered(2, {})
        assert journal.empty(GONE) == 1
        assert len(journal.read_after(2)) == 4


def test_emptied_rows_keep_their_places_and_late_readers_read_the_graph(tmp_path: Path) -> None:
    with filled(tmp_path / "j.sqlite") as journal:
        journal.mark_delivered(6, {3: f"the value of {GONE} is too long"})
        assert [table for table, _, _ in journal.rows_of(GONE)] == ["events"] * 4 + ["refused"]
        assert journal.empty(GONE) == 5
        assert journal.rows_of(GONE) == []
        assert journal.empty(GONE) == 0
        assert journal.refused() == []
        assert [entry.event["user_id"] for entry in journal.read_after(5)] == ["eve"]
        for late in (0, 4):
            with pytest.raises(BehindError, match="read the graph anew"):
                journal.read_after(late)
        assert journal.append([event("e1", "ada"), event("e2", GONE), event("e7", "ada")]).sequences == (1, 2, 7)
        assert journal.rows_of("bob")[0][2]["follows"] == ["ada"]
        assert files_with_text(tmp_path, GONE) == []
        journal.vacuum()
        assert journal.append([event("e2", "ada"), event("e1", "ada")]).sequences == (8, 1)
    assert files_with_text(tmp_path, GONE) == []


def test_pruning_goes_on_where_rows_were_emptied(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite", keep_s=0, keep_rows=1) as journal:
        journal.append([event(f"e{n}", f"u{n}") for n in range(10)])
        journal.mark_delivered(10, {})
        journal.empty("u5")
        journal._store._writer.execute("UPDATE deliveries SET tick = 0")
        assert journal.prune() == 9
        assert journal.prune() == 0
        assert [entry.sequence for entry in journal.read_after(9)] == [10]


def test_old_rows_go_once_neo4j_has_them(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        journal.append([event(f"e{n}", "u") for n in range(4)])
        journal._store._writer.execute("UPDATE events SET appended_at = 1000 * sequence")
        journal.mark_delivered(2, {})
        journal._store._writer.execute("INSERT INTO refused VALUES (9, 2500, '{}', 'too long')")
        assert journal.count_before(3_500) == 3
        assert journal.expire(3_500) == 3
        assert journal.expire(3_500) == 0
        assert [entry.sequence for entry in journal.read_after(2)] == [3, 4]
