"""What every route asks first: the service, its state, and who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Path, Request
from starlette.exceptions import HTTPException

from graphrec.service.schemas import Id
from graphrec.serving.state import State

if TYPE_CHECKING:
    from graphrec.service.app import Service

UserPath = Annotated[Id, Path(description="The user's id.")]
ItemId = Annotated[Id, Path(description="The item's id.")]


async def user_of(request: Request, user_id: UserPath) -> str:
    """The user of a path as the graph holds it: by its pseudonym where the home has pseudonyms."""
    return service_of(request).entry.user(user_id)


UserId = Annotated[str, Depends(user_of)]


def service_of(request: Request) -> Service:
    """What the worker holds."""
    service: Service = request.app.state.service
    return service


def state_of(service: Service) -> State:
    """What answers come from. 503 until it has been read for the first time."""
    state = service.keeper.state
    if state is None:
        raise HTTPException(503, f"the graph is still being read ({service.keeper.trouble or 'wait a moment'})")
    return state


def request_id_of(request: Request) -> str:
    """The name that the guard gave the request."""
    name: str = request.scope["state"]["request_id"]
    return name
