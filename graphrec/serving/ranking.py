"""From candidates to an answer: gather, filter, score by rules, put in order, cut. Nothing here waits for anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from graphrec.recommend.base import Profile
from graphrec.serving.catalogue import Bools
from graphrec.serving.context import Moved, weighted
from graphrec.serving.explore import explored
from graphrec.serving.foldin import Floats, Found, Ints
from graphrec.serving.lists import NO_ITEM
from graphrec.serving.rerank import calibrated, diversified, scaled, with_share
from graphrec.serving.state import State
from graphrec.serving.wish import Wish, allowed, holds

POOL = 100
"""Candidates that are put in another order, at least; four times as many as are asked for where that is more."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Positions of items, the best first, with scores, the liked item behind each (NO_ITEM: none) and the probability
    that it was shown at its position. `strategy` found most of it, `fallbacks` filled what was left. `told`: reasons of
    the first items, where who found them gave some. `moved`: what context did to items, None without one."""

    items: Ints
    scores: Floats
    because: Ints
    chances: Floats
    strategy: str
    fallbacks: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    moved: Mapping[int, Moved] | None = None


@dataclass(eq=False)
class _Asked:
    """Who asks for what: the user's position (−1: nobody known), all likes, and the items that must not come."""

    state: State
    user: int
    liked: Ints
    weights: Floats
    own: Ints
    wish: Wish
    mask: Bools | None = None
    fallbacks: list[str] = field(default_factory=list)
    moved: dict[int, Moved] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """How many items the list must have to hold the page."""
        return self.wish.offset + self.wish.k


def rank(state: State, profile: Profile, wish: Wish) -> Answer:
    """The page of a profile's list. InputError and UnknownIdError for what the catalogue doesn't know.

    The same state, profile and wish give the same answer.
    """
    user = state.users.places.get(profile.user_id or "", -1)
    if wish.is_plain and not profile.items and user >= 0 and user not in state.tastes.changes:
        page = state.page(user, wish.offset, wish.k)
        if page is not None:
            return Answer(page.items, page.scores, page.because, np.ones(wish.k), "blend")
    with state.lock:
        asked = _asked(state, user, profile, wish)
        strategy, found = _gather(asked)
        found = _filled(asked, _ruled(asked, _best_first(_kept(asked, found))))
        return _page(asked, strategy, found)


def _asked(state: State, user: int, profile: Profile, wish: Wish) -> _Asked:
    places = state.catalogue.ids.find(profile.items, "item")
    liked, weights = state.tastes.items_of(user)
    if places:
        merged = dict(zip(liked.tolist(), weights.tolist(), strict=True))
        merged |= dict(zip(places, profile.items.values(), strict=True))
        liked = np.array([item for item, weight in merged.items() if weight > 0], dtype=np.int64)
        weights = np.array([weight for weight in merged.values() if weight > 0], dtype=np.float64)
    asked = _Asked(state, user, liked, weights, np.array(places, dtype=np.int64), wish)
    asked.mask = _mask(asked)
    return asked


def _mask(asked: _Asked) -> Bools:
    """Which items may come."""
    mask = allowed(asked.wish, asked.state.catalogue)
    mask = np.ones(asked.state.catalogue.n_items, dtype=bool) if mask is None else mask
    if not asked.wish.seen:
        mask[asked.state.tastes.seen_by(asked.user)] = False
        mask[asked.own] = False
    return mask


def _gather(asked: _Asked) -> tuple[str, Found]:
    """The candidates, and the strategy that found them."""
    state, blended = asked.state, asked.state.blended
    listed = state.listed(asked.user) if asked.user >= 0 and not len(asked.own) else Found.nothing()
    if not len(listed.items):
        found = blended.scores(asked.user, asked.liked, asked.weights)
        return ("fold_in" if len(found.items) else "popular"), found
    change = state.tastes.changes.get(asked.user)
    if change and change.liked:
        new = np.fromiter(change.liked, dtype=np.int64)
        step = blended.graph(new, np.fromiter(change.liked.values(), dtype=np.float64))
        if len(step.items):
            if not change.rms:
                change.rms = blended.rms(blended.graph(asked.liked, asked.weights))
            listed = blended.raised(listed, step, change.rms)
    if asked.wish.seen:
        again = blended.scores(asked.user, asked.liked, asked.weights)
        listed = _joined(listed, again.of(np.isin(again.items, state.tastes.seen_by(asked.user))))
    return "blend", listed


def _kept(asked: _Asked, found: Found) -> Found:
    assert asked.mask is not None
    return found.of(asked.mask[found.items])


def _best_first(found: Found) -> Found:
    return found.of(np.lexsort((found.items, -np.round(found.scores, 10))))


def _filled(asked: _Asked, found: Found) -> Found:
    """Where filters left too few: what the similar items lead to, then the popular ones, then all others."""
    if len(found.items) < asked.n and len(asked.state.lists.items) > asked.user >= 0:
        more = _kept(asked, asked.state.blended.scores(asked.user, asked.liked, asked.weights))
        more = _ruled(asked, _best_first(more.of(~np.isin(more.items, found.items))))
        found = _below(asked, found, more, "fold_in")
    if len(found.items) < asked.n:
        popular = _popular(asked, found.items)
        found = _below(asked, found, popular, "popular")
    return found


def _popular(asked: _Asked, there: Ints) -> Found:
    """The items that may come and aren't there, the most liked first, as many as a page can need."""
    assert asked.mask is not None
    catalogue = asked.state.catalogue
    mask = asked.mask.copy()
    mask[there] = False
    later = np.arange(len(catalogue.by_popularity), catalogue.n_items)
    order = np.concatenate([catalogue.by_popularity.astype(np.int64), later])
    order = order[mask[order]]
    scores = np.zeros(catalogue.n_items)
    scores[: len(catalogue.n_likers)] = catalogue.n_likers
    found = _ruled(asked, Found(order, scores[order], np.full(len(order), NO_ITEM)))
    return found.of(np.arange(min(len(order), asked.n + POOL)))


def _below(asked: _Asked, found: Found, more: Found, name: str) -> Found:
    """More items after those found, with scores below theirs."""
    if not len(more.items):
        return found
    if len(found.items):
        asked.fallbacks.append(name)
        least = found.scores.min()
        more = Found(more.items, least - 1 + scaled(more.scores) * 0.999, more.because)
    return _joined(found, more)


def _joined(one: Found, other: Found) -> Found:
    return Found(
        np.concatenate([one.items, other.items]),
        np.concatenate([one.scores, other.scores]),
        np.concatenate([one.because, other.because]),
    )


def _ruled(asked: _Asked, found: Found) -> Found:
    """Moved by rules, then by context."""
    if asked.wish.rules and len(found.items):
        scores = found.scores.copy()
        distance = float(scores.max() - scores.min()) or 1.0
        for rule in asked.wish.rules:
            scores += rule.amount * distance * holds(rule.condition, asked.state.catalogue)[found.items]
        found = _best_first(Found(found.items, scores, found.because))
    if asked.wish.context and len(found.items):
        found, moved = weighted(found, asked.wish.context, asked.state.tallies, asked.n, max(4 * asked.n, POOL))
        asked.moved |= moved
    return found


def _page(asked: _Asked, strategy: str, found: Found) -> Answer:
    wish = asked.wish
    pool = found.of(np.arange(min(len(found.items), max(4 * asked.n, POOL))))
    order = _reordered(asked, pool)
    places, chances = explored(len(order), asked.n, wish.explore, wish.seed) if wish.explore else (None, None)
    order = order[: asked.n] if places is None else order[places]
    page = slice(wish.offset, asked.n)
    shown = pool.of(order[page])
    odds = np.ones(len(order)) if chances is None else chances
    parts = shown.items, shown.scores, shown.because, odds[page]
    return Answer(*parts, strategy, tuple(asked.fallbacks), moved=asked.moved if wish.context else None)


def _reordered(asked: _Asked, pool: Found) -> Ints:
    """Places in the pool, in the order in which they are shown."""
    wish, catalogue = asked.wish, asked.state.catalogue
    order = np.arange(len(pool.items))
    if wish.diversity:
        first = diversified(pool.scores, _features(asked, pool.items), 2 * asked.n, wish.diversity)
        order = np.concatenate([first, order[~np.isin(order, first)]])
    if wish.calibration and catalogue.tags.nnz:
        falling = -np.arange(len(order), dtype=np.float64) if wish.diversity else pool.scores
        tags = _shares(catalogue.tag_rows(pool.items[order]))
        chosen = calibrated(falling, tags, _wanted(asked), 2 * asked.n, wish.calibration)
        order = np.concatenate([order[chosen], np.delete(order, chosen)])
    if wish.rare:
        first = with_share(order, catalogue.is_rare(pool.items), asked.n, wish.rare)
        order = np.concatenate([first, order[~np.isin(order, first)]])
    return order


def _features(asked: _Asked, items: Ints) -> NDArray[np.float64]:
    """What two candidates are compared by: their tags, or their vectors where there are no tags."""
    catalogue, vectors = asked.state.catalogue, asked.state.blended.embeddings.item_vectors
    if catalogue.tags.nnz:
        found = catalogue.tag_rows(items)
    else:
        found = np.zeros((len(items), vectors.shape[1]))
        found[items < len(vectors)] = vectors[items[items < len(vectors)]]
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.where(length > 0, length, 1), dtype=np.float64)


def _wanted(asked: _Asked) -> Floats:
    """The share of each tag in what the user likes."""
    tags = _shares(asked.state.catalogue.tag_rows(asked.liked))
    total = asked.weights @ tags if len(asked.liked) else np.zeros(tags.shape[1])
    return np.asarray(total / (total.sum() or 1.0))


def _shares(tags: Floats) -> Floats:
    total = tags.sum(axis=1, keepdims=True)
    return np.asarray(tags / np.where(total > 0, total, 1))


def similar(state: State, item_id: str, wish: Wish) -> Answer:
    """The items most similar to one; popular ones where nothing is known of it yet."""
    item = state.catalogue.ids.find([item_id], "item")
    lone = np.array(item, dtype=np.int64)
    asked = _Asked(state, -1, lone, np.ones(1), lone, wish)
    with state.lock:
        asked.mask = _mask(asked)
        found = _best_first(_kept(asked, state.blended.graph(lone, np.ones(1))))
        strategy = "similar" if len(found.items) else "popular"
        return _page(asked, strategy, _filled(asked, _ruled(asked, found)))


def popular(state: State, wish: Wish) -> Answer:
    """The items that most people like."""
    asked = _Asked(state, -1, np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64), wish)
    with state.lock:
        asked.mask = _mask(asked)
        return _page(asked, "popular", _popular(asked, asked.own))
