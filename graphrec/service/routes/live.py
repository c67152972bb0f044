"""Lists by queries over the graph or by trained models (`with=`) within a request's budget; from memory where that is
too slow or away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool

from graphrec.errors import GraphError, InputError, ModelError
from graphrec.recommend.asking import GraphRecommender
from graphrec.recommend.base import Candidates, Profile
from graphrec.recommend.chain import ChainRecommender
from graphrec.recommend.registry import get
from graphrec.service.stages import stage
from graphrec.serving.lists import NO_ITEM
from graphrec.serving.ranking import Answer, rank, similar
from graphrec.serving.state import State
from graphrec.serving.wish import Wish, allowed

if TYPE_CHECKING:
    from graphrec.service.app import Service

MOST_NAMES = 4
MOST_NEAR = 1_000
"""How many of the nearest items are looked through for those that pass the filters."""
Result = TypeVar("Result")
Row = tuple[str, float, str]
"""Item, score and reason."""
Memory = Callable[[Wish], Answer]
"""What answers the same question from memory."""


async def asked(service: Service, work: Callable[[], Result], seconds: float) -> Result:
    """What some work with the graph gives. GraphError at once while Neo4j is away, and when it takes too long: the
    driver alone would try for half a minute."""
    if service.keeper.trouble is not None:
        raise GraphError(service.keeper.trouble)
    if service.keeper.owes():
        raise GraphError("Neo4j doesn't know yet that somebody has opted out or in; ask again")
    try:
        with stage(service, "graph"):
            return await asyncio.wait_for(run_in_threadpool(work), seconds)
    except TimeoutError:
        raise GraphError(f"Neo4j didn't answer within {seconds:g} seconds; ask again") from None


async def ranked_by(
    service: Service, state: State, names: str, profile: Profile, wish: Wish, *, explains: bool = False
) -> Answer:
    """The list of a chain of recommenders, filled up from memory.

    Where Neo4j takes longer than the budget or is away, or a model was never trained, all of it is from memory, and the
    fallbacks say so. `explains`: reasons name what was liked, which takes as long again; else they only count people.
    """
    wanted = _split(names)
    if profile.user_id in state.withheld:
        return rank(state, profile, wish)
    with state.lock:
        mask = allowed(wish, state.catalogue)
    ids = state.catalogue.ids.names
    only = None if mask is None else frozenset(ids[item] for item in np.flatnonzero(mask).tolist())
    candidates = Candidates(allowed=only, seen=wish.seen)

    def work() -> list[Row]:
        asked_for = _recommenders(service, wanted, with_reasons=explains)
        one = asked_for[0] if len(asked_for) == 1 else ChainRecommender(asked_for)
        return _rows(one.recommend([profile], wish.offset + wish.k, candidates), "item_id")

    return await _filled_up(service, state, names, wish, work, memory=lambda more: rank(state, profile, more))


async def similar_by(service: Service, state: State, names: str, item_id: str, wish: Wish) -> Answer:
    """The items that a chain of recommenders finds nearest to one, filled up as `ranked_by` does.

    InputError for one that finds none. Under filters, those of the nearest MOST_NEAR that pass.
    """
    wanted = _split(names)
    state.catalogue.ids.find([item_id], "item")
    with state.lock:
        mask = allowed(wish, state.catalogue)
    k = wish.offset + wish.k

    def work() -> list[Row]:
        asked_for = _recommenders(service, wanted, with_reasons=True)
        if deaf := [one.name for one in asked_for if not one.finds_similar]:
            raise InputError(f"{', '.join(deaf)} can't say which items are alike; ask another in `with`")
        one = asked_for[0] if len(asked_for) == 1 else ChainRecommender(asked_for)
        rows = _rows(one.similar_items([item_id], k if mask is None else MOST_NEAR), "similar_id")
        return [row for row in rows if mask is None or _passes(state, row[0], mask)][:k]

    return await _filled_up(service, state, names, wish, work, memory=lambda more: similar(state, item_id, more))


def _split(names: str) -> list[str]:
    wanted = names.split(",")
    if len(wanted) > MOST_NAMES:
        raise InputError(f"expected at most {MOST_NAMES} recommenders, found {len(wanted)}")
    return wanted


def _recommenders(service: Service, wanted: list[str], *, with_reasons: bool) -> list[GraphRecommender]:
    graph = service.keeper.graph.within(service.settings.budget_s)
    return [get(name, graph, with_reasons=with_reasons) for name in wanted]


def _rows(table: pd.DataFrame, item: str) -> list[Row]:
    columns = (table[name].tolist() for name in (item, "score", "reason"))
    return list(zip(*columns, strict=True))


def _passes(state: State, item_id: str, mask: NDArray[np.bool_]) -> bool:
    place = state.catalogue.ids.places.get(item_id, len(mask))
    return place < len(mask) and bool(mask[place])


async def _filled_up(
    service: Service, state: State, names: str, wish: Wish, work: Callable[[], list[Row]], *, memory: Memory
) -> Answer:
    """What the work finds, and below it what memory does; memory alone where the work can't be done in time."""
    try:
        found = await asked(service, work, service.settings.budget_s)
    except (GraphError, ModelError):
        answer = memory(wish)
        return replace(answer, fallbacks=(*answer.fallbacks, f"{answer.strategy} instead of {names}"))
    return _joined(state, wish, (names, found), memory)


def _joined(state: State, wish: Wish, live: tuple[str, list[Row]], memory: Memory) -> Answer:
    places = state.catalogue.ids.places
    names, rows = live[0], [row for row in live[1] if row[0] in places]  # one that came this moment has no place yet
    items = np.array([places[item_id] for item_id, _, _ in rows], dtype=np.int64)
    scores = np.array([score for _, score, _ in rows], dtype=np.float64)
    n = wish.offset + wish.k
    fallbacks: tuple[str, ...] = ()
    found_by = (names,) * len(items)
    because = np.full(len(items), NO_ITEM, dtype=np.int64)
    if len(items) < n:
        rest = memory(replace(wish, k=n + len(items), offset=0))
        more = np.flatnonzero(~np.isin(rest.items, items))[: n - len(items)]
        items, because = np.concatenate([items, rest.items[more]]), np.concatenate([because, rest.because[more]])
        scores = np.concatenate([scores, scores.min(initial=0.0) - 1e-6 * (1 + np.arange(len(more)))])
        found_by += tuple(rest.found_by[place] if rest.found_by else rest.strategy for place in more.tolist())
        fallbacks = tuple(dict.fromkeys(found_by[-len(more) :])) if len(more) else ()
    page = slice(wish.offset, n)
    told = tuple(reason for _, _, reason in rows[page])
    chances = np.ones(len(items[page]))
    return Answer(items[page], scores[page], because[page], chances, names, fallbacks, told, found_by[page])
