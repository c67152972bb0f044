"""From candidates to an answer: gather, filter, score by rules, put in order, cut. Nothing here waits for anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from graphrec.recommend.base import Profile
from graphrec.serving.asked import NOBODY, Asked, asked_about, asked_by, unwanted
from graphrec.serving.context import Moved
from graphrec.serving.explore import explored
from graphrec.serving.foldin import Floats, Found, Ints
from graphrec.serving.ids import Bools
from graphrec.serving.moves import moved
from graphrec.serving.order import reordered
from graphrec.serving.rerank import least_marked, scaled
from graphrec.serving.sources import BY_NAME
from graphrec.serving.state import State
from graphrec.serving.wish import Wish


@dataclass(frozen=True, eq=False)
class Answer:
    """Positions of items, the best first, with scores, what speaks most for each (`Found.because`) and the probability
    that it was shown at its position. `strategy` found the first, `fallbacks` filled what was left; `found_by`: the
    source of each item, empty where all come from `strategy`. `told`: reasons of the first items, where who found them
    gave some. `moved`: what context did to items, None without one."""

    items: Ints
    scores: Floats
    because: Ints
    chances: Floats
    strategy: str
    fallbacks: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    found_by: tuple[str, ...] = ()
    moved: Mapping[int, Moved] | None = None


def rank(state: State, profile: Profile, wish: Wish) -> Answer:
    """The page of a profile's list. InputError and UnknownIdError for what the catalogue doesn't know.

    The same state, profile and wish give the same answer.
    """
    user = state.users.places.get(profile.user_id or "", NOBODY)
    if wish.is_plain and not profile.items and user >= 0 and user not in state.tastes.changes and state.lists_first:
        page = state.page(user, wish.offset, wish.k)
        if page is not None:
            return Answer(page.items, page.scores, page.because, _certain(wish.k), "blend")
    with state.lock:
        asked = asked_by(state, user, profile, wish)
        return _page(asked, _gathered(asked))


@cache
def _certain(n: int) -> Floats:
    """The probabilities of a list that leaves nothing to chance."""
    found = np.ones(n)
    found.flags.writeable = False
    return found


def similar(state: State, item_id: str, wish: Wish) -> Answer:
    """The items most similar to one; those of its tags, then popular ones, where likes tell too little of it."""
    item = np.array(state.catalogue.ids.find([item_id], "item"), dtype=np.int64)
    with state.lock:
        asked = asked_about(state, item, wish, ("similar", "tags", "popular"))
        asked.mask[item] = False
        return _page(asked, _gathered(asked))


def popular(state: State, wish: Wish) -> Answer:
    """The items that most people like."""
    with state.lock:
        asked = asked_about(state, np.zeros(0, np.int64), wish, ("popular",))
        return _page(asked, _gathered(asked))


def _gathered(asked: Asked) -> Found:
    """Candidates for the page; what a user said not to like comes where nothing else is left."""
    averse = unwanted(asked)
    if averse is None:
        return _filled(asked, Found.nothing(), asked.mask, asked.n)
    found = _filled(asked, Found.nothing(), asked.mask & ~averse, asked.n)
    return _filled(asked, found, asked.mask, asked.n)


def _filled(asked: Asked, found: Found, mask: Bools, n: int) -> Found:
    """What the sources find of what may come, each one's below those before, until there are n."""
    mask = mask.copy()
    mask[found.items] = False
    for name in asked.chain:
        if len(found.items) >= n:
            break
        more = moved(asked, _best_of(asked, name, mask)).first(asked.depth)
        mask[more.items] = False
        asked.found_by.append((name, more.items))
        found = _below(found, more)
    return found


def _best_of(asked: Asked, name: str, mask: Bools) -> Found:
    """What a source finds of what may come, the best first: all of it where a rule or context can bring the last up."""
    source, moves = BY_NAME[name], asked.wish.rules or asked.wish.taste or asked.wish.context
    found = source.find(asked)
    found = found.of(mask[found.items])
    return found if source.ordered else found.best_first(None if moves else asked.depth)


def _below(found: Found, more: Found) -> Found:
    """More items after those found, with scores below theirs."""
    if not len(more.items) or not len(found.items):
        return found.and_then(more)
    return found.and_then(Found(more.items, found.scores.min() - 1 + scaled(more.scores) * 0.999, more.because))


def _page(asked: Asked, found: Found) -> Answer:
    wish = asked.wish
    pool = _with_enough(asked, found.first(asked.depth))
    order = reordered(asked, pool)
    places, chances = explored(len(order), asked.n, wish.explore, wish.seed) if wish.explore else (None, None)
    order = order[: asked.n] if places is None else order[places]
    page = slice(wish.offset, asked.n)
    shown = pool.of(order[page])
    odds = np.ones(len(order)) if chances is None else chances
    names = asked.names or asked.chain[:1]
    found_by, because = _sourced(asked, shown)
    parts = shown.items, shown.scores, because, odds[page]
    moves = asked.moved if wish.context else None
    return Answer(*parts, names[0], names[1:], found_by=found_by, moved=moves)


def _with_enough(asked: Asked, pool: Found) -> Found:
    """The pool, with so many new and rare items below it as their shares need, wherever there are as many."""
    shares = (asked.wish.new, asked.state.arrivals.is_new), (asked.wish.rare, asked.state.catalogue.is_rare)
    for share, marked in shares:
        missing = least_marked(asked.n, share) - int(marked(pool.items).sum()) if share else 0
        if missing > 0:
            mask = asked.mask & marked(np.arange(len(asked.mask)))
            pool = _filled(asked, pool, mask, len(pool.items) + missing)
    return pool


def _sourced(asked: Asked, shown: Found) -> tuple[tuple[str, ...], Ints]:
    """The source of each item that is shown, and what speaks most for it."""
    sources, because = np.full(len(shown.items), "", dtype=object), shown.because.copy()
    for name, items in asked.found_by:
        # All pairs of a page and a pool: `np.isin` sorts, and takes ten times as long.
        is_here = (shown.items[:, None] == items).any(axis=1) if len(asked.found_by) > 1 else shown.items >= 0
        here = np.flatnonzero(is_here)
        sources[here] = name
        speaks = BY_NAME[name].speaks
        if speaks is not None and len(here):
            because[here] = speaks(asked, shown.items[here])
    return tuple(sources.tolist()), because
