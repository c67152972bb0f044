"""Once a second in each worker: how long what is due waits for its turn, and what is the case."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.concurrency import run_in_threadpool

from graphrec.errors import GraphrecError

if TYPE_CHECKING:
    from graphrec.service.app import Service

EVERY_S = 1.0
TIDY_S = 60.0
FORGET_S = 6 * 3_600.0

_log = logging.getLogger(__name__)


async def beat(service: Service) -> None:
    """Until it is cancelled. The lag of the loop is what a request waits before anything is done for it."""
    recorded = (0, 0, 0)
    tidied = forgotten = -FORGET_S
    while True:
        due = time.perf_counter() + EVERY_S
        await asyncio.sleep(EVERY_S)
        service.metrics.lag(max(0.0, time.perf_counter() - due))
        sense(service)
        recorded = _count(service, recorded)
        now = time.monotonic()
        if now - tidied >= TIDY_S:
            forgets = service.drain.drains and now - forgotten >= FORGET_S  # the one process that drains does it
            tidied, forgotten = now, now if forgets else forgotten
            await _tidy(service, forgets)


def sense(service: Service) -> None:
    """Set the gauges that this worker knows by itself."""
    recorder, threads = service.trials.recorder, anyio.to_thread.current_default_thread_limiter()
    state = service.keeper.state
    version = state.version if state else None
    service.metrics.set(
        model_version=version.version if version else 0,
        model_age_seconds=time.time() - version.trained_at / 1000 if version else 0,
        degraded=float(service.keeper.trouble is not None),
        workers=float(state is not None),
        neo4j_sessions=service.keeper.graph.n_sessions,
        threads_busy=threads.borrowed_tokens,
        threads_wanted=threads.statistics().tasks_waiting,
        recordings_waiting=recorder.waiting(),
    )


def _count(service: Service, before: tuple[int, int, int]) -> tuple[int, int, int]:
    """What the recorder has done so far; what it did since the last time is counted."""
    recorder = service.trials.recorder
    now = recorder.written, recorder.dropped, recorder.failed
    more = [after - each for after, each in zip(now, before, strict=True)]
    service.metrics.recordings(written=more[0], dropped=more[1], failed=more[2])
    return now


async def _tidy(service: Service, forgets: bool) -> None:
    try:
        await run_in_threadpool(service.trials.tidy, service.settings.keep_days if forgets else None)
    except GraphrecError as error:
        _log.warning("%s", error)
    except Exception:
        _log.exception("what is recorded of experiments can't be looked after")
