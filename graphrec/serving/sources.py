"""Where candidates come from, by the names that a pipeline gives: each source finds items for who asks, with scores.

A source knows nothing of filters and of the other sources; `ranking` keeps what may come and asks the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from graphrec.serving.asked import Asked
from graphrec.serving.foldin import Floats, Found, Ints
from graphrec.serving.lists import NO_ITEM

MOST_FOLLOWED = 500
"""Of how many followed people the likes are read, the first in the order of the graph: microseconds each."""

BETA = 0.1
"""How much popular items are held back among those that followed people like, as people/liked_by_friends has it."""

KNOWN = 0.5
"""What being liked by most people adds to an item that fits the stated tastes wholly (1)."""


@dataclass(frozen=True)
class Source:
    """`find`: all items of the source, in any order unless `ordered`: then the best first. `speaks`: for some of them
    what speaks most for each, where `find` leaves `because` open: worked out for the items that are shown alone."""

    find: Callable[[Asked], Found]
    speaks: Callable[[Asked, Ints], Ints] | None = None
    ordered: bool = False


def blend(asked: Asked) -> Found:
    """The prepared list, with what came since; the best first."""
    state = asked.state
    if not asked.wish.seen and not len(asked.own) and asked.user in state.tastes.changes:
        return state.raised.of(asked.user, lambda: _raised(asked))
    found = _raised(asked)
    if not asked.wish.seen or not len(found.items):
        return found
    again = state.blended.scores(asked.user, asked.liked, asked.weights, asked.new)
    return found.and_then(again.of(np.isin(again.items, state.tastes.seen_by(asked.user)))).best_first()


def _raised(asked: Asked) -> Found:
    """The prepared list, in the order that likes since then give it."""
    state = asked.state
    listed = state.listed(asked.user)
    change = state.tastes.changes.get(asked.user)
    if not len(listed.items) or not change or not change.liked:
        return listed
    listed = state.blended.drawn_on(listed, asked.user, (asked.liked, asked.weights), asked.new)
    step = state.blended.graph(*state.tastes.new_likes(asked.user))
    if len(step.items):
        rms = state.blended.rms(state.blended.graph(asked.liked, asked.weights))
        listed = state.blended.raised(listed, step, rms)
    return listed.best_first()


def fold_in(asked: Asked) -> Found:
    """What similar items lead to, scored by all parts of the blend."""
    return asked.state.blended.scores(asked.user, asked.liked, asked.weights, asked.new)


def similar(asked: Asked) -> Found:
    """What similar items alone lead to: a step of the walk over the items that the version stores."""
    return asked.state.blended.graph(asked.liked, asked.weights)


def stated(asked: Asked) -> Found:
    """Items with the tags that a user said to like; of those that fit as well, what more people like."""
    tastes = asked.state.stated.get(asked.user)
    if not tastes:
        return Found.nothing()
    fit, catalogue = asked.state.tag_space.fitting(tastes), asked.state.catalogue
    likers = catalogue.n_likers
    scores = fit.copy()
    scores[: len(likers)] += KNOWN * np.log1p(likers) / np.log1p(max(likers.max(initial=1), 1))
    return _open(np.flatnonzero(fit > 0), scores)


def tags(asked: Asked) -> Found:
    """Items with the tags of what is liked, whether anybody likes them or not, as the query tags/recommend; where the
    graph's features tell what the user thinks of tags, half by that."""
    if not len(asked.liked):
        return Found.nothing()
    scores = asked.state.tag_space.alike(asked.liked, asked.weights, asked.preferred)
    return _open(np.flatnonzero(scores > 0), scores)


def follows(asked: Asked) -> Found:
    """What the people whom a user follows like, as the query people/liked_by_friends."""
    friends = _followed(asked)
    if not friends:
        return Found.nothing()
    scores = np.zeros(asked.state.catalogue.n_items)
    for friend in friends:
        items, weights = asked.state.tastes.items_of(friend)
        scores[items] += weights
    items = np.flatnonzero(scores > 0)
    n_likers = asked.state.catalogue.n_likers
    scores[: len(n_likers)] /= np.maximum(n_likers, 1) ** BETA
    return _open(items, scores)


def trending(asked: Asked) -> Found:
    """What many people took up lately, the most first; nothing where the data have no times."""
    items, counts = asked.state.trends.best()
    return Found(items, counts, np.full(len(items), NO_ITEM))


def popular(asked: Asked) -> Found:
    """All items, the most liked first, and last those that came later."""
    catalogue = asked.state.catalogue
    later = np.arange(len(catalogue.by_popularity), catalogue.n_items)
    items = np.concatenate([catalogue.by_popularity.astype(np.int64), later])
    scores = np.zeros(catalogue.n_items)
    scores[: len(catalogue.n_likers)] = catalogue.n_likers
    return _open(items, scores)


def _stated_tag(asked: Asked, items: Ints) -> Ints:
    """The tag that a user said to like and that weighs most in each item."""
    return asked.state.tag_space.strongest_stated(asked.state.stated.get(asked.user, {}), items)


def _liked_tag(asked: Asked, items: Ints) -> Ints:
    """The tag that brings each item nearest to what is liked."""
    return asked.state.tag_space.strongest_shared(asked.liked, asked.weights, items, asked.preferred)


def _n_followed(asked: Asked, items: Ints) -> Ints:
    """How many of the people that a user follows like each item."""
    likes = [np.isin(items, asked.state.tastes.items_of(friend)[0]) for friend in _followed(asked)]
    return np.asarray(np.sum(likes, axis=0), dtype=np.int64)


def _followed(asked: Asked) -> list[int]:
    return [one for one in asked.state.followed.get(asked.user, ())[:MOST_FOLLOWED] if one != asked.user]


def _open(items: Ints, scores: Floats) -> Found:
    """Some items by the scores of all, with nothing yet that speaks for them."""
    return Found(items, scores[items], np.full(len(items), NO_ITEM))


BY_NAME: Mapping[str, Source] = {
    "blend": Source(blend, ordered=True),
    "fold_in": Source(fold_in),
    "similar": Source(similar),
    "stated": Source(stated, _stated_tag),
    "tags": Source(tags, _liked_tag),
    "follows": Source(follows, _n_followed),
    "trending": Source(trending, ordered=True),
    "popular": Source(popular, ordered=True),
}
