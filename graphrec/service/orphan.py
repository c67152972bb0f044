"""A worker ends when the process that started it is gone: else it would keep the port from the next service."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from typing import Self

POLL_S = 0.5


class Orphan:
    """While inside, a thread watches the process that started this one; when it is gone, this one gets SIGTERM.

    A process that none of Python's started has nobody to watch.
    """

    def __init__(self) -> None:
        self._parent = multiprocessing.parent_process()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="orphan", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _watch(self) -> None:
        while self._parent is not None and not self._stopping.wait(POLL_S):
            if not self._parent.is_alive():
                os.kill(os.getpid(), signal.SIGTERM)
                return
