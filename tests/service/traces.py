"""A receiver of traces, and the spans that it got."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@contextmanager
def receiver() -> Iterator[tuple[int, list[bytes]]]:
    """A receiver of OTLP over HTTP on loopback: its port, and what comes."""
    came: list[bytes] = []

    class Takes(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                came.append(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Takes) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], came
        server.shutdown()


def read_spans(traces: list[bytes], into: list[Any]) -> list[Any]:
    """All spans that came so far."""
    into.clear()
    for body in list(traces):
        request = ExportTraceServiceRequest()
        request.ParseFromString(body)
        into.extend(span for each in request.resource_spans for scope in each.scope_spans for span in scope.spans)
    return into
