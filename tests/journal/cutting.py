"""A proxy on loopback between driver and Neo4j that lets a commit through and cuts the connection before its answer."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self

COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""Bolt's COMMIT message in its chunk: no fields, signature 12 hex."""

NOOP = b"\x00\x00"


class CuttingProxy:
    """Forwards bytes. Of the next `n_to_cut` commits the server gets the request and the client no answer."""

    def __init__(self, port: int, n_to_cut: int) -> None:
        self.n_to_cut = n_to_cut
        self.n_cut = 0
        self._target = ("127.0.0.1", port)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                cut = threading.Event()
                threading.Thread(target=self._requests, args=(client, server, cut), daemon=True).start()
                threading.Thread(target=self._answers, args=(server, client, cut), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(65_536):
                with self._lock:
                    if data.endswith(COMMIT) and self.n_to_cut:
                        self.n_to_cut -= 1
                        cut.set()
                server.sendall(data)
        _close(client, server)

    def _answers(self, server: socket.socket, client: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65_536):
                if cut.is_set() and data != NOOP:
                    self.n_cut += 1  # the server has answered: the commit is done
                    break
                client.sendall(data)
        _close(client, server)


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
