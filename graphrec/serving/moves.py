"""What moves candidates up or down beside their scores: rules and tags, then the context that the list is for."""

from __future__ import annotations

from graphrec.serving.asked import Asked
from graphrec.serving.context import weighted
from graphrec.serving.foldin import Found
from graphrec.serving.wish import strength


def moved(asked: Asked, found: Found) -> Found:
    """The candidates of one source, the best first, in the order that rules and context give them."""
    if not len(found.items):
        return found
    if asked.wish.rules or asked.wish.taste:
        found = _by_rules(asked, found)
    if asked.wish.context is not None and not asked.state.miscounts:
        found, moves = weighted(found, asked.wish.context, asked.state.tallies, asked.n, asked.depth)
        asked.moved |= moves
    return found


def _by_rules(asked: Asked, found: Found) -> Found:
    scores = found.scores.copy()
    distance = float(scores.max() - scores.min()) or 1.0
    for rule in asked.wish.rules:
        scores += rule.amount * distance * strength(rule.condition, asked.state.catalogue)[found.items]
    if asked.wish.taste:
        alike = asked.state.tag_space.alike(asked.liked, asked.weights, asked.preferred)
        scores += asked.wish.taste * distance * alike[found.items]
    return Found(found.items, scores, found.because).best_first()
