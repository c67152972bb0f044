"""Opting out and in: through the journal as events are, so in one order with them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from graphrec.service.bodies import json_of
from graphrec.service.change_schemas import ChangeTaken, Consent
from graphrec.service.routes.changes import IdempotencyKey, changed
from graphrec.service.routes.current import UserId, request_id_of, service_of, state_of
from graphrec.service.schemas import Problem

router = APIRouter(prefix="/v1", tags=["privacy"])
PATH = "/users/{user_id:path}/opt-out"
_TAKEN: dict[int | str, dict[str, Any]] = {202: {"model": ChangeTaken}, 409: {"model": Problem}}


@router.put(PATH, status_code=202, responses=_TAKEN, response_model=None)
async def opt_out(request: Request, user_id: UserId, idempotency_key: IdempotencyKey = None) -> Response:
    """Let nothing count that a user did or does: for others' lists and reasons, popularity, trends, training. The user
    gets what somebody unknown gets. Nothing is deleted."""
    return await changed(request, idempotency_key, {"what": "opt_out", "user_id": user_id})


@router.delete(PATH, status_code=202, responses=_TAKEN, response_model=None)
async def opt_in(request: Request, user_id: UserId, idempotency_key: IdempotencyKey = None) -> Response:
    """Let all count again that a user did, before and after opting out."""
    return await changed(request, idempotency_key, {"what": "opt_in", "user_id": user_id})


@router.get(PATH, responses={200: {"model": Consent}}, response_model=None)
async def consent(request: Request, user_id: UserId) -> Response:
    """Whether a user has opted out. Who isn't known hasn't."""
    state = state_of(service_of(request))
    body = {"request_id": request_id_of(request), "user_id": user_id, "opted_out": user_id in state.withheld}
    return json_of(body)
