"""Starting, finding and stopping the server of a home."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from filelock import FileLock

from graphrec.errors import ServerError
from graphrec.server import jars, memory
from graphrec.server.home import ALREADY_RUNNING, Home, State
from graphrec.server.memory import Memory

IDLE_STOP = 30.0
"""Minutes without a connection after which a server that was started by itself stops."""

START_SECONDS = 180
STOP_SECONDS = 90
_TICK = 0.1
_MAX_LOG = 5 << 20


@dataclass(frozen=True)
class StartOptions:
    """How a server is started, if none runs.

    `guarded`: it stops when this process is gone; `remove`: and then its home goes too.
    """

    started_by: str = "command"
    idle_stop: float | None = IDLE_STOP
    gds: bool = False
    memory: Memory | None = None
    guarded: bool = False
    remove: bool = False


def ensure_running(home: Home, options: StartOptions | None = None, *, progress: jars.Progress | None = None) -> State:
    """The state of the home's server, started if it isn't running. ServerError says why it can't start.

    Two callers at the same moment get the same server. A running server is taken as it is, except that one
    without Graph Data Science is started again with it when `gds` is asked for.
    """
    options = options or StartOptions()
    home.make()
    with _start_lock(home):
        home.touch()
        state = _wait_until_ready(home)
        if state and options.gds and not state.gds:
            _stop(home, state)
            state = None
        return state or _start(home, options, progress)


def running(home: Home) -> State | None:
    """The state of the server that runs or is starting, or None. Forgets a stale one's pid."""
    state = home.read_state()
    return state if state and is_alive(state) else None


def is_alive(state: State) -> bool:
    """Whether the very process of this state lives: a pid that was given to another process doesn't count."""
    try:
        found = psutil.Process(state.pid)
        return abs(found.create_time() - state.started_at) < 1 and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def keep_up(home: Home, idle_stop: float | None) -> None:
    """Change when the running server stops by itself; it reads its state again while it is idle."""
    with _start_lock(home):
        state = running(home)
        if state:
            home.write_state(replace(state, started_by="db up", idle_stop=idle_stop))


def down(home: Home) -> bool:
    """Stop the server and wait for it. False if none ran."""
    if not home.root.is_dir():
        return False
    with _start_lock(home):
        state = running(home)
        if state:
            _stop(home, state)
        home.clear_state()
        return state is not None


def destroy(home: Home) -> bool:
    """Stop the server and remove store, logs, password and models. False if there was nothing."""
    if not home.root.is_dir():
        return False
    if any(home.root.iterdir()) and not _is_home(home):
        raise ServerError(f"{home.root} doesn't look like a home of graphrec, so nothing in it was removed")
    down(home)
    shutil.rmtree(home.root)
    return True


@contextmanager
def stopped(home: Home) -> Iterator[None]:
    """While inside, no server runs on this home and none can start; one that ran before runs again afterwards.

    For the bulk importer. The connection to a server that ran before breaks: connect again afterwards.
    """
    home.make()
    with _start_lock(home):
        state = _wait_until_ready(home)
        if state:
            _stop(home, state)
        try:
            yield
        finally:
            if state:
                _start(home, StartOptions(state.started_by, state.idle_stop, state.gds), None)


@contextmanager
def throwaway(*, gds: bool = False) -> Iterator[Home]:
    """A small server with a home of its own in the temporary folder; both are gone afterwards.

    They go too when this process is killed: the server watches it.
    """
    home = Home.at(Path(tempfile.mkdtemp(prefix="graphrec-")))
    options = StartOptions("throwaway", None, gds, memory.small(), guarded=True, remove=True)
    try:
        ensure_running(home, options)
        yield home
    finally:
        down(home)
        shutil.rmtree(home.root, ignore_errors=True)


def uri(state: State) -> str:
    """Where drivers connect."""
    return f"bolt://127.0.0.1:{state.port}"


def _start_lock(home: Home) -> FileLock:
    return FileLock(home.root / "start.lock", timeout=START_SECONDS + STOP_SECONDS)


def _wait_until_ready(home: Home) -> State | None:
    """The server that another command started, once it is ready; None if there is none, or it gave up."""
    deadline = time.monotonic() + START_SECONDS
    while state := running(home):
        if state.ready:
            return state
        if time.monotonic() > deadline:
            _stop(home, state)
            break
        time.sleep(_TICK)
    return None


def _start(home: Home, options: StartOptions, progress: jars.Progress | None) -> State:
    jars.ensure(gds=options.gds, progress=progress)
    home.credentials()
    tried = 0
    while True:
        child = _spawn(home, options, free_port(home.last_port() if not tried else None))
        error = _await_child(home, child)
        if error is None:
            break
        tried += 1
        if tried >= 3 or not _is_port_taken(error):
            raise _start_failed(home, error)
    state = running(home)
    if state is None:
        raise _start_failed(home, "it stopped at once")
    return state


def _spawn(home: Home, options: StartOptions, port: int) -> subprocess.Popen[bytes]:
    _rotate(home.log)
    with home.log.open("ab") as log:
        return subprocess.Popen(
            _command(home, options, port),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=home.root,
            **_detached(),
        )


def _command(home: Home, options: StartOptions, port: int) -> list[str]:
    sizes = options.memory or memory.for_machine()
    command = [sys.executable, "-m", "graphrec.server.process", str(home.root), f"--port={port}"]
    command += [f"--memory={sizes.initial},{sizes.heap},{sizes.page_cache}", f"--started-by={options.started_by}"]
    command += ["--gds"] * options.gds + ["--remove"] * options.remove
    if options.idle_stop is not None:
        command.append(f"--idle-stop={options.idle_stop}")
    if options.guarded:
        command.append(f"--guard={os.getpid()}:{psutil.Process().create_time()}")
    return command


def _detached() -> dict[str, object]:
    """What makes a process outlive the terminal and the command that started it."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags}
    return {"start_new_session": True}


def _await_child(home: Home, child: subprocess.Popen[bytes]) -> str | None:
    """None when the server is ready, else why it isn't."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        status = child.poll()
        if status == ALREADY_RUNNING:
            return None if _wait_until_ready(home) else "another process holds this home but runs no server"
        if status is not None:
            return _reported(child) or f"its process ended with status {status}"
        state = home.read_state()
        if state and state.pid == child.pid and state.ready:
            _let_go(child)
            return None
        time.sleep(_TICK)
    child.kill()
    child.wait()
    return f"it wasn't ready after {START_SECONDS} seconds"


def _reported(child: subprocess.Popen[bytes]) -> str:
    assert child.stdout is not None
    try:
        error: str = json.loads(child.stdout.read())["error"]
    except (ValueError, KeyError):
        return ""
    finally:
        child.stdout.close()
    return error


def _let_go(child: subprocess.Popen[bytes]) -> None:
    """Part from the process: it outlives this one, so nobody here waits for it."""
    assert child.stdout is not None
    child.stdout.close()
    child.returncode = 0  # else Popen warns that the process still runs


def _is_port_taken(error: str) -> bool:
    return "PortBindException" in error or "Address already in use" in error or "BindException" in error


def _start_failed(home: Home, error: str) -> ServerError:
    return ServerError(
        f"the local Neo4j in {home.root} didn't start: {error}\n"
        f"The end of its log {home.log}:\n{home.log_tail()}\n"
        "`graphrec doctor` checks what it needs."
    )


def _stop(home: Home, state: State) -> None:
    """Ask, wait, and kill what doesn't listen (Neo4j then recovers from its log at the next start)."""
    home.stop_file.touch()
    if sys.platform != "win32":
        _signal(state, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_alive(state) and time.monotonic() < deadline:
        time.sleep(_TICK)
    if is_alive(state):
        psutil.Process(state.pid).kill()
        psutil.wait_procs([psutil.Process(state.pid)], timeout=10)
    home.clear_state()


def _signal(state: State, number: int) -> None:
    try:
        psutil.Process(state.pid).send_signal(number)
    except psutil.NoSuchProcess:
        return


def free_port(preferred: int | None = None) -> int:
    """A port nobody listens on: the preferred one if it is free."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            if sys.platform != "win32":  # there it would share a port that is taken
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise ServerError("no free port on 127.0.0.1; close some programs and try again")


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > _MAX_LOG:
        log.replace(log.with_name(f"{log.name}.1"))


def _is_home(home: Home) -> bool:
    return home.neo4j.is_dir() or home.credentials_file.is_file() or (home.root / "models").is_dir()
