"""A drain in a process of its own: it is started again when it is killed, and ends with the one that started it."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from test_drain import found, is_drained, play, wait_until

from graphrec.connect import environment_of
from graphrec.graph import Graph
from graphrec.journal import Journal
from graphrec.journal.apart import DrainApart
from graphrec.server import Home
from tests.service.faults import Gate

STARTER = """
import sys, time
from pathlib import Path
from graphrec.connect import connect
from graphrec.journal.apart import DrainApart
with connect() as graph, DrainApart(Path(sys.argv[1]), graph):
    time.sleep(600)
"""


def children(pid: int) -> list[psutil.Process]:
    """The processes that drain, started by one."""
    return [each for each in psutil.Process(pid).children() if "graphrec.journal.apart" in words_of(each)]


def words_of(process: psutil.Process) -> list[str]:
    """Its command, nothing where it is gone."""
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def test_one_that_is_killed_is_started_again_and_nothing_is_lost(
    graph: Graph, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal, DrainApart(path, graph) as drain, caplog.at_level(logging.WARNING):
        wait_until(lambda: drain.drains)
        journal.append([play(n) for n in range(40)])
        children(psutil.Process().pid)[0].kill()
        journal.append([play(n) for n in range(40, 60)])
        wait_until(lambda: is_drained(journal))
        assert found(graph) == (60, 60)
        assert "started again" in caplog.text
        wait_until(lambda: drain.drains)
        assert drain.stop()
        assert not drain.drains
        assert children(psutil.Process().pid) == []


def test_what_it_waits_for_is_told(
    graph: Graph, server: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    known = server.credentials()
    path = tmp_path / "journal.sqlite"
    with Gate(int(graph.uri.rpartition(":")[2])) as gate, Journal(path) as journal:
        through = Graph(f"bolt://127.0.0.1:{gate.port}", known.user, known.password, home=server.root)
        with through, DrainApart(path, through) as drain, caplog.at_level(logging.WARNING):
            wait_until(lambda: drain.drains)
            gate.shut()
            journal.append([play(1)])
            wait_until(lambda: drain.trouble is not None)
            gate.open()
            wait_until(lambda: is_drained(journal))
            wait_until(lambda: drain.trouble is None)
    assert "delivered again" in caplog.text
    assert found(graph) == (1, 1)


def test_it_ends_when_the_one_that_started_it_is_killed(graph: Graph, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(path)], env=environment_of(graph))
    try:
        wait_until(lambda: bool(children(starter.pid)))
        drains = children(starter.pid)[0]
    finally:
        starter.kill()
        starter.wait()
    assert psutil.wait_procs([drains], timeout=30)[1] == []
