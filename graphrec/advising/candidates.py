"""Which recommenders are worth trying on data that look so, the quickest first, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from graphrec.advising.looking import Look
from graphrec.recommend.fitted import FITTED

MOST_DENSE_ITEMS = 20_000
"""EASE holds a matrix of all items by all items; beyond so many that is more than 3 GB."""


@dataclass(frozen=True)
class Candidate:
    """A recommender, and why it is tried."""

    name: str
    why: str


def _always(look: Look) -> bool:
    return True


_TABLE: tuple[tuple[str, str, Callable[[Look], bool]], ...] = (
    ("popular", "what every other must beat", _always),
    ("p3alpha", "a walk of three steps, fitted in seconds", _always),
    ("item_graph", "similar items by who likes them, which can be explained", _always),
    ("content", "items have tags, so new ones can be found", lambda look: look.tagged > 0.2),
    (
        "item_neighbours",
        "neighbours by their ratings, which are also predicted",
        lambda look: look.feedback == "ratings",
    ),
    ("ease", "few enough items for an exact linear model", lambda look: look.n_items <= MOST_DENSE_ITEMS),
    ("gfcf", "wide and sparse data, where graph filters lead", lambda look: look.density < 0.02),
    ("chebyshev", "wide and sparse data, where graph filters lead", lambda look: look.density < 0.02),
    ("als", "implicit feedback, by factors", lambda look: look.feedback == "implicit"),
    ("svd", "factors that predict ratings", lambda look: look.feedback == "ratings"),
    ("two_tower", "items have tags, so new ones can be found", lambda look: look.tagged > 0.2),
    ("multvae", "enough is known of each user for a network", lambda look: look.median_items >= 10),
    ("sasrec", "times tell the order of what users did", lambda look: look.timed > 0.9 and look.median_items >= 10),
    ("lightgcn", "embeddings over the graph, for lists and the vector index", _always),
    ("blend", "LightGCN, a filter, a walk and popularity together", _always),
)


def candidates(look: Look) -> list[Candidate]:
    """Those that this graphrec has and that these data speak for."""
    return [Candidate(name, why) for name, why, fits in _TABLE if name in FITTED and fits(look)]
