"""Traces are asked for by OpenTelemetry's own variables, and an error says what is missing."""

from __future__ import annotations

import sys

import pytest

from graphrec.errors import InputError
from graphrec.service.tracing import check_tracing

NAMED = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


def test_nothing_is_traced_where_no_endpoint_is_named() -> None:
    assert not check_tracing({})
    assert not check_tracing({"OTEL_EXPORTER_OTLP_ENDPOINT": ""})
    assert check_tracing(NAMED)
    assert check_tracing({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"})


def test_without_the_packages_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(InputError, match=r"OTEL_EXPORTER_OTLP_ENDPOINT is set.*pip install 'graphrec\[otel\]'"):
        check_tracing(NAMED)
    assert not check_tracing({})


def test_another_protocol_is_refused() -> None:
    with pytest.raises(InputError, match=r"expected http/protobuf.*found 'grpc'"):
        check_tracing(NAMED | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
