"""What a request is called in answers, metrics, logs and traces: never by what a client may have put an id into."""

from __future__ import annotations

import re
import uuid

from starlette.types import Scope

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER = "other"
_SAFE = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def request_id_from(given: bytes | None) -> str:
    """The X-Request-Id that a client sends, where it is short and of safe characters; else a new one."""
    if given is not None and _SAFE.fullmatch(given):
        return given.decode("ascii")
    return uuid.uuid4().hex


def method_of(scope: Scope) -> str:
    """The method, of those that there are: a client may write any word."""
    method: str = scope["method"]
    return method if method in METHODS else OTHER


def route_of(scope: Scope) -> str:
    """The route's template, `other` where no route was found or none was asked."""
    path: str = getattr(scope.get("route"), "path", OTHER)
    return path
