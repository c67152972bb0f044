"""Lists by queries over the graph (`with=`) within a request's budget; from memory where that is too slow or away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from starlette.concurrency import run_in_threadpool

from graphrec.errors import GraphError, InputError, ModelError
from graphrec.recommend.base import Candidates, Profile
from graphrec.recommend.chain import ChainRecommender
from graphrec.recommend.registry import get
from graphrec.service.stages import stage
from graphrec.serving.lists import NO_ITEM
from graphrec.serving.ranking import Answer, rank
from graphrec.serving.state import State
from graphrec.serving.wish import Wish, allowed

if TYPE_CHECKING:
    from graphrec.service.app import Service

MOST_NAMES = 4
Result = TypeVar("Result")
Row = tuple[str, float, str]
"""Item, score and reason."""


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
    wanted = names.split(",")
    if len(wanted) > MOST_NAMES:
        raise InputError(f"expected at most {MOST_NAMES} recommenders, found {len(wanted)}")
    if profile.user_id in state.withheld:
        return rank(state, profile, wish)
    with state.lock:
        mask = allowed(wish, state.catalogue)
    ids = state.catalogue.ids.names
    only = None if mask is None else frozenset(ids[item] for item in np.flatnonzero(mask).tolist())
    candidates = Candidates(allowed=only, seen=wish.seen)

    def work() -> list[Row]:
        graph = service.keeper.graph.within(service.settings.budget_s)
        asked_for = [get(name, graph, with_reasons=explains) for name in wanted]
        one = asked_for[0] if len(asked_for) == 1 else ChainRecommender(asked_for)
        rows = one.recommend([profile], wish.offset + wish.k, candidates)
        return list(zip(rows["item_id"].tolist(), rows["score"].tolist(), rows["reason"].tolist(), strict=True))

    try:
        found = await asked(service, work, service.settings.budget_s)
    except (GraphError, ModelError):
        answer = rank(state, profile, wish)
        return replace(answer, fallbacks=(*answer.fallbacks, f"{answer.strategy} instead of {names}"))
    return _joined(state, profile, wish, (names, found))


def _joined(state: State, profile: Profile, wish: Wish, live: tuple[str, list[Row]]) -> Answer:
    places = state.catalogue.ids.places
    names, rows = live[0], [row for row in live[1] if row[0] in places]  # one that came this moment has no place yet
    items = np.array([places[item_id] for item_id, _, _ in rows], dtype=np.int64)
    scores = np.array([score for _, score, _ in rows], dtype=np.float64)
    n = wish.offset + wish.k
    fallbacks: tuple[str, ...] = ()
    found_by = (names,) * len(items)
    because = np.full(len(items), NO_ITEM, dtype=np.int64)
    if len(items) < n:
        rest = rank(state, profile, replace(wish, k=n + len(items), offset=0))
        more = np.flatnonzero(~np.isin(rest.items, items))[: n - len(items)]
        items, because = np.concatenate([items, rest.items[more]]), np.concatenate([because, rest.because[more]])
        scores = np.concatenate([scores, scores.min(initial=0.0) - 1e-6 * (1 + np.arange(len(more)))])
        found_by += tuple(rest.found_by[place] if rest.found_by else rest.strategy for place in more.tolist())
        fallbacks = tuple(dict.fromkeys(found_by[-len(more) :])) if len(more) else ()
    page = slice(wish.offset, n)
    told = tuple(reason for _, _, reason in rows[page])
    chances = np.ones(len(items[page]))
    return Answer(items[page], scores[page], because[page], chances, names, fallbacks, told, found_by[page])
