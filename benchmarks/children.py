"""A piece of work in a process of its own, so that it can be cut off and its peak of memory is its own."""

from __future__ import annotations

import multiprocessing
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

import psutil

POLL_S = 0.2
"""How often a child's memory is looked at while its next message is waited for."""


class CutError(Exception):
    """The child had to be ended, or ended by itself; the text says why."""


class Child:
    """`work(send, *arguments)` in a new process; `receive` gives what it sends, `with` ends it.

    The process is spawned, not forked: it shares no memory with its parent and no thread is left behind in it.
    """

    def __init__(self, work: Callable[..., None], *arguments: Any, most_gib: float = float("inf")) -> None:
        context = multiprocessing.get_context("spawn")
        self._receiver, sender = context.Pipe(duplex=False)
        self._process = context.Process(target=_run, args=(work, arguments, sender))
        self._process.start()
        sender.close()
        self._most = most_gib * 2**30
        self._most_gib = most_gib

    def receive(self, seconds: float) -> Any:
        """The next message. CutError where none comes in time, the child fails, or it holds too much memory."""
        end = time.monotonic() + seconds
        while not self._receiver.poll(max(0.0, min(POLL_S, end - time.monotonic()))):
            if time.monotonic() >= end:
                raise CutError(f"cut off after {seconds:.0f} s")
            if self._resident() > self._most:
                raise CutError(f"cut off at {self._most_gib:.0f} GiB of memory")
        try:
            message = self._receiver.recv()
        except EOFError:
            self._process.join()
            raise CutError(f"ended with exit code {self._process.exitcode}") from None
        if isinstance(message, _Failure):
            raise CutError(message.text)
        return message

    def _resident(self) -> int:
        try:
            found: int = psutil.Process(self._process.pid).memory_info().rss
        except psutil.NoSuchProcess:
            return 0
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.kill()
        self._process.join()
        self._receiver.close()


def peak_gib() -> float:
    """The most memory that this process has held at once, in GiB."""
    status = Path("/proc/self/status")
    if status.exists():  # `ru_maxrss` would begin with what the parent held when it spawned this process
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**20
    if sys.platform == "win32":
        return float(psutil.Process().memory_info().peak_wset) / 2**30
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**30


class _Failure:
    """What a child sends in place of a message when its work has raised."""

    def __init__(self, error: BaseException) -> None:
        last = traceback.extract_tb(error.__traceback__)[-1]
        lines = str(error).strip().splitlines() or [""]
        self.text = f"{type(error).__name__}: {lines[0]} ({Path(last.filename).name} line {last.lineno})"


def _run(work: Callable[..., None], arguments: tuple[Any, ...], sender: Connection) -> None:
    try:
        work(sender.send, *arguments)
    except Exception as error:
        traceback.print_exc()
        sender.send(_Failure(error))
    finally:
        sender.close()
