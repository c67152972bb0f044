"""The search: ask for settings, try them, write down how it went, until trials or time are used up."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait

from graphrec.errors import InputError
from graphrec.tuning.ledger import Asked, Ledger
from graphrec.tuning.result import Trial
from graphrec.tuning.trial import Hopeless, News, Objective, Outcome, OutOfTime, Stopped, attempt
from graphrec.tuning.workers import Worker, crew

ACCURACY = ("recall", "precision", "ndcg", "map", "mrr", "hit_rate")
"""Metrics that the validation recall of an epoch foretells."""

DECIDES_VALIDATION = {"seed", "validation_share"}
"""Settings that change what that recall is measured on, so that trials can't be compared by it."""


@dataclass(frozen=True)
class Step:
    """How far a search is: trials ended and wanted, the best so far, and what runs now, if anything is known of it."""

    done: int
    wanted: int
    best: Trial | None
    doing: str = ""


Progress = Callable[[Step], None]


def search(
    objective: Objective,
    ledger: Ledger,
    *,
    trials: int = 30,
    budget: float | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> str:
    """Try settings until the ledger holds so many trials, and say what ended it: `trials`, `budget` or `interrupted`.

    `budget`: seconds, from now; what runs then is stopped and tried again by the next search. `jobs`: processes;
    with more than one, `objective` is pickled to each.
    """
    if trials < 1 or jobs < 1:
        raise InputError(f"expected at least one trial and one job, found {trials} and {jobs}")
    if budget is not None and not budget > 0:
        raise InputError(f"expected a budget above 0 seconds, found {budget:g}")
    deadline = math.inf if budget is None else time.monotonic() + budget
    run = _Run(objective, ledger, min(trials, len(ledger.grid) or trials), deadline, progress)
    try:
        if jobs == 1:
            run.one_by_one()
        else:
            run.beside_each_other(min(jobs, run.wanted))
    except OutOfTime:
        return "budget"
    except KeyboardInterrupt:
        return "interrupted"
    return "trials"


class _Run:
    def __init__(
        self, objective: Objective, ledger: Ledger, wanted: int, deadline: float, progress: Progress | None
    ) -> None:
        self.objective = objective
        self.ledger = ledger
        self.wanted = wanted
        self.deadline = deadline
        self.progress = progress
        self.trials = ledger.trials()
        comparable = not DECIDES_VALIDATION & ledger.plan.space.keys()
        self.prunes = comparable and ledger.plan.optimise.partition("@")[0] in ACCURACY
        self._say()

    def one_by_one(self) -> None:
        """All trials in this process."""
        while asked := self._next():
            self._end(asked, attempt(self.objective, asked.settings, partial(self._hear, asked)))

    def beside_each_other(self, jobs: int) -> None:
        """Trials in processes; this one asks, hears and writes."""
        busy: dict[Worker, Asked] = {}
        with crew(self.objective, jobs) as workers:
            while True:
                while (worker := workers.free(busy)) and (asked := self._next()):
                    worker.give(asked.settings)
                    busy[worker] = asked
                if not busy:
                    return
                for worker in self._speaking(busy):
                    self._listen(worker, busy)

    def _next(self) -> Asked | None:
        """Settings to try, or None where there are enough. OutOfTime past the deadline."""
        if self.ledger.n_asked() >= self.wanted:
            return None
        self._check_time()
        return self.ledger.ask()

    def _speaking(self, busy: dict[Worker, Asked]) -> list[Worker]:
        left = None if self.deadline == math.inf else max(self.deadline - time.monotonic(), 0)
        ready = wait([worker.pipe for worker in busy], left)
        self._check_time()
        return [worker for worker in busy if worker.pipe in ready]

    def _listen(self, worker: Worker, busy: dict[Worker, Asked]) -> None:
        said = worker.hear()
        if not isinstance(said, News):
            self._end(busy.pop(worker), said)
            return
        stopped: Stopped | None = None
        try:
            self._hear(busy[worker], said)
        except Hopeless as hopeless:
            stopped = hopeless
        worker.answer(stopped)

    def _hear(self, asked: Asked, news: News) -> None:
        """News of a trial. Stopped where it should end."""
        self._check_time()
        self._say(f"trial {asked.place} {news.doing} {news.done:,} of {news.total:,}")
        if self.prunes and news.recall is not None and self.ledger.is_hopeless(asked, news.done, news.recall):
            raise Hopeless(f"its validation recall in epoch {news.done}, {news.recall:.4f}, is below the median")

    def _end(self, asked: Asked, outcome: Outcome) -> None:
        self.trials.append(self.ledger.end(asked, outcome))
        self._say()

    def _check_time(self) -> None:
        if time.monotonic() >= self.deadline:
            raise OutOfTime("the budget is used up")

    def _say(self, doing: str = "") -> None:
        if self.progress:
            best = max((t for t in self.trials if t.value is not None), key=lambda t: t.value or 0, default=None)
            self.progress(Step(len(self.trials), self.wanted, best, doing))
