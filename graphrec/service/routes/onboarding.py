"""New users: what to ask them, and what they answered."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from graphrec.errors import InputError
from graphrec.service.bodies import json_of
from graphrec.service.change_schemas import AnswersIn, AnswersTaken, Asked, QuestionsQuery
from graphrec.service.routes.changes import IdempotencyKey, accepted, caught_up, new_key
from graphrec.service.routes.current import UserId, request_id_of, service_of, state_of
from graphrec.service.schemas import Problem
from graphrec.serving.state import State

router = APIRouter(prefix="/v1", tags=["new users"])


@router.get("/onboarding", responses={200: {"model": Asked}}, response_model=None)
async def questions(request: Request, query: Annotated[QuestionsQuery, Query()]) -> Response:
    """What to ask a new user: the items and tags whose answers tell most, each beyond those to the questions before."""
    state = state_of(service_of(request))
    found = await run_in_threadpool(state.questions)
    items = zip(found.items.tolist(), found.item_bits.tolist(), strict=True)
    tags = zip(found.tags, found.tag_bits.tolist(), strict=True)
    with state.lock:
        body = {
            "request_id": request_id_of(request),
            "items": [_item(state, item, bits) for item, bits in items if not _is_gone(state, item)][: query.k],
            "tags": [{"tag": tag, "information": bits} for tag, bits in tags][: query.k],
        }
    return json_of(body)


@router.post(
    "/users/{user_id:path}/onboarding",
    status_code=202,
    responses={202: {"model": AnswersTaken}, 404: {"model": Problem}, 409: {"model": Problem}},
    response_model=None,
)
async def answers(
    request: Request, user_id: UserId, body: AnswersIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """Take answers: likes and dislikes as events of these kinds, tags as what the user states. 404 for an item or tag
    that isn't known, and nothing is taken then."""
    service = service_of(request)
    _check(state_of(service), body)
    key = idempotency_key or new_key()
    events = _events(key, user_id, body)
    said = {"change_id": key, "what": "state_tags", "user_id": user_id, "tags": body.tags}
    done = await service.journal.append_async(events, [said] if body.tags else [])
    await caught_up(service)
    return accepted(request, key, done, {"new": done.new, "tags": body.tags})


def _check(state: State, body: AnswersIn) -> None:
    """UnknownIdError for what isn't known, InputError for what makes no sense."""
    if not (body.liked or body.disliked or body.tags):
        raise InputError("expected an answer in liked, disliked or tags, found none")
    both = set(body.liked) & set(body.disliked)
    if both:
        raise InputError(f"expected an item in liked or in disliked, found '{min(both)[:80]}' in both")
    state.catalogue.ids.find([*body.liked, *body.disliked], "item")
    with state.lock:
        for tag in body.tags:
            state.catalogue.has_tag(tag)


def _events(key: str, user_id: str, body: AnswersIn) -> list[dict[str, Any]]:
    """An event for each item, whose id says which answer of which request it is."""
    given = [*((item, "like") for item in body.liked), *((item, "dislike") for item in body.disliked)]
    return [
        {"event_id": _event_id(key, user_id, item, kind), "user_id": user_id, "item_id": item, "kind": kind}
        for item, kind in dict.fromkeys(given)
    ]


def _event_id(*parts: str) -> str:
    return "onboarding-" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _item(state: State, item: int, bits: float) -> dict[str, Any]:
    catalogue = state.catalogue
    title = catalogue.titles[item] if item < len(catalogue.titles) else None
    tags = catalogue.tags_of(item)
    return {"item_id": catalogue.ids.names[item], "title": title, "tags": tags, "information": bits}


def _is_gone(state: State, item: int) -> bool:
    gone = state.catalogue.ids.gone
    return gone is not None and bool(gone[item])
