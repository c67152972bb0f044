"""Lines of the log: fields of requests, exceptions as types and places, and nothing that a client wrote."""

from __future__ import annotations

import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from graphrec.service.guard import Guard
from graphrec.service.logs import JsonLines, LogFormat, LogLevel, TextLines, log_config
from graphrec.service.metrics import Metrics

SECRET = "Rumpelstiltskin"


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    """Fails with what a client wrote in the message, before or after the answer has begun."""
    if scope["path"] == "/late":
        await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] != "/fine":
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(f"no {SECRET}") from error
    await PlainTextResponse("fine")(scope, receive, send)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What our loggers say at `info`, as JSON."""
    found: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(self.format(record))

    logger, handler = logging.getLogger("graphrec"), Kept()
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    yield found
    logger.setLevel(level)
    logger.removeHandler(handler)


def guarded() -> TestClient:
    guard = Guard(broken, keys=None, max_body=100, rate=0.0, metrics=Metrics())
    return TestClient(guard, raise_server_exceptions=False)


def test_an_error_that_nobody_expected_is_told_with_the_request_and_without_its_words(lines: list[str]) -> None:
    client = guarded()
    answer = client.get(f"/users/{SECRET}?x={SECRET}", headers={"X-Request-Id": "mine-1"})
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "mine-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    client.get("/late", headers={"X-Request-Id": "mine-2"})
    told = [json.loads(line) for line in lines]
    assert SECRET not in "".join(lines)
    first, second = told[:2]
    assert first["request_id"] == second["request_id"] == "mine-1"
    assert first["raised"][0] == "ValueError"
    assert "KeyError" in first["raised"]
    assert any("test_logs.py" in place and "in broken" in place for place in first["raised"])
    assert {"method": "GET", "route": "other", "status": 500, "level": "error"}.items() <= second.items()
    assert second["ms"] > 0
    assert [each["request_id"] for each in told[2:]] == ["mine-2"] * 2


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [("a.B-9_", True), ("x" * 64, True), ("x" * 65, False), ("a b", False), ('"', False), ("", False)],
)
def test_a_request_id_is_taken_over_where_it_is_short_and_safe(given: str, is_kept: bool) -> None:
    found = guarded().get("/fine", headers={"X-Request-Id": given}).headers["x-request-id"]
    assert (found == given) is is_kept
    assert is_kept or len(found) == 32


def test_methods_that_a_client_makes_up_have_no_numbers_of_their_own() -> None:
    metrics = Metrics()
    client = TestClient(Guard(broken, keys=None, max_body=100, rate=0.0, metrics=metrics))
    client.request(SECRET.upper(), "/fine")
    text = metrics.text().decode()
    assert SECRET.upper() not in text
    assert 'graphrec_requests_total{method="other",path="other",status="200"} 1.0' in text


def record(name: str, message: str, **fields: Any) -> logging.LogRecord:
    found = logging.LogRecord(name, logging.WARNING, __file__, 1, message, (), None)
    found.created, found.msecs = 0.25, 250.0
    if fields:
        found.fields = fields
    return found


def test_lines_of_both_formats() -> None:
    told = record("graphrec.request", "request", status=200, route="/v1/popular")
    assert TextLines().format(told) == (
        "1970-01-01T00:00:00.250Z WARNING graphrec.request: request status=200 route=/v1/popular"
    )
    assert json.loads(JsonLines().format(told)) == {
        "time": "1970-01-01T00:00:00.250Z",
        "level": "warning",
        "logger": "graphrec.request",
        "message": "request",
        "status": 200,
        "route": "/v1/popular",
    }
    of_asyncio = record("asyncio", f"Task exception was never retrieved\nfuture: <exception=KeyError('{SECRET}')>")
    assert TextLines().format(of_asyncio).endswith("asyncio: Task exception was never retrieved")


def test_the_configuration_is_one_that_logging_takes() -> None:
    before = {name: logging.getLogger(name).level for name in ("graphrec", "uvicorn", "uvicorn.access")}
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        logging.config.dictConfig(log_config(LogFormat.json, LogLevel.info))
        assert logging.getLogger("graphrec.request").isEnabledFor(logging.INFO)
        assert not logging.getLogger("neo4j").isEnabledFor(logging.INFO)
        assert not logging.getLogger("uvicorn.access").isEnabledFor(logging.ERROR)
        assert isinstance(root.handlers[-1].formatter, JsonLines)
    finally:
        root.handlers[:], root.level = handlers, level
        for name, each in before.items():
            logging.getLogger(name).setLevel(each)
        logging.getLogger("uvicorn.access").propagate = True
