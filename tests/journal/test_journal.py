"""The journal without a server: what is acknowledged is there, once and in order, for every thread and process."""

from __future__ import annotations

import asyncio
import math
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import BehindError, FullError, InputError, JournalError
from graphrec.journal import Appended, Journal
from graphrec.journal import journal as module


def play(n: int, **more: Any) -> dict[str, Any]:
    return {"event_id": f"e{n}", "user_id": f"u{n % 7}", "item_id": f"i{n % 5}", **more}


def ids(journal: Journal) -> list[str]:
    return [entry.event["event_id"] for entry in journal.read_after(0, 100_000)]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "new" / "journal.sqlite") as opened:
        yield opened


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 12), max_size=5), max_size=12), st.integers(0, 11))
def test_any_appends_leave_the_first_of_each_event_in_order(calls: list[list[int]], reopened: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        journal = Journal(path)
        seen: dict[str, int] = {}
        firsts: list[dict[str, Any]] = []
        for place, call in enumerate(calls):
            if place == reopened:
                journal.close()
                journal = Journal(path)
            events = [play(n, at=1000 * place + m) for m, n in enumerate(call)]
            for event in events:
                if event["event_id"] not in seen:
                    seen[event["event_id"]] = len(seen) + 1
                    firsts.append({**event, "kind": "interaction"})
            done = journal.append(events)
            assert done.sequences == tuple(seen[event["event_id"]] for event in events)
            assert done.new + done.repeated == len(events)
            assert journal.last_sequence() == len(seen)
        found = journal.read_after(0)
        journal.close()
    assert [entry.sequence for entry in found] == list(range(1, len(seen) + 1))
    assert [entry.event for entry in found] == firsts


def test_a_repeat_changes_nothing(journal: Journal) -> None:
    assert journal.append([play(1, rating=4), play(2), play(1, rating=5)]) == Appended(2, 1, (1, 2, 1))
    assert journal.append([play(3), play(2, rating=1)]) == Appended(1, 1, (3, 2))
    assert [entry.event.get("rating") for entry in journal.read_after(0)] == [4, None, None]
    assert journal.append([]) == Appended(0, 0, ())


def test_an_event_has_a_time_before_it_is_written(journal: Journal) -> None:
    before = module.now_ms()
    journal.append([play(1), play(2, at=5), play(3, at=None)])
    now, given_, none = (entry.event["at"] for entry in journal.read_after(0))
    assert before <= now <= module.now_ms()
    assert (given_, none) == (5, now)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"user_id": "u", "item_id": "a"}, "missing: event_id"),
        (play(1, colour="red"), "unknown: colour"),
        (play(1, user_id=""), "can't be empty"),
        (play(1, rating=math.nan), "rating of event 'e1' as a finite number"),
        (play(1, weight=-math.inf), "weight of event 'e1' as a finite number"),
        (play(1, weight=2**63), "within 64 bits"),
        (play(1, at=-(2**63) - 1), "within 64 bits"),
        (play(1, device="\ud800"), "isn't valid Unicode"),
        (play(1, session="x" * 40_000), "at most 32768 bytes"),
    ],
)
def test_a_wrong_event_is_refused_before_any_is_written(journal: Journal, wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        journal.append([play(7), wrong])
    assert journal.last_sequence() == 0


def test_the_numbers_that_fit_come_back_as_they_were(journal: Journal) -> None:
    event = play(
        1, kind="☕", at=-(2**63), count=2**63 - 1, weight=0.1 + 0.2, rating=5e-324, dwell=1e308, device='"\\\n'
    )
    journal.append([event])
    assert journal.read_after(0)[0].event == event


def test_only_the_owner_may_read_the_files(journal: Journal) -> None:
    journal.append([play(1)])
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in journal.path.parent.iterdir()}
    assert set(modes) >= {"journal.sqlite", "journal.sqlite-wal"}
    assert set(modes.values()) == {0o600}


def test_many_threads_share_commits_and_each_event_is_there(journal: Journal) -> None:
    n_threads, n_each = 16, 40
    start = threading.Barrier(n_threads)

    def work(thread: int) -> list[int]:
        start.wait()
        return [journal.append([play(thread * n_each + n)]).sequences[0] for n in range(n_each)]

    with ThreadPoolExecutor(n_threads) as pool:
        sequences = [found for part in pool.map(work, range(n_threads)) for found in part]
    assert sorted(sequences) == list(range(1, n_threads * n_each + 1))
    assert journal.n_commits < len(sequences) / 2
    by_id = {entry.event["event_id"]: entry.sequence for entry in journal.read_after(0)}
    assert [by_id[f"e{n}"] for n in range(len(sequences))] == sequences


def test_the_event_loop_can_wait_for_appends(journal: Journal) -> None:
    async def work() -> list[Appended]:
        return await asyncio.gather(*(journal.append_async([play(n)]) for n in range(50)))

    assert sorted(done.sequences for done in asyncio.run(work())) == [(n,) for n in range(1, 51)]
    assert journal.n_commits < 50


APPENDER = """
import sys
from graphrec.journal import Journal
path, name, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Journal(path) as journal:
    for k in range(n):
        events = [{"event_id": f"{name}{k}", "user_id": "u", "item_id": "i"},
                  {"event_id": f"both{k}", "user_id": "u", "item_id": "i", "device": name}]
        print(*journal.append(events).sequences, flush=True)
    if name == "killed":
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)
"""


def spawn(path: Path, name: str, n: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", APPENDER, str(path), name, str(n)], stdout=subprocess.PIPE, text=True
    )


def test_two_processes_append_to_one_file(tmp_path: Path) -> None:
    path, n = tmp_path / "j", 150
    children = {name: spawn(path, name, n) for name in ("a", "b")}
    told = {}
    for name, child in children.items():
        out, _ = child.communicate(timeout=60)
        assert child.returncode == 0
        told[name] = [tuple(map(int, line.split())) for line in out.splitlines()]
    with Journal(path) as journal:
        found = {entry.sequence: entry.event["event_id"] for entry in journal.read_after(0)}
    assert list(found) == list(range(1, 3 * n + 1)), "no gaps, and an event of both is there once"
    for name, answers in told.items():
        assert [(found[own], found[both]) for own, both in answers] == [(f"{name}{k}", f"both{k}") for k in range(n)]


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    for n in (1, 2, 5):
        child = spawn(tmp_path / f"j{n}", "killed", n)
        out, _ = child.communicate(timeout=60)
        assert child.returncode < 0
        with Journal(tmp_path / f"j{n}") as journal:
            assert journal.last_sequence() == 2 * len(out.splitlines()) == 2 * n


def test_a_commit_is_forced_to_the_disk(journal: Journal) -> None:
    with journal._store.writing() as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_at_the_bound_only_repeats_are_taken_until_neo4j_has_some(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", most=3) as journal:
        journal.append([play(1), play(2)])
        with pytest.raises(FullError, match=r"holds 2 events that Neo4j hasn't got yet, and at most 3"):
            journal.append([play(3), play(4)])
        assert journal.append([play(3), play(1)]) == Appended(1, 1, (3, 1))
        assert journal.append([play(3), play(2)]) == Appended(0, 2, (3, 2))
        journal.mark_delivered(1, {})
        with pytest.raises(FullError):
            journal.append([play(5), play(6)])
        assert journal.append([play(5)]).sequences == (4,)
        assert ids(journal) == ["e1", "e2", "e3", "e5"]


def test_calls_of_one_commit_are_full_each_by_itself(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", most=50) as journal:
        futures = [journal.submit([play(n), play(n + 1000)]) for n in range(40)]
        errors = [future.exception() for future in futures]
        assert sum(error is None for error in errors) == 25
        assert {type(error) for error in errors if error} == {FullError}
        assert len(ids(journal)) == 50


def test_a_full_disk_is_told_and_loses_nothing(journal: Journal) -> None:
    journal.append([play(n, device="x" * 1000) for n in range(20)])
    with journal._store.writing() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + 1}")  # SQLite's own full disk
    with pytest.raises(FullError, match=r"disk of the journal .* is full; free some space"):
        journal.append([play(n, device="x" * 1000) for n in range(20, 200)])
    assert len(ids(journal)) == 20
    with journal._store.writing() as db:
        db.execute("PRAGMA max_page_count = 1000000")
    assert journal.append([play(n) for n in range(15, 30)]) == Appended(10, 5, tuple(range(16, 31)))


def test_a_reader_goes_on_where_it_was(journal: Journal) -> None:
    journal.append([play(n) for n in range(10)])
    at, found = 0, []
    while entries := journal.read_after(at, 3):
        found += [entry.event["event_id"] for entry in entries]
        at = entries[-1].sequence
    assert found == [f"e{n}" for n in range(10)]
    assert at == journal.last_sequence() == 10


def test_rows_are_pruned_in_steps_and_who_has_fallen_behind_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 1_000_000_000
    monkeypatch.setattr(module, "now_ms", lambda: clock)
    monkeypatch.setattr(module, "PRUNE_STEP", 30)
    with Journal(tmp_path / "j", keep_s=600, keep_rows=20) as journal:
        journal.append([play(n) for n in range(100)])
        clock += 1_000_000
        assert journal.prune() == 0, "Neo4j hasn't got them"
        journal.mark_delivered(90, {})
        clock += 599_000
        assert journal.prune() == 0, "a reader may need them still"
        clock += 10_000
        assert [journal.prune() for _ in range(4)] == [30, 30, 20, 0], "the last 20 stay"
        assert [entry.sequence for entry in journal.read_after(80)] == list(range(81, 101))
        with pytest.raises(BehindError, match=r"keeps those after 80 up to 100; read the graph anew .* after 90"):
            journal.read_after(79)
        with pytest.raises(BehindError):
            journal.read_after(101)
        assert journal.append([play(5), play(95)]) == Appended(1, 1, (101, 96))
        assert journal.stats() == module.Stats(11, 90, 0, 1609.0)


def test_counts_and_refusals_are_kept_for_the_next_process(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.append([play(n, at=n) for n in range(5)])
        journal.mark_delivered(3, {2: "too odd"})
    with Journal(tmp_path / "j") as journal:
        stats = journal.stats()
        assert (stats.waiting, stats.delivered, stats.refused) == (2, 2, 1)
        refused = journal.refused()
        assert journal.delivered_sequence() == 3
    assert [(one.sequence, one.event["event_id"], one.reason) for one in refused] == [(2, "e1", "too odd")]


def test_a_closed_journal_and_a_file_of_another_kind_are_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    pending = journal.submit([play(1)])
    journal.close()
    assert pending.result(timeout=0).sequences == (1,)
    with pytest.raises(JournalError, match="closed in this process"):
        journal.append([play(2)])
    with closing(sqlite3.connect(tmp_path / "j")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalError, match="has format 99"):
        Journal(tmp_path / "j")
    (tmp_path / "text").write_text("not a database, whatever its name says\n" * 100)
    with pytest.raises(JournalError, match="can't be used: file is not a database"):
        Journal(tmp_path / "text")
    with pytest.raises(InputError, match="expected most ≥ 1"):
        Journal(tmp_path / "k", most=0)
