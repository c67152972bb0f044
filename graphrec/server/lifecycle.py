"""Finding, starting and stopping the server of a home."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from graphrec.errors import ServerError
from graphrec.server import jars, memory
from graphrec.server.home import Home, State
from graphrec.server.launch import START_SECONDS, TICK, StartOptions, await_ready, launch, this_process

STOP_SECONDS = 90
_ROOM_TO_STOP = 4 << 20


def ensure_running(home: Home, options: StartOptions | None = None, *, progress: jars.Progress | None = None) -> State:
    """The state of the home's server, started if it isn't running. ServerError says why it can't start.

    Two callers at the same moment get the same server. A running server is taken as it is, except that one
    without Graph Data Science is started again with it when `gds` is asked for.
    """
    options = options or StartOptions()
    if not home.running():
        home.make()
    with start_lock(home):
        state = await_ready(home)
        home.touch()
        if state and options.gds and not state.gds:
            stop_server(home, state)
            options = replace(StartOptions.of(state), gds=True)
            state = None
        return state or launch(home, options, progress)


def keep_up(home: Home, idle_stop: float | None) -> None:
    """Change when the running server stops by itself; None is never."""
    with start_lock(home):
        state = home.running()
        if state:
            home.write_state(replace(state, started_by="db up", idle_stop=idle_stop))


def down(home: Home) -> bool:
    """Stop the server and wait for it. False if none ran."""
    if not home.root.is_dir():
        return False
    with start_lock(home):
        state = home.running()
        if state:
            stop_server(home, state)
        home.clear_state()
        return state is not None


def destroy(home: Home) -> bool:
    """Stop the server and remove store, logs, password and models. False if there was nothing."""
    if not home.root.is_dir():
        return False
    if any(home.root.iterdir()) and not home.looks_like_one():
        raise ServerError(f"{home.root} doesn't look like a home of graphrec, so nothing in it was removed")
    down(home)
    try:
        shutil.rmtree(home.root)
    except OSError as error:
        raise ServerError(f"can't remove all of {home.root}: {error}; remove the rest by hand") from error
    return True


@contextmanager
def stopped(home: Home) -> Iterator[None]:
    """While inside, no server runs on this home and none can start; one that ran before runs again afterwards.

    For the bulk importer. The connection to a server that ran before breaks: connect again afterwards.
    """
    home.make()
    with start_lock(home):
        state = await_ready(home)
        if state:
            stop_server(home, state)
        try:
            yield
        finally:
            if state:
                launch(home, StartOptions.of(state))


@contextmanager
def throwaway(*, gds: bool = False) -> Iterator[Home]:
    """A small server with a home of its own in the temporary folder; both are gone afterwards.

    They go too when this process is killed: the server watches it.
    """
    home = Home.at(Path(tempfile.mkdtemp(prefix="graphrec-")))
    options = StartOptions("throwaway", None, gds, memory.small(), this_process(), remove=True)
    try:
        ensure_running(home, options)
        yield home
    finally:
        down(home)
        shutil.rmtree(home.root, ignore_errors=True)


@contextmanager
def start_lock(home: Home) -> Iterator[None]:
    """Held while a server is started or stopped, by one process at a time. ServerError if it can't be had."""
    seconds = START_SECONDS + STOP_SECONDS
    lock = FileLock(home.root / "start.lock", timeout=seconds)
    try:
        lock.acquire()
    except Timeout as error:
        raise ServerError(
            f"another command has been starting or stopping the Neo4j in {home.root} for {seconds} seconds; "
            "end that command and try again"
        ) from error
    except OSError as error:
        raise ServerError(
            f"can't write in {home.root}: {error.strerror or error}; name another with --home DIR"
        ) from error
    try:
        yield
    finally:
        lock.release()


def stop_server(home: Home, state: State) -> None:
    """Ask, wait, and kill what doesn't listen (Neo4j then recovers from its log at the next start)."""
    with suppress(OSError, psutil.Error):
        home.stop_file.touch()
        if sys.platform != "win32":
            psutil.Process(state.pid).send_signal(signal.SIGTERM)
    deadline = time.monotonic() + _patience(home)
    while home.running() and time.monotonic() < deadline:
        time.sleep(TICK)
    if home.running():
        with suppress(psutil.Error):
            process = psutil.Process(state.pid)
            process.kill()
    home.clear_state()
    with suppress(Timeout, OSError), FileLock(home.running_lock, timeout=10):
        pass  # the process has let go of its files


def _patience(home: Home) -> float:
    """Seconds to wait for the end. On a full disk Neo4j tries its last writes for ever; its log has all it needs."""
    try:
        full = shutil.disk_usage(home.root).free < _ROOM_TO_STOP
    except OSError:
        full = True
    return min(5, STOP_SECONDS) if full else STOP_SECONDS
