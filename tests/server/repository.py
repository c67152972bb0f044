"""A Maven repository on this machine, which can be slow, cut off or give wrong bytes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Repository:
    """Serves the jars of a folder by their file names, and remembers which were asked for."""

    folder: Path
    seconds_a_chunk: float = 0.0
    cut: bool = False
    asked: list[str] = field(default_factory=list)
    uri: str = ""

    @contextmanager
    def serving(self) -> Iterator[Repository]:
        httpd = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        httpd.daemon_threads = True
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        self.uri = f"http://127.0.0.1:{httpd.server_address[1]}"
        try:
            yield self
        finally:
            httpd.shutdown()
            thread.join()
            httpd.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        repository = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rsplit("/", 1)[1]
                repository.asked.append(name)
                file = repository.folder / name
                if not file.is_file():
                    self.send_error(404)
                    return
                self.send(file.read_bytes())

            def send(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if repository.cut:
                    body = body[: len(body) // 2]
                try:
                    for start in range(0, len(body), 1 << 16):
                        self.wfile.write(body[start : start + (1 << 16)])
                        time.sleep(repository.seconds_a_chunk)
                except OSError:
                    pass  # the client was killed

            def log_message(self, *_: object) -> None:
                pass

        return Handler
