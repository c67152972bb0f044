"""What users would rate items with, by a trained model or by neighbours of the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from graphrec.errors import ModelError
from graphrec.recommend.rating import rated
from graphrec.service.bodies import json_of
from graphrec.service.routes.current import UserId, request_id_of, service_of, state_of
from graphrec.service.routes.live import asked
from graphrec.service.schemas import Rated, RatingsQuery

if TYPE_CHECKING:
    from graphrec.service.app import Service
    from graphrec.serving.state import State

router = APIRouter(prefix="/v1", tags=["lists"])
RATINGS_S = 2.0
"""How long ratings may wait for Neo4j; the budget where that is more."""


@router.get("/users/{user_id:path}/ratings", responses={200: {"model": Rated}}, response_model=None)
async def ratings(request: Request, user_id: UserId, query: Annotated[RatingsQuery, Query()]) -> Response:
    """What a user would rate items with, on the scale of the data. 400 for a recommender that predicts no ratings, 503
    for one that was never trained."""
    service = service_of(request)
    state = state_of(service)
    items, titles = list(dict.fromkeys(query.item)), state.catalogue.titles
    places = state.catalogue.ids.find(items, "item")
    told = await _rated(service, state, query.with_, user_id, items)
    found = [
        {"item_id": item, "title": titles[place] if place < len(titles) else None, "rating": told[item]}
        for item, place in zip(items, places, strict=True)
    ]
    return json_of({"request_id": request_id_of(request), "user_id": user_id, "with": query.with_, "ratings": found})


async def _rated(service: Service, state: State, name: str, user_id: str, items: list[str]) -> dict[str, float | None]:
    """By item. Of one who has opted out, as of nobody. UnknownIdError for a user who isn't known."""
    opted_out, seconds = user_id in state.withheld, max(RATINGS_S, service.settings.budget_s)
    if not opted_out:
        state.users.find([user_id], "user")

    def work() -> dict[str, float | None]:
        return rated(service.keeper.graph.within(seconds), None if opted_out else user_id, items, name)

    try:
        return await asked(service, work, seconds)
    except ModelError:
        told = f"no version of {name} is live here; `graphrec train --model {name}` makes one"
        raise HTTPException(503, told) from None
