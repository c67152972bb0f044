"""The server's own process: `python -m graphrec.server.process HOME …` is Neo4j, until asked to stop.

It outlives the command that started it. It stops cleanly on SIGTERM, when `HOME/stop` appears, when it was
idle for long enough, or when the process it was started for is gone.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from graphrec.server import engine, jars
from graphrec.server.engine import Engine
from graphrec.server.home import ALREADY_RUNNING, FAILED, PRIVATE, Home, State
from graphrec.server.memory import Memory

_TICK = 0.2
_LOCK_SECONDS = 5
"""How long an importer whose command was killed may take to end."""


@dataclass(frozen=True)
class Options:
    """How the server is to run; the fields are those of `State`."""

    home: Home
    port: int
    memory: Memory
    gds: bool
    started_by: str
    idle_stop: float | None
    guard: str | None
    remove: bool


def main() -> None:
    """Run the server named by the command line and exit."""
    options = _options()
    running = FileLock(options.home.running_lock)
    try:
        running.acquire(timeout=_LOCK_SECONDS)
    except Timeout:
        sys.exit(ALREADY_RUNNING)
    served = _run(options)
    if options.remove and _guard_is_gone(options.guard):
        shutil.rmtree(options.home.root, ignore_errors=True)
    if served:
        _let_go(options.home, running)
        served.record()
    sys.stderr.flush()
    os._exit(0 if served else FAILED)  # Neo4j is down; the JVM's threads must not keep the process


def _run(options: Options) -> Engine | None:
    """Serve until the end; None if it can't start."""
    stop = threading.Event()
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())
    try:
        running = _start(options)
    except Exception as error:
        _report(engine.explain(error))
        return None
    try:
        _detach_output()
        _wait(options, stop)
    finally:
        _stop(options.home, running)
    return running


def _let_go(home: Home, running: FileLock) -> None:
    """Nobody need wait for the rest: the home may be served by another now, or removed."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):
        os.dup2(nothing, output)
    os.chdir(Path.home())
    with suppress(OSError):
        home.clear_state()
    running.release()


def _stop(home: Home, running: Engine) -> None:
    """Stop Neo4j. The state stays until the files are closed: who starts the next one waits for that."""
    _log("stopping")
    _mark_stopping(home)
    try:
        running.stop()
        _log("stopped")
    except Exception as error:  # on a full disk: Neo4j recovers from its log at the next start
        _log(f"stopped with an error: {engine.explain(error)}")


def _start(options: Options) -> Engine:
    home = options.home
    home.stop_file.unlink(missing_ok=True)
    home.finish_renewal()
    home.drop_unfinished_import()
    state = State(
        pid=os.getpid(),
        started_at=psutil.Process().create_time(),
        port=options.port,
        ready=False,
        started_by=options.started_by,
        idle_stop=options.idle_stop,
        gds=options.gds,
        memory=astuple(options.memory),
        guard=options.guard,
        remove=options.remove,
    )
    home.write_state(state)
    _log(f"starting Neo4j {jars.NEO4J_VERSION} on 127.0.0.1:{options.port}")
    started = engine.start(home, options.port, options.memory, gds=options.gds)
    if options.started_by != PRIVATE:
        home.keep_port(options.port)
    home.touch()
    home.write_state(replace(state, ready=True))
    _log("ready")
    return started


def _wait(options: Options, stop: threading.Event) -> None:
    last_used = time.time()
    next_look = 0.0
    while not stop.wait(_TICK) and not options.home.stop_file.exists():
        now = time.time()
        if now < next_look:
            continue
        next_look = now + 1
        if _guard_is_gone(options.guard):
            _log("the process this server was started for is gone")
            return
        last_used = max(last_used, now if n_connections(options.port) else 0, _touched(options.home))
        idle_stop = _idle_stop(options)
        if idle_stop is not None and now - last_used > idle_stop * 60 and _nobody_is_coming(options.home, idle_stop):
            _log(f"idle for {idle_stop:g} minutes")
            return


def _idle_stop(options: Options) -> float | None:
    """Minutes, as the state says now: `graphrec db up` changes them while the server runs."""
    state = options.home.read_state()
    return state.idle_stop if state and state.pid == os.getpid() else options.idle_stop


def n_connections(port: int) -> int:
    """How many clients are connected. A transaction needs its connection, so 0 means idle."""
    found = psutil.Process().net_connections(kind="tcp")
    return sum(1 for c in found if c.status == psutil.CONN_ESTABLISHED and c.laddr.port == port)


def _touched(home: Home) -> float:
    try:
        return home.used_file.stat().st_mtime
    except OSError:
        return 0.0


def _nobody_is_coming(home: Home, idle_stop: float) -> bool:
    """Whether no command is just finding this server."""
    try:
        with FileLock(home.root / "start.lock", blocking=False):
            idle = time.time() - _touched(home) > idle_stop * 60
            if idle:
                _mark_stopping(home)  # who comes now waits for the end and starts another
            return idle
    except Timeout:
        return False


def _mark_stopping(home: Home) -> None:
    state = home.read_state()
    if state and state.pid == os.getpid():
        with suppress(OSError):  # a full disk must not keep the server from stopping
            home.write_state(replace(state, ready=False))


def _guard_is_gone(guard: str | None) -> bool:
    if guard is None:
        return False
    pid, created = guard.split(":")
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(created)) > 1
    except psutil.NoSuchProcess:
        return True


def _report(message: str) -> None:
    _log(f"failed: {message}")
    with suppress(OSError):  # whoever started this process may be gone
        sys.stdout.write(json.dumps({"error": message}) + "\n")
        sys.stdout.flush()


def _detach_output() -> None:
    """Standard output was the starting command's pipe; from now on it is the log."""
    os.dup2(2, 1)


def _log(message: str) -> None:
    with suppress(OSError):
        sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {message}\n")
        sys.stderr.flush()


def _options() -> Options:
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--memory", required=True, help="initial heap, heap and page cache in MiB: 256,1024,512")
    parser.add_argument("--gds", action="store_true")
    parser.add_argument("--started-by", default="command")
    parser.add_argument("--idle-stop", type=float)
    parser.add_argument("--guard")
    parser.add_argument("--remove", action="store_true")
    given = parser.parse_args()
    memory = Memory(*(int(size) for size in given.memory.split(",")))
    return Options(
        Home(given.home), given.port, memory, given.gds, given.started_by, given.idle_stop, given.guard, given.remove
    )


if __name__ == "__main__":
    main()
