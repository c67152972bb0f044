"""Keep-alive clients on raw sockets, all in one thread: they cost little beside what they measure."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

Ask = Callable[[int], tuple[bytes, Callable[[int, bytes], None] | None]]
"""For the number of a client, what it asks next, and what is told its status and body (None: nobody)."""


@dataclass
class Told:
    """Seconds of each answer, in order of arrival, and how many had another status than 2xx."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    wall: float = 0.0

    def add(self, more: Told) -> None:
        """Another stretch of the same."""
        self.seconds += more.seconds
        self.failed += more.failed
        self.wall += more.wall

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.wall

    def percentile(self, q: float) -> float:
        """Milliseconds."""
        return float(np.percentile(self.seconds, q)) * 1000


def get(path: str) -> bytes:
    """A request without a body."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    """A request with a JSON body."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


class _Client:
    def __init__(self, number: int, port: int) -> None:
        self.number = number
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.listener: Callable[[int, bytes], None] | None = None
        self.begun = 0.0
        self.buffer = b""

    def send(self, ask: Ask) -> None:
        request, self.listener = ask(self.number)
        self.buffer = b""
        self.begun = time.perf_counter()
        self.socket.sendall(request)

    def whole(self) -> bytes | None:
        """The body, once all of it is there."""
        self.buffer += self.socket.recv(262_144)
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        place = head.lower().find(b"content-length:")
        length = int(head[place + 15 :].split(b"\r\n", 1)[0])
        return body if len(body) >= length else None


def drive(port: int, ask: Ask, seconds: float, n_clients: int = 8) -> Told:
    """What clients see that ask one thing after the other for so many seconds."""
    told = Told()
    with selectors.DefaultSelector() as waiting:
        clients = [_Client(n, port) for n in range(n_clients)]
        for client in clients:
            waiting.register(client.socket, selectors.EVENT_READ, client)
        begun = time.perf_counter()
        for client in clients:
            client.send(ask)
        open_clients = n_clients
        while open_clients:
            for key, _ in waiting.select(10):
                client = key.data
                body = client.whole()
                if body is None:
                    continue
                now = time.perf_counter()
                told.seconds.append(now - client.begun)
                status = int(client.buffer[9:12])
                told.failed += status // 100 != 2
                if client.listener:
                    client.listener(status, body)
                if now - begun < seconds:
                    client.send(ask)
                else:
                    waiting.unregister(client.socket)
                    client.socket.close()
                    open_clients -= 1
        told.wall = time.perf_counter() - begun
    return told
