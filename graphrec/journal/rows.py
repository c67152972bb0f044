"""Events and changes as the journal holds them: checked, with a time, as one line of JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphrec.errors import InputError
from graphrec.ingest.changes import LEAST, MOST, checked_change
from graphrec.ingest.events import checked

EVENT, CHANGE = "event", "change"
"""What an entry is: something that a user did to an item, or a change of an item or user."""

MAX_BYTES = 32_768
"""An event's ids and kind may take half of it. With it a number of events is a number of bytes, too."""

MAX_CHANGE_BYTES = 131_072
"""A change may name a thousand followed users."""


@dataclass(frozen=True)
class Row:
    """An entry that may be written: `body` is its JSON. Ids differ among events, and among changes."""

    event_id: str
    body: str
    what: str = EVENT

    @property
    def key(self) -> tuple[str, str]:
        """What no other entry of the journal has."""
        return self.event_id, self.what


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
    return Row(found["event_id"], _body(found, found["event_id"], MAX_BYTES))


def change_row_of(change: Mapping[str, Any], now: int) -> Row:
    """The row of a change, as `row_of`. InputError for what `graphrec.ingest.changes.checked_change` refuses."""
    found = {"at": now, **checked_change(change)}
    return Row(found["change_id"], _body(found, found["change_id"], MAX_CHANGE_BYTES), CHANGE)


def says_the_same(body: str, other: str) -> bool:
    """Whether two rows differ in nothing but the time at which they came."""
    return {**event_of(body), "at": None} == {**event_of(other), "at": None}


def event_of(body: str) -> dict[str, Any]:
    """The event that a row holds."""
    found: dict[str, Any] = json.loads(body)
    return found


def _is_storable(value: Any) -> bool:
    if isinstance(value, int):
        return LEAST <= value <= MOST
    return not isinstance(value, float) or math.isfinite(value)


def _body(entry: Mapping[str, Any], name: str, most: int) -> str:
    body = json.dumps(entry, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        size = len(body.encode())
    except UnicodeEncodeError:
        raise InputError(f"the text of {name!r} isn't valid Unicode; send it as UTF-8") from None
    if size > most:
        raise InputError(f"expected at most {most} bytes as JSON, {name!r} has {size}")
    return body
