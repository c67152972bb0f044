"""Errors as problem details (RFC 9457): a type, a title, a status, and what was wanted, found, and to do."""

from __future__ import annotations

import logging
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from graphrec.errors import ConflictError, FullError, GraphError, GraphrecError, InputError, UnknownIdError

MEDIA = "application/problem+json"
RETRY_S = 5
UNEXPECTED = "the log of the service says what went wrong"
TITLES = {
    400: "The request can't be understood",
    401: "A key is needed",
    403: "The key doesn't open this",
    404: "Not found",
    405: "This path has another method",
    409: "It contradicts what was taken before",
    413: "The body is too large",
    422: "The request breaks its schema",
    429: "Too many requests",
    500: "Something went wrong here",
    503: "Not possible at the moment",
}
_STATUS = (
    (UnknownIdError, 404),
    (ConflictError, 409),
    (InputError, 400),
    (FullError, 503),
    (GraphError, 503),
    (GraphrecError, 500),
)
_log = logging.getLogger(__name__)


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """The answer to a request that failed."""
    title = TITLES.get(status, "The request failed")
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    wait = {"Retry-After": str(RETRY_S)} if status == 503 else {}
    return Response(orjson.dumps(body), status, {**wait, **(headers or {})}, MEDIA)


def install(app: FastAPI) -> None:
    """Let errors of the application be told that way; the guard tells those that nobody expected."""
    app.add_exception_handler(GraphrecError, _explained)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)


async def _explained(request: Request, error: Exception) -> Response:
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    if status == 500:
        _log.error("%s", error, extra={"fields": _name(request)})
    return problem(status, str(error) if status != 500 else UNEXPECTED, **_name(request))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    told = [{"where": ".".join(map(str, each["loc"])), "what": each["msg"]} for each in error.errors()]
    detail = "; ".join(f"{each['where']}: {each['what']}" for each in told[:5])
    return problem(422, detail, errors=told[:50], **_name(request))


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), dict(error.headers or {}), **_name(request))


def _name(request: Request) -> dict[str, Any]:
    return {"request_id": request.scope["state"]["request_id"]}
