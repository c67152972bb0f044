"""A proxy between driver and Neo4j that lets a commit through and cuts the connection before its answer."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from tests.proxy import Proxy, beside, close

COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""Bolt's COMMIT message in its chunk: no fields, signature 12 hex."""

NOOP = b"\x00\x00"


class CuttingProxy(Proxy):
    """Of the next `n_to_cut` commits the server gets the request and the client no answer."""

    def __init__(self, port: int, n_to_cut: int) -> None:
        super().__init__(port)
        self.n_to_cut = n_to_cut
        self.n_cut = 0
        self._lock = threading.Lock()

    def join(self, client: socket.socket, server: socket.socket) -> None:
        """Both ways, each in a thread."""
        cut = threading.Event()
        beside(self._requests, client, server, cut)
        beside(self._answers, server, client, cut)

    def _requests(self, client: socket.socket, server: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(65_536):
                with self._lock:
                    if data.endswith(COMMIT) and self.n_to_cut:
                        self.n_to_cut -= 1
                        cut.set()
                server.sendall(data)
        close(client, server)

    def _answers(self, server: socket.socket, client: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65_536):
                if cut.is_set() and data != NOOP:
                    self.n_cut += 1  # the server has answered: the commit is done
                    break
                client.sendall(data)
        close(client, server)
