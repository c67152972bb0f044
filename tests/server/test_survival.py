"""What happens to processes happens to this one too: each for real, on one home, in the order of the file."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from graphrec import connect
from graphrec.server import Home, StartOptions, State, down, ensure_running, keep_up, this_process
from graphrec.server.home import write_file
from graphrec.server.memory import small
from tests.server import command

pytestmark = pytest.mark.server

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home whose path has a space, an umlaut and an emoji in it."""
    found = Home.at(tmp_path_factory.mktemp("survival") / "Zoës home ☕")
    yield found
    down(found)


def start(home: Home) -> State:
    return ensure_running(home, StartOptions("tests", None, memory=small(), guard=this_process()))


def count(home: Home, state: State) -> int:
    with connect.local(home, state) as graph:
        return int(graph.read("server/size")[0]["items"])


def processes(home: Home) -> list[int]:
    """The servers of this home, by the process list and nothing else."""
    wanted = ("graphrec.server.process", str(home.root))
    found = [p for p in psutil.process_iter(["cmdline"]) if all(part in (p.info["cmdline"] or []) for part in wanted)]
    return [p.pid for p in found]


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_two_commands_at_the_same_moment_start_one_server(home: Home, server: Home):
    commands = [command.spawn("db", "up", "--home", home.root) for _ in range(2)]
    ends = [child.communicate(timeout=240) for child in commands]
    assert [child.returncode for child in commands] == [0, 0], ends
    state, other = home.running(), server.running()
    assert state is not None
    assert other is not None
    assert processes(home) == [state.pid]
    assert other.pid != state.pid, "two homes run at once"
    assert other.port != state.port
    assert all(state.uri in out for out, _ in ends)
    assert (home.logs / "debug.log").is_file()
    assert list(home.root.parent.iterdir()) == [home.root], "a path was garbled"
    with connect.local(home, state) as graph, graph.session() as session:
        session.run("UNWIND range(1, 1000) AS n CREATE (:Item {item_id: toString(n)})").consume()


def test_data_survive_a_killed_server(home: Home):
    state = start(home)
    psutil.Process(state.pid).send_signal(KILL)
    # A dying process loses its command line a moment before it is gone, and until then it holds its files.
    wait_until(lambda: home.running() is None)
    assert processes(home) == []
    assert home.state_file.exists(), "a killed server leaves its state behind"
    again = start(home)
    assert again.pid != state.pid
    assert count(home, again) == 1000


def test_a_stale_pid_and_a_taken_port(home: Home):
    state = start(home)
    down(home)
    with (
        socket.socket() as taken,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger,
    ):
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", state.port))
        taken.listen()
        write_file(home.state_file, json.dumps(asdict(replace(state, pid=stranger.pid))))
        assert home.running() is None, "a living process with another creation time isn't the server"
        assert down(home) is False
        write_file(home.state_file, json.dumps(asdict(replace(state, pid=stranger.pid))))
        again = start(home)
        assert stranger.poll() is None, "a stranger's process was stopped"
        stranger.communicate(b"\n")
    assert again.port != state.port
    assert count(home, again) == 1000


def test_broken_state_files_are_no_state(home: Home):
    kept = home.state_file.read_text(encoding="utf-8")
    for text in ("", "{", "[]", '{"pid": 1}', "null"):
        write_file(home.state_file, text)
        assert home.running() is None
    write_file(home.state_file, kept)
    assert home.running() is not None


def test_a_server_without_clients_stops_and_one_with_a_client_does_not(home: Home):
    state = start(home)
    with connect.local(home, state) as graph:
        graph.verify()
        keep_up(home, 0.02)
        time.sleep(4)  # more than twice the idle time
        assert home.running() == replace(state, started_by="db up", idle_stop=0.02)
        graph.verify()
    wait_until(lambda: home.running() is None)
    wait_until(lambda: processes(home) == [])  # it lets go of its home first, and then writes its class archive
    assert "idle for 0.02 minutes" in home.log.read_text(encoding="utf-8")


def test_a_killed_command_leaves_a_server_that_the_next_one_finds(home: Home):
    child = command.spawn("db", "up", "--home", home.root)
    wait_until(lambda: home.running() is not None)
    child.send_signal(KILL)
    child.communicate()
    starting = home.running()
    assert starting is not None
    assert not starting.ready, "it was ready before the command was killed"
    state = start(home)
    assert state.pid == starting.pid
    assert processes(home) == [state.pid]
    assert count(home, state) == 1000


def test_graph_data_science_when_it_is_asked_for(home: Home):
    before = start(home)
    state = ensure_running(home, StartOptions(gds=True))
    assert state.gds
    assert (state.started_by, state.guard) == (before.started_by, before.guard), "the rest stays as it was"
    with connect.local(home, state) as graph:
        assert graph.read("server/gds")[0]["n_procedures"] > 400
        assert graph.read("server/size")[0]["items"] == 1000
        with graph.session() as session:
            found = session.run("CALL gds.graph.project('g', 'Item', '*') YIELD nodeCount RETURN nodeCount").value()
    assert found == [1000]
    assert ensure_running(home, StartOptions(gds=True)) == state
    assert start(home) == state, "nobody loses it who doesn't ask for it"


def test_a_server_that_does_not_listen_is_killed(home: Home, monkeypatch: pytest.MonkeyPatch):
    if sys.platform == "win32":
        pytest.skip("Windows has no SIGSTOP to make a process deaf with")
    state = start(home)
    monkeypatch.setattr("graphrec.server.lifecycle.STOP_SECONDS", 1)
    psutil.Process(state.pid).suspend()
    assert down(home) is True
    assert processes(home) == []


def test_a_throwaway_server_goes_with_its_killed_command(tmp_path: Path):
    code = (
        "from graphrec.server import throwaway\n"
        "with throwaway() as home:\n    print(home.root, flush=True)\n    input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=command.environment(),
    ) as child:
        assert child.stdout is not None
        home = Home.at(Path(child.stdout.readline().strip()))
        assert processes(home)
        child.send_signal(KILL)
    wait_until(lambda: not processes(home))
    wait_until(lambda: not home.root.exists(), 10)


def test_a_throwaway_server_goes_when_something_fails(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")  # it must not matter
    home = Path()

    def fail() -> None:
        nonlocal home
        with connect.throwaway() as graph:
            home = graph.home
            assert graph.read("server/size")[0]["items"] == 0
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert home != Path()
    assert not home.exists()
    assert processes(Home.at(home)) == []
