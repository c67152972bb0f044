"""Single events, as a service receives them: written to the log and summed up in one transaction.

The log is keyed by `event_id`: an event that comes again changes nothing, a second play counts.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.ids import clean_id
from graphrec.ingest.lending import lent

DEFAULT_KIND = "interaction"
REQUIRED = ("event_id", "user_id", "item_id")
OPTIONAL: Mapping[str, type | tuple[type, ...]] = {
    "kind": str,
    "at": int,
    "count": int,
    "weight": (int, float),
    "rating": (int, float),
    "dwell": (int, float),
    "device": str,
    "location": str,
    "session": str,
    "context": Mapping,
}
MOST_KEYS, MOST_CHARACTERS = 10, 100
"""How many keys the context of an event has at most, and how long a value is."""

KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
NOT_KEYS = ("device", "location", "hour", "month", "at")
"""What a context can't be called, because it is told by fields of the event."""


@dataclass(frozen=True)
class Recorded:
    """How many events were new, and how many stood in the log already."""

    recorded: int
    repeated: int


def record(graph: Graph, events: Sequence[Mapping[str, Any]]) -> Recorded:
    """Log events and add the new ones to the sums; users and items that are missing are made.

    An event has event_id, user_id, item_id, and may have kind ('interaction'), at (epoch milliseconds), count (1),
    weight, rating, dwell, device, location, session and context, a map such as {"mood": "calm"}. InputError for
    anything else, before the first write.
    """
    given = [checked(event) for event in events]
    first = {event["event_id"]: event for event in reversed(given)}
    in_order = sorted(first.values(), key=lambda event: event["event_id"])

    def work(step: Any) -> int:
        return _record(step, in_order)

    n_new = graph.transact(work) if in_order else 0
    return Recorded(n_new, len(given) - n_new)


def _record(step: Any, events: list[dict[str, Any]]) -> int:
    users = sorted({event["user_id"] for event in events})
    step("load/user_ids", ids=users)
    step("load/item_ids", ids=sorted({event["item_id"] for event in events}))
    opted_out = {row["user_id"] for row in step("load/lock", user_ids=users)}
    logged = [_logged(event, opted_out) for event in events]
    new = {row["event_id"] for row in step("load/log_events", events=logged)}
    rows = sum_up(event for event in events if event["event_id"] in new)
    if rows:
        step("load/kinds", kinds=sorted({row["kind"] for row in rows}))
        with lent(step, rows, opted_out):
            step("load/merge_interactions", rows=rows)
    return len(new)


def _logged(event: dict[str, Any], opted_out: Container[str]) -> dict[str, Any]:
    """An event as properties of a node, which can't be maps: its context is a list of key:value. One of a user who has
    opted out is marked, so that it counts in no context."""
    if "context" in event:
        event = {**event, "context": [f"{key}:{value}" for key, value in sorted(event["context"].items())]}
    return {**event, "withheld": True} if event["user_id"] in opted_out else event


def sum_up(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a user, item and kind, in that order, as `load/merge_interactions` takes them to add."""
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for event in events:
        groups.setdefault((event["user_id"], event["item_id"], event["kind"]), []).append(event)
    return [_summed(*key, groups[key]) for key in sorted(groups)]


def _summed(user_id: str, item_id: str, kind: str, events: list[Mapping[str, Any]]) -> dict[str, Any]:
    times = [event["at"] for event in events if event.get("at") is not None]
    weights = [event["weight"] for event in events if event.get("weight") is not None]
    rated = [event for event in events if event.get("rating") is not None]
    latest = max(rated, key=lambda event: (event.get("at") or 0, event["rating"]), default={})
    return {
        "user_id": user_id,
        "item_id": item_id,
        "kind": kind,
        "count": sum(event.get("count") or 1 for event in events),
        "weight": float(sum(weights)) if weights else None,
        "rating": float(latest["rating"]) if latest else None,
        "first_at": min(times, default=None),
        "last_at": max(times, default=None),
        "adds": True,
    }


def checked(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event with its ids in normal form, its kind filled in and nothing unknown; InputError says what is wrong."""
    missing = [name for name in REQUIRED if name not in event]
    unknown = sorted(set(event) - {*REQUIRED, *OPTIONAL})
    if missing or unknown:
        raise InputError(
            f"an event has {', '.join(REQUIRED)} and may have {', '.join(OPTIONAL)}; "
            f"missing: {', '.join(missing) or 'none'}, unknown: {', '.join(unknown) or 'none'}"
        )
    values = {name: value for name, value in event.items() if value is not None}
    for name, wanted in OPTIONAL.items():
        value = values.get(name)
        if value is not None and (not isinstance(value, wanted) or isinstance(value, bool)):
            raise InputError(f"expected {name} of event {event['event_id']!r} as {_spoken(wanted)}, found {value!r}")
    _check_context(values)
    ids = {name: clean_id(values.get(name, "")) for name in REQUIRED}
    return {**values, **ids, "kind": clean_id(values.get("kind", DEFAULT_KIND))}


def _check_context(event: Mapping[str, Any]) -> None:
    context = event.get("context", {})
    if len(context) > MOST_KEYS:
        raise InputError(f"a context has at most {MOST_KEYS} keys, that of event {event['event_id']!r} {len(context)}")
    for key, value in context.items():
        if not isinstance(key, str) or not KEY.fullmatch(key) or key in NOT_KEYS:
            raise InputError(
                f"expected keys of context like mood: lower-case letters, digits and _, at most 32, and none of "
                f"{', '.join(NOT_KEYS)}; event {event['event_id']!r} has {str(key)[:80]!r}"
            )
        if not isinstance(value, str) or not 0 < len(value) <= MOST_CHARACTERS:
            raise InputError(
                f"expected context {key} of event {event['event_id']!r} as text of 1 to {MOST_CHARACTERS} characters, "
                f"found {str(value)[:80]!r}"
            )


def _spoken(wanted: type | tuple[type, ...]) -> str:
    if wanted in (str, Mapping):
        return "text" if wanted is str else "a map"
    return "a whole number" if wanted is int else "a number"
