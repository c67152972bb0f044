"""Neo4j Browser, Neo4j's own web page for Cypher, served on loopback: its files lie in a jar like the others.

An embedded server has no web server, so this process is one while the page is in use. The page speaks Bolt to
Neo4j directly; the password is typed into it and passes through nothing here.
"""

from __future__ import annotations

import mimetypes
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import quote, urlsplit

from graphrec.server import jars
from graphrec.server.home import State

_ROOT = "browser/"


@contextmanager
def serving(state: State, progress: jars.Progress | None = None) -> Iterator[str]:
    """The page's address, with the server to connect to filled in; served while inside."""
    [jar] = jars.ensure_jars(jars.locked("browser"), progress)
    with zipfile.ZipFile(jar) as pages:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(pages))
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            target = quote(f"bolt://neo4j@127.0.0.1:{state.port}", safe="")
            yield f"http://127.0.0.1:{server.server_address[1]}/browser/?dbms={target}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _handler(pages: zipfile.ZipFile) -> type[BaseHTTPRequestHandler]:
    files = {name for name in pages.namelist() if name.startswith(_ROOT) and not name.endswith("/")}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path.lstrip("/")
            if path in ("", "browser"):
                self.send_response(HTTPStatus.FOUND)
                self.send_header("Location", f"/{_ROOT}")
                self.end_headers()
                return
            name = f"{_ROOT}index.html" if path == _ROOT else path
            if name not in files:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            self._send(name)

        def _send(self, name: str) -> None:
            body = pages.read(name)
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", _kind(name))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    return Handler


def _kind(name: str) -> str:
    known = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
    suffix = Path(name).suffix
    kind = known.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
