"""Faults of the network, made with real sockets."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from typing import Self

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no seconds: a close then cuts the connection, where it else would be ended in order."""


class Gate:
    """A proxy on loopback. While it is shut it takes connections and bytes, passes nothing on, and so never answers.

    `n_held`: pieces that were held back so far.
    """

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._is_open = threading.Event()
        self._is_open.set()
        self.n_held = 0
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.open()
        _close(self._listener, *self._sockets)

    def open(self) -> None:
        """Pass on what came meanwhile and what comes now."""
        self._is_open.set()

    def shut(self) -> None:
        """Pass nothing on."""
        self._is_open.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._sockets += [client, server]
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self.n_held += not self._is_open.is_set()
                self._is_open.wait()
                target.sendall(data)
        _close(source, target)


def cut_off(port: int, request: bytes) -> None:
    """Send a request to a port of this machine, and cut the connection before an answer can be read."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.sendall(request)


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
