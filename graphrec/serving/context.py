"""In which contexts items are liked more often than usual: on a device, at a place, at a time of day or of the year,
in a mood.

    lift(i, c) = log (n(i, c) + PRIOR) / (n(i) · p(c) + PRIOR)

n(i, c) counts likes of item i in context c, n(i) those whose context is known, p(c) is the share of c in all of them.
So likes that came are compared with likes to expect, and PRIOR pulls towards 0 what little is known of (gamma–Poisson
shrinkage: DuMouchel, "Bayesian data mining in large frequency tables", The American Statistician 1999). Lifts of
several keys add up. A list is made without context and weighted by it afterwards, which needs no model of its own:
contextual post-filtering (Panniello et al., "Experimental comparison of pre- vs. post-filtering approaches in
context-aware recommender systems", RecSys 2009; Adomavicius and Tuzhilin, "Context-aware recommender systems", 2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphrec.errors import InputError
from graphrec.serving.foldin import Floats, Found, Ints
from graphrec.serving.tallies import CYCLES, FIELDS, Pair, Tallies

PRIOR = 10.0
"""Likes to expect and found that stand for what isn't known yet of an item in a context."""

CONTEXT_WEIGHT = 0.1
"""What `Context.weight` is where nothing else is asked for."""

_SAYS = {
    "hour": "often chosen at this time of day",
    "month": "often chosen at this time of year",
    "device": "often chosen on this device",
    "location": "often chosen at this place",
}


@dataclass(frozen=True)
class Moved:
    """What context adds to an item's score, and the reason to tell: empty unless the item is on the page by it."""

    part: float
    reason: str


@dataclass(frozen=True)
class Context:
    """Where and when a list is asked for, as keys and values. An item moves by `weight` times its lift, a part of the
    distance from the best to the last candidate."""

    pairs: tuple[Pair, ...]
    weight: float


def weighted(found: Found, context: Context, tallies: Tallies, n: int, depth: int) -> tuple[Found, dict[int, Moved]]:
    """The candidates by their new scores, the best first, and what was done to each of the first `depth`.

    `n`: how many a page needs; those that are among so many only now have the context as their reason.
    """
    lift = lifts(tallies, context.pairs, found.items)
    parts = context.weight * (float(found.scores.max() - found.scores.min()) or 1.0) * lift.sum(axis=0)
    there = frozenset(found.items[_order(found.items, found.scores)[:n]].tolist())
    order = _order(found.items, found.scores + parts)
    moved, strongest = {}, lift.argmax(axis=0)
    for place, at in enumerate(order[:depth].tolist()):
        item, part = int(found.items[at]), float(parts[at])
        brought = place < n and part > 0 and item not in there
        moved[item] = Moved(part, says(context.pairs[strongest[at]]) if brought else "")
    return Found(found.items, found.scores + parts, found.because).of(order), moved


def lifts(tallies: Tallies, pairs: Sequence[Pair], items: Ints) -> Floats:
    """Pairs × items. 0 for a value never seen, and for device, place and time where no event ever told one;
    InputError for another key that none told."""
    found = np.zeros((len(pairs), len(items)))
    for n, (key, value) in enumerate(pairs):
        if key in tallies.keys.totals:
            found[n] = _lift(tallies, key, _near(key, value), items)
        elif key not in FIELDS and key not in CYCLES:
            known = sorted(set(tallies.keys.totals) - {*FIELDS, *CYCLES})
            raise InputError(f"no event has told a context {key[:80]!r}; there are {', '.join(known) or 'none yet'}")
    return found


def _lift(tallies: Tallies, key: str, values: Sequence[str], items: Ints) -> Floats:
    pairs = [(key, value) for value in values if (key, value) in tallies.pairs.totals]
    liked = sum((tallies.pairs.of(pair, items) for pair in pairs), start=np.zeros(len(items)))
    share = sum(tallies.pairs.totals[pair] for pair in pairs) / tallies.keys.totals[key]
    expected = tallies.keys.of(key, items) * share
    return np.asarray(np.log((liked + PRIOR) / (expected + PRIOR)))


def says(pair: Pair) -> str:
    """The reason that a context gives."""
    return _SAYS.get(pair[0]) or f"often chosen when {pair[0]} is {pair[1]}"


def _near(key: str, value: str) -> list[str]:
    """A value, and those beside it on the clock or in the year, so that nothing changes at a stroke."""
    if key not in CYCLES:
        return [value]
    _, many, beside = CYCLES[key]
    return [str((int(value) + step) % many) for step in range(-beside, beside + 1)]


def _order(items: Ints, scores: Floats) -> Ints:
    return np.lexsort((items, -np.round(scores, 10)))
