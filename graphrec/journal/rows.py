"""Events as the journal holds them: checked, with a time, as one line of JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphrec.errors import InputError
from graphrec.ingest.events import checked

MAX_BYTES = 32_768
"""An event's ids and kind may take half of it. With it a number of events is a number of bytes, too."""

MOST, LEAST = 2**63 - 1, -(2**63)


@dataclass(frozen=True)
class Row:
    """An event that may be written: `body` is its JSON."""

    event_id: str
    body: str


def row_of(event: Mapping[str, Any], now: int) -> Row:
    """The row of an event; `at` is `now` (epoch ms) where it has none, so that each delivery of it is the same.

    InputError for what `graphrec.ingest.events.record` refuses, and for numbers or text that JSON or Neo4j can't hold.
    """
    found = checked(event)
    found.setdefault("at", now)
    for name, value in found.items():
        if not _is_storable(value):
            raise InputError(
                f"expected {name} of event {found['event_id']!r} as a finite number, whole ones within 64 bits, "
                f"found {value!r}"
            )
    return Row(found["event_id"], _body(found))


def event_of(body: str) -> dict[str, Any]:
    """The event that a row holds."""
    found: dict[str, Any] = json.loads(body)
    return found


def _is_storable(value: Any) -> bool:
    if isinstance(value, int):
        return LEAST <= value <= MOST
    return not isinstance(value, float) or math.isfinite(value)


def _body(event: Mapping[str, Any]) -> str:
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        size = len(body.encode())
    except UnicodeEncodeError:
        raise InputError(f"the text of event {event['event_id']!r} isn't valid Unicode; send it as UTF-8") from None
    if size > MAX_BYTES:
        raise InputError(f"an event has at most {MAX_BYTES} bytes as JSON, {event['event_id']!r} has {size}")
    return body
