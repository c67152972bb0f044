"""The bulk importer: the same graph as over Bolt, whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from made import NASTY, event, generated, nasty, staged

from graphrec.connect import connect
from graphrec.frames import Frames
from graphrec.graph import Graph
from graphrec.ingest import bolt, bulk, load
from graphrec.ingest.rows import open_rows
from graphrec.ingest.stats import Stats, read_stats
from graphrec.server import Home, destroy

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home of its own, whose server doesn't run yet."""
    made = Home.at(tmp_path_factory.mktemp("bulk"))
    yield made
    destroy(made)


def over_bolt(graph: Graph, frames: Frames) -> Stats:
    with open_rows(frames) as rows:
        bolt.load_over_bolt(graph, rows)
    return read_stats(graph)


def clear(home: Home) -> None:
    with connect(home.root) as graph, graph.session() as session:
        session.run("MATCH (n) DETACH DELETE n").consume()


def test_every_nasty_value_comes_in_as_over_bolt(graph: Graph, home: Home, tmp_path: Path) -> None:
    frames = nasty(tmp_path / "frames")
    report = load.ingest(frames, home.root, via="bulk")
    assert report.way == "bulk"
    with connect(home.root) as imported:
        found = read_stats(imported)
        with imported.session() as session:
            assert sorted(session.run("MATCH (t:Tag) RETURN t.name").value()) == sorted(NASTY[-n] for n in range(1, 12))
            made = session.run("SHOW CONSTRAINTS YIELD name RETURN name").value()
        assert {"user_id", "item_id", "tag_name", "event_id"} <= set(made)
        assert over_bolt(imported, frames) == found
    assert over_bolt(graph, frames) == found
    assert not list((home.root / "staging").iterdir())


def test_a_filled_store_is_not_overwritten_and_an_emptied_one_is(home: Home, tmp_path: Path) -> None:
    frames = staged(tmp_path, interactions=[event("u", "a")])
    with open_rows(frames) as rows:
        assert load.choose_way(rows, home, "auto")[0] == "bolt"
    with pytest.raises(load.InputError, match="holds data already"):
        load.ingest(frames, home.root, via="bulk")
    clear(home)
    load.ingest(frames, home.root, via="bulk")
    with connect(home.root) as graph:
        assert read_stats(graph).relationships["interacted"] == 1


def test_what_the_files_cannot_hold_goes_over_bolt(tmp_path: Path) -> None:
    for n, item in enumerate([{"odd:name": "x"}, {"tags": ["a\x1fb"]}, {"text": "x" * (2 << 20)}]):
        frames = staged(tmp_path / str(n), items=[{"item_id": "a", **item}], interactions=[event("u", "a")])
        with open_rows(frames) as rows:
            assert not bulk.fits(rows)


def test_killed_while_importing_it_starts_from_an_empty_store(home: Home, tmp_path: Path) -> None:
    clear(home)
    csv = tmp_path / "events.csv"
    write_csv(csv, 45_000, tmp_path)
    command = [sys.executable, "-m", "graphrec", "load", str(csv), "--via", "bulk", "--home", str(home.root), "--json"]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(home.unfinished_import_file)
    killed.kill()
    killed.wait()
    assert home.unfinished_import_file.exists()
    done = subprocess.run(command, check=True, capture_output=True)
    assert json.loads(done.stdout)["way"] == "bulk"
    with connect(home.root) as graph:
        found = read_stats(graph)
    clear(home)
    load.load(csv, home.root, via="bolt")
    with connect(home.root) as graph:
        assert read_stats(graph) == found
    assert found.relationships["interacted"] > 20_000


def test_server_and_command_killed_over_bolt(home: Home, tmp_path: Path) -> None:
    clear(home)
    csv = tmp_path / "events.csv"
    write_csv(csv, 45_000, tmp_path)
    load.load(csv, home.root, via="bolt")
    with connect(home.root) as graph:
        whole = read_stats(graph)
    clear(home)
    for kill_server in (True, False):
        running = subprocess.Popen(
            [sys.executable, "-m", "graphrec", "load", str(csv), "--via", "bolt", "--home", str(home.root)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_relationships(home)
        state = home.running()
        assert state is not None
        if kill_server:
            psutil.Process(state.pid).kill()
        running.kill()
        assert running.wait(timeout=120) != 0
        with connect(home.root) as graph:
            assert 0 < read_stats(graph).relationships["interacted"] <= whole.relationships["interacted"]
            if kill_server:
                with graph.session() as session:
                    session.run("MATCH ()-[r:INTERACTED]->() DELETE r").consume()
    load.load(csv, home.root, via="bolt")
    with connect(home.root) as graph:
        assert read_stats(graph) == whole


def write_csv(path: Path, n: int, folder: Path) -> None:
    frames = generated(folder / "generated", n)
    rows = frames.table("interactions").to_pylist()
    lines = [f"{row['user_id']},{row['item_id']},{row['at']}\n" for row in rows]
    path.write_text("user_id,item_id,timestamp\n" + "".join(lines))


def wait_for(path: Path, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} didn't appear"
        time.sleep(0.02)
    time.sleep(1.5)


def wait_for_relationships(home: Home, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    with connect(home.root) as graph:
        while not graph.read("stats/relationships")[0]["interacted"]:
            assert time.monotonic() < deadline, "nothing was written"
            time.sleep(0.05)
