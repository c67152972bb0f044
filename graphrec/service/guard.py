"""Before any route: is the body small enough, does the key open this door, is it not too often? And a name for each
request, headers that keep browsers careful, how long it took, and what is told where nobody expected an error."""

from __future__ import annotations

import time
from collections.abc import Sequence

from fastapi import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphrec.service.keys import Key, key_of
from graphrec.service.logs import is_failure, tell_error, tell_request, tells_all
from graphrec.service.metrics import Metrics
from graphrec.service.names import method_of, request_id_from, route_of
from graphrec.service.problems import UNEXPECTED, problem

MOST_DIGITS = 18
"""Of a length; Python refuses to read numbers of thousands of digits."""

OPEN_PATHS = ("/live", "/ready", "/openapi.json")
_OF_EVENTS = {"POST": ("/onboarding",), "PUT": ("/opt-out",), "DELETE": ("/opt-out",)}
"""By method, how paths of a user end whose requests say what the user does or wants, as events do."""

SAFE_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


class Guard:
    """ASGI middleware. `keys` None: everybody may do everything. `rate`: requests a second of one key, 0: no limit."""

    def __init__(
        self, app: ASGIApp, *, keys: Sequence[Key] | None, max_body: int, rate: float, metrics: Metrics
    ) -> None:
        self.app = app
        self.keys = keys
        self.max_body = max_body
        self.metrics = metrics
        self.rate = rate
        self.tells_all = tells_all()
        self._buckets: dict[str, tuple[float, float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()
        headers = dict(scope["headers"])
        request_id = request_id_from(headers.get(b"x-request-id"))
        scope.setdefault("state", {})["request_id"] = request_id
        status, is_begun = 500, False

        async def told(message: Message) -> None:
            nonlocal status, is_begun
            is_begun = True
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *SAFE_HEADERS, (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            refusal = self._refusal(scope, headers, request_id)
            if refusal is not None:
                await refusal(scope, receive, told)
            else:
                await self._limited(scope, receive, told)
        except Exception as error:
            tell_error(error, request_id)
            if is_begun:
                raise
            await problem(500, UNEXPECTED, request_id=request_id)(scope, receive, told)
        finally:
            self._note(scope, status, time.perf_counter() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method, route, strategy = method_of(scope), route_of(scope), scope["state"].get("strategy")
        self.metrics.request(method, route, status, strategy=strategy, seconds=seconds)
        if self.tells_all or is_failure(status):
            told = {"strategy": strategy} if strategy else {}
            name = scope["state"]["request_id"]
            ms = round(1_000 * seconds, 2)
            tell_request(request_id=name, method=method, route=route, status=status, ms=ms, **told)

    def _refusal(self, scope: Scope, headers: dict[bytes, bytes], request_id: str) -> Response | None:
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > MOST_DIGITS or int(length) > self.max_body:
            return self._too_large(request_id)
        if self.keys is None or scope["path"] in OPEN_PATHS:
            return None
        key = self._key(headers)
        if key is None:
            says = "expected a key in the header Authorization: Bearer KEY; `graphrec key add` makes one"
            return problem(401, says, {"WWW-Authenticate": "Bearer"}, request_id=request_id)
        role = role_of(scope["method"], scope["path"])
        if not key.may(role):
            says = f"expected a key with the role {role}, found one with {', '.join(key.roles)}"
            return problem(403, says, request_id=request_id)
        if not self._may_now(key.name):
            says = f"at most {self.rate:g} requests a second come through with one key"
            return problem(429, says, {"Retry-After": "1"}, request_id=request_id)
        return None

    def _key(self, headers: dict[bytes, bytes]) -> Key | None:
        scheme, _, secret = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        return key_of(self.keys or (), secret) if scheme.lower() == "bearer" and secret else None

    def _may_now(self, name: str) -> bool:
        """A bucket that holds a second's worth and fills steadily."""
        if not self.rate:
            return True
        now = time.monotonic()
        level, at = self._buckets.get(name, (self.rate, now))
        level = min(max(self.rate, 1.0), level + (now - at) * self.rate)
        self._buckets[name] = (level - 1 if level >= 1 else level), now
        return level >= 1

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application, with a body that is cut off where it grows beyond the limit though it didn't say so."""
        n_bytes, too_large = 0, False

        async def measured() -> Message:
            nonlocal n_bytes, too_large
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > self.max_body:
                too_large = True
                return {"type": "http.disconnect"}
            return message

        async def unless_too_large(message: Message) -> None:
            if not too_large:
                await send(message)

        await self.app(scope, measured, unless_too_large)
        if too_large:
            await self._too_large(scope["state"]["request_id"])(scope, receive, send)

    def _too_large(self, request_id: str) -> Response:
        says = f"expected a body of at most {self.max_body:,} bytes; send it in parts"
        return problem(413, says, request_id=request_id)


def role_of(method: str, path: str) -> str:
    """The role that a request needs."""
    if path == "/v1/events" or (path.startswith("/v1/users/") and path.endswith(_OF_EVENTS.get(method, ()))):
        return "events"
    return "read" if method in ("GET", "HEAD", "OPTIONS") or path == "/v1/recommendations" else "admin"
