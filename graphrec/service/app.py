"""The application: what a worker holds from its start to its end, and its routes."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from threadpoolctl import threadpool_limits

from graphrec import __version__
from graphrec.connect import connect
from graphrec.experiments import Experiment, Recorder, Store
from graphrec.experiments.store import FILE
from graphrec.graph import Graph
from graphrec.journal import JOURNAL, Journal
from graphrec.journal.apart import DrainApart
from graphrec.privacy.entry import Entry, entry_of
from graphrec.service import problems, pulse
from graphrec.service.document import describe
from graphrec.service.guard import Guard
from graphrec.service.keys import read_keys
from graphrec.service.metrics import Metrics
from graphrec.service.orphan import Orphan
from graphrec.service.routes import changes, consent, events, health, lists, onboarding, ratings
from graphrec.service.settings import ServiceSettings
from graphrec.service.tracing import Traced, Tracing, open_tracing
from graphrec.service.trials import Trials
from graphrec.service.variants import read_trials
from graphrec.serving.keeper import Keeper
from graphrec.serving.pipeline import Pipeline, default_pipeline, read_pipeline

SWITCH_S = 0.0001
"""How long a thread may go on while another waits for its turn: an event goes to the disk by a thread that waits for it
several times, each time so long beside a loop that is never idle. Python's own 5 ms are too much for that."""
READ_S = 0.5
"""How long Neo4j may take, at the end, for what is still being read then."""


@dataclass(frozen=True)
class Service:
    """What routes work with: `request.app.state.service`."""

    settings: ServiceSettings
    keeper: Keeper
    journal: Journal
    drain: DrainApart
    metrics: Metrics
    trials: Trials
    tracing: Tracing | None
    entry: Entry


def create() -> FastAPI:
    """The application of a worker, by the settings that `graphrec serve` left in the environment."""
    return application(ServiceSettings.of_environment())


def application(settings: ServiceSettings) -> FastAPI:
    """The application. It is ready once the graph has been read; `GET /ready` says so.

    PipelineError for a pipeline that can't be read, InputError for keys and experiments that can't be read, or an
    endpoint for traces without what sends them.
    """
    metrics, tracing, experiments = Metrics(), open_tracing(), read_trials(settings)
    pipeline = read_pipeline(Path(settings.pipeline)) if settings.pipeline else default_pipeline()
    app = FastAPI(
        title="graphrec",
        version=__version__,
        description="Recommendations from a graph, live.",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(settings, pipeline, metrics, experiments, tracing),
        redirect_slashes=False,
    )
    for routes in (lists, ratings, events, onboarding, consent, changes, health):
        app.include_router(routes.router)
    problems.install(app)
    describe(app, guarded=not settings.open, limited=settings.rate > 0)
    keys = None if settings.open else read_keys(Path(settings.home))
    app.add_middleware(Guard, keys=keys, max_body=settings.max_body, rate=settings.rate, metrics=metrics)
    if tracing:
        app.add_middleware(Traced, tracing=tracing)
    if settings.cors:  # outermost: a browser asks first whether it may ask, and shows no key then
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id"],
            expose_headers=["X-Request-Id"],
        )
    return app


def _lifespan(  # type: ignore[no-untyped-def]
    settings: ServiceSettings,
    pipeline: Pipeline,
    metrics: Metrics,
    experiments: tuple[Experiment, ...],
    tracing: Tracing | None,
):
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        logging.getLogger("neo4j").setLevel(logging.ERROR)
        sys.setswitchinterval(SWITCH_S)
        home = Path(settings.home)
        with ExitStack() as stack:
            stack.enter_context(Orphan())
            stack.enter_context(threadpool_limits(1, user_api="blas"))  # of small products, threads wait for each other
            if tracing:
                stack.callback(tracing.close)
            entry = entry_of(home)
            recorder = stack.enter_context(Recorder(Store(home / FILE)))
            graph = stack.enter_context(connect(home))
            journal = stack.enter_context(Journal(home / JOURNAL, most=settings.max_waiting))
            drain = stack.enter_context(DrainApart(journal.path, graph))
            trials = Trials(experiments, recorder)
            keeper = stack.enter_context(Keeper(graph, journal, pipeline, trials.follow))
            stack.callback(_let_go, graph, keeper)
            service = Service(settings, keeper, journal, drain, metrics, trials, tracing, entry)
            app.state.service = service
            beating = asyncio.create_task(pulse.beat(service))
            yield
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    return lifespan


def _let_go(graph: Graph, keeper: Keeper) -> None:
    """Let every thread end. One that doesn't waits for a Neo4j that hangs, for long: then its connections go first."""
    keeper.stop(0)
    if not keeper.stop(READ_S):
        graph.close()
