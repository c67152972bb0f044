"""Traces by OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT says where to: a span a request, and those of its stages.

Spans are named after routes' templates, and their attributes hold no id, no query and no error's message.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphrec.errors import InputError
from graphrec.service.names import method_of, route_of

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
PROTOCOL = "http/protobuf"


class Tracing:
    """Where spans go. A thread of its own sends them; `close` sends what waits."""

    def __init__(self, provider: TracerProvider) -> None:
        self.provider = provider
        self.tracer = provider.get_tracer("graphrec")

    def span(self, name: str, **more: Any) -> AbstractContextManager[Any]:
        """A span around a block. Errors in it are noted by Traced, without what they say."""
        return self.tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False, **more)

    def close(self) -> None:
        """Send what waits."""
        self.provider.shutdown()


def check_tracing(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether an endpoint is named for traces.

    InputError where one is, but the packages aren't installed or another protocol is asked for.
    """
    named = next((name for name in ENDPOINTS if environment.get(name)), None)
    if named is None:
        return False
    for name in PROTOCOLS:
        if environment.get(name, PROTOCOL) != PROTOCOL:
            raise InputError(f"{name}: expected {PROTOCOL}, the only one that is sent, found {environment[name]!r}")
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter
        import opentelemetry.sdk.trace  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"{named} is set, but the packages that send traces aren't installed ({error}); "
            "run `pip install 'graphrec[otel]'`, or unset the variable"
        ) from error
    return True


def open_tracing() -> Tracing | None:
    """Tracing as the variables of OpenTelemetry say; None where no endpoint is named."""
    if not check_tracing():
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME", "graphrec")
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)


class Traced:
    """ASGI middleware: one span a request, within the trace that the caller's `traceparent` names."""

    def __init__(self, app: ASGIApp, *, tracing: Tracing) -> None:
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind, StatusCode

        self.app = app
        self.tracing = tracing
        self._extract, self._kind, self._error = extract, SpanKind.SERVER, StatusCode.ERROR

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method = method_of(scope)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with self.tracing.span(method, context=self._extract(headers), kind=self._kind) as span:
            try:
                await self.app(scope, receive, told)
            finally:
                route, strategy = route_of(scope), scope.get("state", {}).get("strategy")
                span.update_name(f"{method} {route}")
                span.set_attributes({"http.request.method": method, "http.route": route})
                span.set_attribute("http.response.status_code", status)
                if strategy:
                    span.set_attribute("graphrec.strategy", strategy)
                if status >= 500:
                    span.set_status(self._error)
