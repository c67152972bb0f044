"""A worker ends when the process that started it is gone: else it would keep the port from the next service."""

from __future__ import annotations

import os
import signal
import threading
from typing import Self

POLL_S = 0.5


class Orphan:
    """While inside, a thread looks whether the parent lives; when it doesn't, this process gets SIGTERM.

    On Windows a process keeps the number of a parent that is gone, so nothing is seen there.
    """

    def __init__(self) -> None:
        self._parent = os.getppid()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="orphan", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(POLL_S):
            if os.getppid() != self._parent:
                os.kill(os.getpid(), signal.SIGTERM)
                return
