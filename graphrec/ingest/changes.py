"""Changes of items and users, as a service receives them: checked here, written by `graphrec.ingest.changing`.

A change is a map: `change_id`, `what` it is, the id of the item or user, and what is to be said of it. Doing it again
changes nothing as long as nothing else was done meanwhile, so that changes can be delivered again in their order.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from graphrec.errors import InputError
from graphrec.ids import clean_id

KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "put_item": ("item_id", ("title", "properties", "tags")),
    "delete_item": ("item_id", ()),
    "put_user": ("user_id", ("properties", "follows")),
    "delete_user": ("user_id", ()),
    "state_tags": ("user_id", ("tags",)),
    "opt_out": ("user_id", ()),
    "opt_in": ("user_id", ()),
    "read_anew": ("reason", ()),
}
"""What a change can be: whose it is, and what it may say. `read_anew` changes nothing itself: it tells every process
that more was changed in the graph than a change can say, and why."""

RESERVED = frozenset(
    ("user_id", "item_id", "event_id", "user_idx", "item_idx", "title", "tag", "tags", "follows", "labels", "id")
)
RESERVED_BEGINNINGS = ("embedding_", "feature_", "similar_", "live_", "claimed_")
MOST_PROPERTIES, MOST_TAGS, MOST_FOLLOWED = 100, 200, 1_000
MOST_CHARACTERS = 4_000
"""Of one text."""
MOST_OF_A_TAG = 200
"""Characters; a condition of a list takes no more."""
MOST_WEIGHT = 1_000
MOST, LEAST = 2**63 - 1, -(2**63)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")

Scalar = str | int | float | bool | None


def checked_change(change: Mapping[str, Any]) -> dict[str, Any]:
    """A change with its ids in normal form and nothing unknown; InputError says what is wrong."""
    what = str(change.get("what"))
    if what not in KINDS:
        raise InputError(f"expected a change as one of {', '.join(KINDS)}, found {what[:80]!r}")
    key, parts = KINDS[what]
    unknown = sorted(set(change) - {"change_id", "what", key, "at", *parts})
    if unknown or "change_id" not in change or key not in change:
        raise InputError(
            f"a change {what} has change_id and {key}, and may have at{''.join(f', {part}' for part in parts)}; "
            f"found {', '.join(sorted(change))}"
        )
    found: dict[str, Any] = {"change_id": clean_id(change["change_id"]), "what": what, key: clean_id(change[key])}
    found |= {part: _CHECKS[part](change[part]) for part in parts if part in change}
    if what == "state_tags":
        _check_stated(found.get("tags", {}))
    return found | ({"at": change["at"]} if "at" in change else {})


def clean_title(title: Any) -> str | None:
    """A title; None takes it away."""
    if title is not None and not isinstance(title, str):
        raise InputError(f"expected a title as text, found {title!r}")
    return _short(title, "title")


def clean_properties(properties: Mapping[str, Any]) -> dict[str, Scalar]:
    """Properties whose names and values a node may have; None takes one away."""
    if len(properties) > MOST_PROPERTIES:
        raise InputError(f"expected at most {MOST_PROPERTIES} properties at once, found {len(properties)}")
    return {property_name(name): _scalar(name, value) for name, value in properties.items()}


def property_name(name: str) -> str:
    """The name. InputError for one that isn't plain, or that graphrec itself writes."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(
            "expected the name of a property as a letter, then letters, digits and _, at most 64 of them, found "
            f"{str(name)[:80]!r}"
        )
    if name.lower() in RESERVED or name.lower().startswith(RESERVED_BEGINNINGS):
        raise InputError(f"the name {name!r} is kept for what graphrec itself writes; choose another")
    return name


def clean_tags(tags: Mapping[str, Any]) -> dict[str, float]:
    """Names of tags with their weights, 1 where none is given."""
    if len(tags) > MOST_TAGS:
        raise InputError(f"expected at most {MOST_TAGS} tags, found {len(tags)}")
    return {tag_name(name): _weight(name, 1.0 if weight is None else weight) for name, weight in tags.items()}


def tag_name(name: str) -> str:
    """The name of a tag in normal form."""
    if isinstance(name, str) and len(name) > MOST_OF_A_TAG:
        raise InputError(f"expected the name of a tag with at most {MOST_OF_A_TAG} characters, found {len(name)}")
    return clean_id(name)


def clean_followed(user_ids: Any) -> list[str]:
    """Ids of users, each once, in the order given."""
    found = list(dict.fromkeys(clean_id(user_id) for user_id in user_ids))
    if len(found) > MOST_FOLLOWED:
        raise InputError(f"expected at most {MOST_FOLLOWED:,} followed users, found {len(found):,}")
    return found


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "title": clean_title,
    "properties": clean_properties,
    "tags": clean_tags,
    "follows": clean_followed,
}


def _check_stated(tags: Mapping[str, float]) -> None:
    """What a user says of tags lies between −1 and 1."""
    beyond = [name for name, weight in tags.items() if abs(weight) > 1]
    if beyond:
        raise InputError(f"expected weights of stated tags from -1 to 1, found {tags[beyond[0]]:g} for {beyond[0]!r}")


def _scalar(name: str, value: Any) -> Scalar:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _short(value, name)
    if isinstance(value, int) and LEAST <= value <= MOST:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise InputError(
        f"expected {name} as text, a finite number (whole ones within 64 bits), true, false or null, found "
        f"{str(value)[:80]!r}"
    )


def _weight(name: str, weight: Any) -> float:
    fits = isinstance(weight, int | float) and not isinstance(weight, bool) and math.isfinite(weight)
    if not fits or abs(weight) > MOST_WEIGHT:
        raise InputError(f"expected a weight of at most {MOST_WEIGHT:,} for the tag {name[:80]!r}, found {weight!r}")
    return float(weight)


def _short(text: str | None, name: str) -> str | None:
    if text is not None and len(text) > MOST_CHARACTERS:
        raise InputError(f"expected {name} with at most {MOST_CHARACTERS:,} characters, found {len(text):,}")
    return text
