"""What moves candidates up or down beside their scores: rules, then the context that the list is for."""

from __future__ import annotations

import numpy as np

from graphrec.serving.asked import Asked
from graphrec.serving.context import Moved, says
from graphrec.serving.foldin import Found
from graphrec.serving.wish import holds


def moved(asked: Asked, found: Found) -> Found:
    """The candidates of one source, the best first, in the order that rules and context give them."""
    if not len(found.items):
        return found
    if asked.wish.rules:
        found = _by_rules(asked, found)
    return _by_context(asked, found) if asked.wish.context else found


def _by_rules(asked: Asked, found: Found) -> Found:
    scores, distance = found.scores.copy(), _distance(found)
    for rule in asked.wish.rules:
        scores += rule.amount * distance * holds(rule.condition, asked.state.catalogue)[found.items]
    return Found(found.items, scores, found.because).best_first()


def _by_context(asked: Asked, found: Found) -> Found:
    """What is liked more than usual in the context goes up, and that is its reason if it brings it onto the page."""
    wish = asked.wish
    lifts = asked.state.tallies.lifts(wish.context, found.items)
    parts = wish.context_weight * _distance(found) * lifts.sum(axis=0)
    there = frozenset(found.items[: asked.n].tolist())
    order = np.lexsort((found.items, -np.round(found.scores + parts, 10)))
    strongest = lifts.argmax(axis=0)
    for place, n in enumerate(order[: asked.depth].tolist()):
        item, part = int(found.items[n]), float(parts[n])
        brought = place < asked.n and part > 0 and item not in there
        asked.moved[item] = Moved(part, says(wish.context[strongest[n]]) if brought else "")
    return Found(found.items, found.scores + parts, found.because).of(order)


def _distance(found: Found) -> float:
    """From the best to the last candidate."""
    return float(found.scores.max() - found.scores.min()) or 1.0
