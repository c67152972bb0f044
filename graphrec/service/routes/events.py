"""Events in: on the disk before they are answered, in this worker's memory at once, in the others' within a second."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from graphrec.service.bodies import json_of
from graphrec.service.routes.current import service_of
from graphrec.service.schemas import EventIn, EventsIn, Taken
from graphrec.service.stages import stage

router = APIRouter(prefix="/v1", tags=["events"])


@router.post("/events", status_code=202, responses={202: {"model": Taken}}, response_model=None)
async def events(request: Request, body: EventsIn | EventIn) -> Response:
    """Take one event, or several at once. What is answered with 202 is never lost and never counts twice."""
    service = service_of(request)
    given = body.events if isinstance(body, EventsIn) else [body]
    rows = [event.model_dump(exclude_none=True) for event in given]
    for row in rows:
        row["user_id"] = service.entry.user(row["user_id"])
    with stage(service, "journal"):
        done = await service.journal.append_async(rows)
    state = service.keeper.state
    if state is not None:
        for row, sequence in zip(rows, done.sequences, strict=True):
            state.apply_early(sequence, row)
    out = {} if state is None else state.withheld
    service.trials.done([row for row in rows if row["user_id"] not in out] if out else rows)
    service.metrics.events(done.new, done.repeated)
    answer = json_of({"new": done.new, "repeated": done.repeated})
    answer.status_code = 202
    return answer
