"""Items and users put and deleted: through the journal as events are, so in their order and never lost."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from graphrec.errors import BehindError
from graphrec.ingest.changes import checked_change
from graphrec.journal import Appended
from graphrec.service.bodies import json_of
from graphrec.service.change_schemas import MOST_KEY, ChangeTaken, ItemIn, UserIn
from graphrec.service.routes.current import ItemId, UserId, request_id_of, service_of
from graphrec.service.schemas import Problem

if TYPE_CHECKING:
    from graphrec.service.app import Service

OTHERS = ("recommendations", "explanation", "similar", "people", "onboarding")
"""How paths end that aren't those of an item or a user."""


def is_an_item_or_user(request: Request) -> None:
    """405 for a path such as users/ID/recommendations: ids may hold slashes, and so what is asked there would be taken
    for one of a user."""
    if request.url.path.rpartition("/")[2] in OTHERS:
        raise HTTPException(405, "items and users alone are put and deleted", {"Allow": "GET, POST"})


router = APIRouter(prefix="/v1", tags=["items and users"], dependencies=[Depends(is_an_item_or_user)])
_TAKEN: dict[int | str, dict[str, Any]] = {202: {"model": ChangeTaken}, 409: {"model": Problem}}

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=MOST_KEY,
        description="The same key again changes nothing; one is made for this request where it is left out.",
    ),
]


@router.put("/items/{item_id:path}", status_code=202, responses=_TAKEN, response_model=None)
async def put_item(request: Request, item_id: ItemId, body: ItemIn, idempotency_key: IdempotencyKey = None) -> Response:
    """Make an item, or change it: what is named is replaced, what isn't stays."""
    said = body.model_dump(exclude_unset=True)
    return await changed(request, idempotency_key, {"what": "put_item", "item_id": item_id, **said})


@router.delete("/items/{item_id:path}", status_code=202, responses=_TAKEN, response_model=None)
async def delete_item(request: Request, item_id: ItemId, idempotency_key: IdempotencyKey = None) -> Response:
    """Remove an item with all that was done to it. An event of it that comes later makes it anew, nothing known."""
    return await changed(request, idempotency_key, {"what": "delete_item", "item_id": item_id})


@router.put("/users/{user_id:path}", status_code=202, responses=_TAKEN, response_model=None)
async def put_user(request: Request, user_id: UserId, body: UserIn, idempotency_key: IdempotencyKey = None) -> Response:
    """Make a user, or change it: what is named is replaced, what isn't stays."""
    said = body.model_dump(exclude_unset=True)
    return await changed(request, idempotency_key, {"what": "put_user", "user_id": user_id, **said})


@router.delete("/users/{user_id:path}", status_code=202, responses=_TAKEN, response_model=None)
async def delete_user(request: Request, user_id: UserId, idempotency_key: IdempotencyKey = None) -> Response:
    """Remove a user with all that the user did. An event of the user that comes later makes one anew."""
    return await changed(request, idempotency_key, {"what": "delete_user", "user_id": user_id})


async def changed(request: Request, key: str | None, change: dict[str, Any]) -> Response:
    """A change on the disk, in this worker's memory, and answered."""
    service = service_of(request)
    taken = checked_change({"change_id": key or new_key(), **service.entry.change(change)})
    done = await service.journal.append_async((), [taken])
    await caught_up(service)
    told = {name: value for name, value in taken.items() if name != "change_id"}
    return accepted(request, taken["change_id"], done, {"taken": told})


def new_key() -> str:
    """A key that no other request has."""
    return uuid.uuid4().hex


async def caught_up(service: Service) -> None:
    """What was written a moment ago counts in this worker's next answer, in the journal's order."""
    with suppress(BehindError):  # this worker reads the graph anew then, which has it
        await run_in_threadpool(service.keeper.catch_up)


def accepted(request: Request, key: str, done: Appended, more: dict[str, Any]) -> Response:
    """The answer to what was written."""
    service_of(request).metrics.changes(done.new, done.repeated)
    answer = json_of({"request_id": request_id_of(request), "key": key, "repeated": done.new == 0, **more})
    answer.status_code = 202
    return answer
