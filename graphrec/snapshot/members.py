"""Groups of items by what the data say of them: a tag, `tag:Drama`, or a property and its value, `language:fr`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InputError
from graphrec.snapshot.snapshot import Snapshot

Bools = NDArray[np.bool_]
TAG = "tag"


def members(snapshot: Snapshot, group: str) -> Bools:
    """Which items are of a group. InputError where nothing is, or everything, so that nobody is told apart.

    `group`: `tag:NAME`, or `PROPERTY:VALUE`; a property that holds numbers is compared as a number.
    """
    name, has_value, value = group.partition(":")
    if not has_value or not name or not value:
        raise InputError(f"expected a group of items as tag:NAME or PROPERTY:VALUE, found {group!r}")
    found = _tagged(snapshot, value) if name == TAG else _stated(snapshot, name, value)
    if not found.any() or found.all():
        raise InputError(f"{'all' if found.all() else 'none'} of {len(found):,} items are {group}; name another group")
    return found


def _tagged(snapshot: Snapshot, tag: str) -> Bools:
    place = np.flatnonzero(snapshot.tag_names == tag)
    if not len(place):
        often = np.argsort(-np.bincount(snapshot.tags.indices, minlength=len(snapshot.tag_names)), kind="stable")
        there = ", ".join(snapshot.tag_names[often[:10]]) or "none"
        raise InputError(f"no item has the tag {tag!r}; the most given ones are {there}")
    return np.asarray(snapshot.tags[:, place].sum(axis=1) > 0).ravel()


def _stated(snapshot: Snapshot, name: str, value: str) -> Bools:
    facts = snapshot.facts
    if facts is not None and name in facts.words:
        return np.array([value in texts for texts in facts.words[name]], dtype=bool)
    if facts is not None and name in facts.numbers:
        return np.asarray(facts.numbers[name] == _number(name, value))
    there = sorted([*facts.words, *facts.numbers]) if facts is not None else []
    raise InputError(f"no property {name!r} of items to group by; there are {', '.join([TAG, *there])}")


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{name} holds numbers: expected one after the colon, found {text!r}")
    return number
