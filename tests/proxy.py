"""A proxy on loopback with real sockets, between one who asks and a server; what goes wrong is told by who inherits."""

from __future__ import annotations

import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self


class Proxy(ABC):
    """Takes connections at `port` and makes one to the server for each."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        beside(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        close(self._listener, *self._sockets)

    @abstractmethod
    def join(self, client: socket.socket, server: socket.socket) -> None:
        """Begin to pass bytes on between two connections."""

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._sockets += [client, server]
                self.join(client, server)


def beside(work: Callable[..., None], *of: Any) -> None:
    """Do something in a thread that nobody waits for."""
    threading.Thread(target=work, args=of, daemon=True).start()


def close(*ends: socket.socket) -> None:
    """End connections, and let who reads from them know."""
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
