"""Lists: for a user, for a visitor, similar items, popular ones, people, and why."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from graphrec.recommend.base import Profile
from graphrec.service.bodies import body_of, json_of, model_of, wish_of
from graphrec.service.drafted import answered
from graphrec.service.query import document, list_query, list_wish, path_id
from graphrec.service.routes.current import ItemId, UserId, request_id_of, service_of, state_of
from graphrec.service.routes.live import asked, ranked_by, similar_by
from graphrec.service.schemas import Explained, Listed, ListQuery, People, PeopleQuery, VisitorQuery
from graphrec.service.stages import stage
from graphrec.service.trials import Trial
from graphrec.serving.ranking import Answer, popular, rank, similar
from graphrec.serving.state import State
from graphrec.serving.why import why
from graphrec.serving.wish import Wish

router = APIRouter(prefix="/v1", tags=["lists"])
PEOPLE_S = 2.0
"""How long people may wait for Neo4j; the budget where that is more."""
_LISTED: dict[int | str, dict[str, Any]] = {200: {"model": Listed}}


@router.get(
    "/users/{user_id:path}/recommendations",
    responses=_LISTED,
    response_model=None,
    openapi_extra=document(user_id="The user's id."),
)
async def recommendations(request: Request) -> Response:
    """Items for a user. Of whom nothing is known, or who has opted out, gets what trends; `strategy` says so."""
    user_id = path_id(request, "user_id", service_of(request).entry.user)
    query, state = list_query(request), state_of(service_of(request))
    return await _ranked(request, state, Profile(user_id), query, list_wish(request, state.pipeline))


@router.post("/recommendations", responses=_LISTED, response_model=None)
async def visitor(request: Request, query: VisitorQuery) -> Response:
    """Items for a visitor without an account, by the items given."""
    state = state_of(service_of(request))
    return await _ranked(request, state, Profile(None, query.items), query, wish_of(query, state.pipeline))


@router.get(
    "/items/{item_id:path}/similar",
    responses=_LISTED,
    response_model=None,
    openapi_extra=document(item_id="The item's id."),
)
async def similar_items(request: Request) -> Response:
    """Items that the people who like an item like as well, or those that a recommender in `with` finds nearest."""
    item_id, query = path_id(request, "item_id"), list_query(request)
    service, state = service_of(request), state_of(service_of(request))
    wish = list_wish(request, state.pipeline)
    if query.with_:
        answer = await similar_by(service, state, query.with_, item_id, wish)
    else:
        with stage(service, "rank"):
            answer = similar(state, item_id, wish)
    return _told(request, state, answer, wish, query)


@router.get("/popular", responses=_LISTED, response_model=None, openapi_extra=document())
async def popular_items(request: Request) -> Response:
    """The items that most people like."""
    query = list_query(request)
    state = state_of(service_of(request))
    wish = list_wish(request, state.pipeline)
    with stage(service_of(request), "rank"):
        answer = popular(state, wish)
    return _told(request, state, answer, wish, query)


@router.get("/users/{user_id:path}/people", responses={200: {"model": People}}, response_model=None)
async def people(request: Request, user_id: UserId, query: Annotated[PeopleQuery, Query()]) -> Response:
    """People to follow: those whom the people that a user follows follow."""
    service = service_of(request)
    graph, seconds = service.keeper.graph, max(PEOPLE_S, service.settings.budget_s)

    def work() -> list[dict[str, Any]]:
        return graph.within(seconds).read("people/friends_of_friends", user_ids=[user_id], k=query.k)

    removed = state_of(service).users.removed()
    rows = [] if user_id in removed else await asked(service, work, seconds)
    there = [row for row in rows if row["friend_id"] not in removed]
    found = [
        {"rank": rank, "user_id": row["friend_id"], "friends_in_common": row["score"]}
        for rank, row in enumerate(there, start=1)
    ]
    return json_of({"request_id": request_id_of(request), "user_id": user_id, "people": found})


@router.get(
    "/users/{user_id:path}/recommendations/{item_id:path}/explanation",
    responses={200: {"model": Explained}},
    response_model=None,
)
async def explanation(request: Request, user_id: UserId, item_id: ItemId) -> Response:
    """The parts of an item's score for a user, as the user's likes are now, and the ways that lead there."""
    service = service_of(request)
    state = state_of(service)
    found = why(state, user_id, item_id)
    body = {
        "request_id": request_id_of(request),
        "user_id": user_id,
        "item_id": item_id,
        "title": state.catalogue.title(state.catalogue.ids.places[item_id]),
        "score": found.score if found.parts else None,
        "seen": found.seen,
        "parts": found.parts,
        "reasons": [{"text": r.text, "part": r.part, "path": r.path} for r in found.reasons],
        "model": model_of(state),
        "degraded": service.keeper.trouble is not None,
    }
    return json_of(body)


async def _ranked(request: Request, state: State, profile: Profile, query: ListQuery, wish: Wish) -> Response:
    service = service_of(request)
    takes_part = service.trials.experiments and not query.with_ and profile.user_id not in state.withheld
    trial = service.trials.find(profile.user_id, explores=wish.explore > 0) if takes_part else None
    if trial is not None:
        answer, trial = await answered(service, state, trial, profile, wish)
    elif query.with_:
        here = replace(profile, context=dict(wish.context.pairs)) if wish.context else profile
        answer = await ranked_by(service, state, query.with_, here, wish, explains=_explains(state, query))
    elif wish.is_plain:
        answer = rank(state, profile, wish)
    else:
        with stage(service, "rank"):
            answer = rank(state, profile, wish)
    return _told(request, state, answer, wish, query, user_id=profile.user_id, trial=trial)


def _explains(state: State, query: ListQuery) -> bool:
    return state.pipeline.explain.parts if query.explain is None else query.explain


def _told(
    request: Request,
    state: State,
    answer: Answer,
    wish: Wish,
    query: ListQuery,
    *,
    user_id: str | None = None,
    trial: Trial | None = None,
) -> Response:
    """An answer as it is told. `state` is the one that it was made from: positions of another one mean other items."""
    service, request_id = service_of(request), request_id_of(request)
    request.scope["state"]["strategy"] = answer.strategy if "," not in answer.strategy else "chain"
    if trial is not None or (wish.explore and user_id and user_id not in state.withheld):
        service.trials.show(trial, state, answer, request_id=request_id, user_id=user_id, offset=wish.offset)
    with nullcontext() if wish.is_plain else stage(service, "body"):
        return body_of(
            state,
            answer,
            wish,
            request_id=request_id,
            user_id=user_id,
            degraded=service.keeper.trouble is not None,
            explain=_explains(state, query),
            trial=trial,
        )
