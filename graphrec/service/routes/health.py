"""Whether the process lives, whether it is ready, and its numbers."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from graphrec.service.bodies import json_of
from graphrec.service.pulse import sense
from graphrec.service.routes.current import service_of, state_of
from graphrec.service.schemas import Alive

router = APIRouter(tags=["health"])


@router.get("/live", responses={200: {"model": Alive}}, response_model=None)
async def live() -> Response:
    """The process answers."""
    return json_of({"status": "alive"})


@router.get("/ready", responses={200: {"model": Alive}, 503: {"description": "Not yet."}}, response_model=None)
async def ready(request: Request) -> Response:
    """The graph has been read, and requests are answered. 503 before that."""
    state_of(service_of(request))
    return json_of({"status": "ready"})


@router.get("/metrics", response_class=PlainTextResponse, response_model=None)
async def metrics(request: Request) -> Response:
    """Numbers of all workers in Prometheus's format."""
    service = service_of(request)
    stats = await run_in_threadpool(service.journal.stats)
    service.metrics.set(
        journal_waiting=stats.waiting, journal_refused=stats.refused, journal_oldest_seconds=stats.oldest_s
    )
    sense(service)
    text = await run_in_threadpool(service.metrics.text)
    return Response(text, media_type="text/plain; version=0.0.4")
