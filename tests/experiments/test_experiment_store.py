"""The store: several processes append, nothing is counted twice, a user can be forgotten."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from worlds import impression, outcome

from graphrec.errors import GraphrecError, InputError
from graphrec.experiments import Impression, Outcome, Recorder, Shown, Store

WRITER = """
import sys
from pathlib import Path
from graphrec.experiments import Impression, Outcome, Recorder, Shown, Store
me = sys.argv[2]
with Recorder(Store(Path(sys.argv[1])), every=0.01) as recorder:
    for n in range(3000):
        shown = [Shown("x"), Shown("y", "A", 0.5)]
        assert recorder.record(Impression(f"{me}-{n}", n, f"u{n % 50}", "test", "A", shown))
        assert recorder.record(Outcome(f"{n}", "click", f"u{n % 50}", "x", n))
assert not recorder.dropped and not recorder.failed
"""


def counts(store: Store) -> tuple[int, int]:
    return tuple(store.read(f"SELECT COUNT(*) FROM {table}")[0][0] for table in ("impressions", "outcomes"))  # type: ignore[return-value]


def test_two_processes_append_to_a_file_that_neither_has_made(tmp_path: Path) -> None:
    path = tmp_path / "made" / "events.sqlite"
    started = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(n)]) for n in range(2)]
    assert [one.wait() for one in started] == [0, 0]
    store = Store(path)
    assert counts(store) == (6000, 3000)
    assert store.read("PRAGMA integrity_check") == [("ok",)]
    assert store.read("SELECT items FROM impressions LIMIT 1") == [('[["x", null, 1.0, 1], ["y", "A", 0.5, 2]]',)]
    assert sorted(one.name for one in path.parent.iterdir()) == ["events.sqlite", "events.sqlite.lock"]
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_read_where_nothing_was_written(tmp_path: Path) -> None:
    store = Store(tmp_path / "none.sqlite")
    assert store.read("SELECT 1") == []
    assert store.forget("u") == 0
    assert not store.exists()


def test_what_comes_again_counts_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "events.sqlite")
    for _ in range(2):
        store.write([impression(1, "u", 5)], [outcome(1, "u", 6), outcome(2, "u", 6)])
    assert counts(store) == (1, 2)


def test_a_name_that_a_client_gives_twice_hides_no_list(tmp_path: Path) -> None:
    store = Store(tmp_path / "events.sqlite")
    store.write([replace(impression(1, "u", at), offset=10 * at) for at in (1, 2, 2)])
    found = store.read("SELECT items FROM impressions ORDER BY at")
    assert [[place for *_, place in json.loads(items)] for (items,) in found] == [[11, 12, 13], [21, 22, 23]]
    assert not store.has_explored()
    store.write([replace(impression(1, "u", 1), experiment="")])
    assert store.has_explored()


def test_a_defect_costs_its_batch_and_no_more(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Recorder(Store(tmp_path / "events.sqlite"), every=0.01) as recorder:
        recorder.record(outcome(1, "u", 2**70))  # no number that SQLite has
        assert recorder.flush()
        recorder.record(outcome(2, "u", 1))
        assert recorder.flush()
    assert (recorder.dropped, recorder.written) == (1, 1)
    assert "1 events of experiments are dropped" in caplog.text


def test_a_user_who_is_forgotten_leaves_no_bytes(tmp_path: Path) -> None:
    store = Store(tmp_path / "events.sqlite")
    store.write(
        [impression(n, user, n) for n, user in enumerate(["Rumpelstiltskin", "other"] * 50)],
        [outcome(n, user, n) for n, user in enumerate(["Rumpelstiltskin", "other"] * 50)],
    )
    assert store.forget("Rumpelstiltskin") == 100
    assert counts(store) == (50, 50)
    assert store.read("SELECT DISTINCT user_id FROM impressions UNION SELECT user_id FROM outcomes") == [("other",)]
    assert b"Rumpelstiltskin" not in b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert store.forget("Rumpelstiltskin") == 0


def test_what_is_old_is_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path / "events.sqlite")
    store.write([impression(n, "u", n) for n in range(10)], [outcome(n, "u", n) for n in range(10)])
    assert store.forget_before(4) == 8
    assert store.read("SELECT MIN(at) FROM impressions UNION SELECT MIN(at) FROM outcomes") == [(4,)]


class Stuck(Store):
    """A store whose disk waits until it is let go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.goes = threading.Event()

    def write(self, impressions: object = (), outcomes: object = ()) -> None:
        self.goes.wait(10)
        super().write(impressions, outcomes)  # type: ignore[arg-type]


def test_a_full_queue_drops_and_counts_and_never_waits(tmp_path: Path) -> None:
    store = Stuck(tmp_path / "events.sqlite")
    recorder = Recorder(store, most_waiting=100, every=0.001)
    taken = sum(recorder.record(impression(n, "u", n)) for n in range(1000))
    assert taken < 1000
    assert recorder.dropped == 1000 - taken
    store.goes.set()
    assert recorder.flush()
    assert counts(store)[0] == taken
    assert recorder.close()


def test_a_batch_that_cannot_be_written_is_written_later_and_no_user_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "folder"
    folder.write_text("a file where the folder should be")
    recorder = Recorder(Store(folder / "events.sqlite"), every=0.01)
    with caplog.at_level(logging.WARNING):
        recorder.record(impression(1, "Rumpelstiltskin", 1))
        assert not recorder.flush(patience=0.3)
    assert recorder.failed
    assert "Rumpelstiltskin" not in caplog.text
    assert "1 events of experiments wait" in caplog.text
    folder.unlink()
    assert recorder.flush()
    assert recorder.close()
    assert counts(recorder.store) == (1, 0)


def test_closing_gives_up_what_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("")
    recorder = Recorder(Store(tmp_path / "folder" / "events.sqlite"), every=0.01)
    recorder.record(outcome(1, "u", 1))
    assert not recorder.close()


def test_a_file_of_another_kind_is_told(tmp_path: Path) -> None:
    (tmp_path / "events.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(GraphrecError, match=r"events\.sqlite"):
        Store(tmp_path / "events.sqlite").read("SELECT * FROM impressions")
    with pytest.raises(InputError, match="one of them is empty"):
        Store(tmp_path / "new.sqlite").write([Impression("", 1, "u", "test", "A", [Shown("x")])])


def test_outcomes_keep_their_value(tmp_path: Path) -> None:
    store = Store(tmp_path / "events.sqlite")
    store.write([], [Outcome("e", "purchase", "u", "x", 1, 9.5)])
    assert store.read("SELECT value FROM outcomes") == [(9.5,)]
