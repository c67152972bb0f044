"""Starting the server's process and waiting until it is ready or says why it can't be."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Self

import psutil

from graphrec.errors import ServerError
from graphrec.server import archive, jars, memory
from graphrec.server.home import ALREADY_RUNNING, Home, State
from graphrec.server.memory import Memory

IDLE_STOP = 30.0
"""Minutes without a connection after which a server that was started by itself stops."""

START_SECONDS = 300
TICK = 0.05
PORTS = range(20_000, 32_768)
_PORT_TRIES = 20
_TRIES = 3
_ENDED = "its process ended with status"
_MAX_LOG = 5 << 20


@dataclass(frozen=True)
class StartOptions:
    """How a server is started, if none runs; the fields are those of `State`. The machine decides what `memory` is."""

    started_by: str = "command"
    idle_stop: float | None = IDLE_STOP
    gds: bool = False
    memory: Memory | None = None
    guard: str | None = None
    remove: bool = False

    @classmethod
    def of(cls, state: State) -> Self:
        """Those that this server was started with."""
        sizes = Memory(*state.memory)
        return cls(state.started_by, state.idle_stop, state.gds, sizes, state.guard, state.remove)


def this_process() -> str:
    """This process as a guard: `pid:created`."""
    return f"{os.getpid()}:{psutil.Process().create_time()}"


def launch(
    home: Home, options: StartOptions, progress: jars.Progress | None = None, *, port: int | None = None
) -> State:
    """The state of a server that was just started. Call it with the home's start lock held.

    Its port is the one given, else the one that it had before; another where that isn't free.
    """
    jars.ensure(gds=options.gds, progress=progress)
    home.credentials()
    error = ""
    for n in range(_TRIES):
        error = _try(home, options, free_port((port or home.last_port()) if n == 0 else None))
        state = home.running()
        if state and not error:
            return state
        if not (_is_port_taken(error) or (_has_crashed(error) and archive.forget_all())):
            break
    raise ServerError(
        f"the local Neo4j in {home.root} didn't start: {error or 'it stopped at once'}\n"
        f"The end of its log {home.log}:\n{home.log_tail()}\n"
        "`graphrec doctor` checks what it needs."
    )


def free_port(preferred: int | None = None) -> int:
    """A port of 127.0.0.1 that nobody listens on: the preferred one if it is free.

    It lies below those that a system gives to outgoing connections (from 32768 on Linux, from 49152 elsewhere). One of
    these could be anybody's while a server is restarted, and those who know the server by its port would lose it.
    """
    drawn = random.SystemRandom().sample(PORTS, _PORT_TRIES)
    for port in [*([preferred] if preferred else []), *drawn, 0]:
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


def await_ready(home: Home) -> State | None:
    """The running server, once it is ready; None if there is none. Waits while one is starting or stopping."""
    deadline = time.monotonic() + START_SECONDS
    while (state := home.running()) and not state.ready and time.monotonic() < deadline:
        time.sleep(TICK)
    return state


def _try(home: Home, options: StartOptions, port: int) -> str:
    """Start the process; '' when the server is ready, else why it isn't."""
    child = _spawn(home, options, port)
    try:
        return _await_child(home, child)
    except BaseException:
        if (
            options.guard == this_process()
        ):  # nobody else may use it; any other server goes on starting for the next command
            child.kill()
            child.wait()
        raise
    finally:
        _part_from(child)


def _spawn(home: Home, options: StartOptions, port: int) -> subprocess.Popen[bytes]:
    """The process, in a session of its own: it outlives this one and its terminal."""
    if home.log.exists() and home.log.stat().st_size > _MAX_LOG:
        home.log.replace(home.log.with_name(f"{home.log.name}.1"))
    windows = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
    with home.log.open("ab") as log:
        return subprocess.Popen(
            _command(home, options, port),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=home.root,
            start_new_session=True,
            creationflags=windows,
        )


def _command(home: Home, options: StartOptions, port: int) -> list[str]:
    sizes = options.memory or memory.for_machine()
    command = [sys.executable, "-m", "graphrec.server.process", str(home.root), f"--port={port}"]
    command += [f"--memory={sizes.initial},{sizes.heap},{sizes.page_cache}", f"--started-by={options.started_by}"]
    command += ["--gds"] * options.gds + ["--remove"] * options.remove
    if options.idle_stop is not None:
        command.append(f"--idle-stop={options.idle_stop}")
    if options.guard:
        command.append(f"--guard={options.guard}")
    return command


def _await_child(home: Home, child: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        status = child.poll()
        if status == ALREADY_RUNNING:  # of a command that was killed just after it started one
            return "" if await_ready(home) else "another process holds this home but runs no server"
        if status is not None:
            return _reported(child) or f"{_ENDED} {status}"
        state = home.read_state()
        if state and state.pid == child.pid and state.ready:
            return ""
        time.sleep(TICK)
    child.kill()
    child.wait()
    return f"it wasn't ready after {START_SECONDS} seconds"


def _reported(child: subprocess.Popen[bytes]) -> str:
    assert child.stdout is not None
    try:
        error: str = json.loads(child.stdout.read().splitlines()[-1])["error"]
    except (ValueError, KeyError, IndexError):
        return ""
    return error


def _part_from(child: subprocess.Popen[bytes]) -> None:
    """Let go of the process: nobody here waits for its end."""
    if child.stdout:
        child.stdout.close()
    if child.returncode is None:
        child.returncode = 0  # else Popen warns that it still runs


def _has_crashed(error: str) -> bool:
    return error.startswith(_ENDED)


def _is_port_taken(error: str) -> bool:
    return any(sign in error for sign in ("PortBindException", "BindException", "Address already in use"))
