"""Faults of the network, made with real sockets."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress

from tests.proxy import Proxy, beside, close

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no seconds: a close then cuts the connection, where it else would be ended in order."""


class Gate(Proxy):
    """While it is shut it takes connections and bytes, passes nothing on, and so never answers.

    `n_held`: pieces that were held back so far.
    """

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.n_held = 0
        self._is_open = threading.Event()
        self._is_open.set()

    def __exit__(self, *error: object) -> None:
        self.open()
        super().__exit__(*error)

    def open(self) -> None:
        """Pass on what came meanwhile and what comes now."""
        self._is_open.set()

    def shut(self) -> None:
        """Pass nothing on."""
        self._is_open.clear()

    def join(self, client: socket.socket, server: socket.socket) -> None:
        """Both ways, each in a thread."""
        beside(self._pass_on, client, server)
        beside(self._pass_on, server, client)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self.n_held += not self._is_open.is_set()
                self._is_open.wait()
                target.sendall(data)
        close(source, target)


def cut_off(port: int, request: bytes) -> None:
    """Send a request to a port of this machine, and cut the connection before an answer can be read."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.sendall(request)
