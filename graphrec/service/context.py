"""The context of a query: the device, the place, the time and what else it tells, as keys and values."""

from __future__ import annotations

from datetime import UTC, datetime

from graphrec.errors import InputError
from graphrec.ingest.events import NOT_KEYS
from graphrec.service.schemas import INT64, ListQuery
from graphrec.serving.context import Context
from graphrec.serving.tallies import Pair, times_of


def context_of(query: ListQuery) -> Context | None:
    """What a query tells, None where it tells nothing. InputError for a time or a pair that can't be read."""
    found = [(name, value) for name, value in (("device", query.device), ("location", query.location)) if value]
    found += [_pair(text) for text in query.context]
    if query.at is not None:
        found += times_of(_milliseconds(str(query.at)))
    return Context(tuple(found), query.context_weight) if found else None


def _pair(text: str) -> Pair:
    key, _, value = text.partition(":")
    if not key or not value or key in NOT_KEYS:
        raise InputError(
            f"expected a context like mood:calm, found {text[:80]!r}; device, location and at are parameters themselves"
        )
    return key, value


def _milliseconds(text: str) -> int:
    """Epoch milliseconds of a time, which is one of UTC where it doesn't say."""
    try:
        if text.isascii() and text.removeprefix("-").isdigit():
            at = int(text) if len(text) <= 20 else INT64 + 1
        else:
            when = datetime.fromisoformat(text)
            at = round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        at = INT64 + 1
    if abs(at) > INT64:
        raise InputError(
            f"expected a time like 2026-07-01T18:00Z or epoch milliseconds after at=, found {text[:80]!r}; "
            "a + is written %2B in a query"
        )
    return at
