"""Neo4j Browser's page is served on loopback, and the server takes Bolt over WebSocket, as the page speaks it."""

from __future__ import annotations

import base64
import os
import socket
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

from graphrec.server import Home
from graphrec.server.browser import serving


def test_the_page_and_its_scripts_are_served(server: Home):
    state = server.running()
    assert state is not None
    with serving(state) as address:
        where = urlsplit(address)
        assert where.hostname == "127.0.0.1"
        assert unquote(where.query) == f"dbms=bolt://neo4j@127.0.0.1:{state.port}"
        assert server.credentials().password not in address
        page = urlopen(address)
        text = page.read().decode()
        assert page.headers["Content-Type"].startswith("text/html")
        assert "<title>Neo4j Browser</title>" in text
        script = next(part for part in text.split('"') if part.endswith(".js"))
        found = urlopen(f"http://{where.netloc}/browser/{script.removeprefix('/browser/')}")
        assert found.headers["Content-Type"].startswith("text/javascript")
        assert len(found.read()) > 10_000
        assert urlopen(f"http://{where.netloc}/").url.endswith("/browser/")


def test_the_server_takes_bolt_over_websocket(server: Home):
    state = server.running()
    assert state is not None
    key = base64.b64encode(os.urandom(16)).decode()
    asking = (
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{state.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", state.port), timeout=10) as connection:
        connection.sendall(asking.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 101")
