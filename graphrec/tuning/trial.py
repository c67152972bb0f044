"""One trial: what is run with some settings, what it tells meanwhile, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphrec.errors import GraphrecError
from graphrec.evaluation.held_back import HeldBack, clock
from graphrec.evaluation.ranking import IN_MEMORY
from graphrec.models import Report
from graphrec.recommend.fitted import make_fitted


@dataclass(frozen=True)
class News:
    """What a running trial does, and how much of it is done; at the end of an epoch its validation recall."""

    doing: str
    done: int
    total: int
    recall: float | None = None


Tell = Callable[[News], None]
"""Takes news. It may raise Stopped."""


class Stopped(Exception):  # noqa: N818
    """The trial is to end here; the message says why."""


class Hopeless(Stopped):
    """Others were better at this point of their training."""


class OutOfTime(Stopped):
    """The budget is used up."""


@dataclass(frozen=True)
class Outcome:
    """How a trial ended: with `metrics`, or else with a `reason`. `seconds`: fit_s and recommend_s."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    pruned: bool = False


Objective = Callable[[Mapping[str, Any], Tell], Outcome]


@dataclass(frozen=True, eq=False)
class Measured:
    """The objective: fit a model with the settings, rank for every validation user, measure at k."""

    model: str
    fixed: Mapping[str, Any]
    held: HeldBack
    k: int

    def __call__(self, settings: Mapping[str, Any], tell: Tell) -> Outcome:
        """The metrics at k and the seconds."""

        def learning(report: Report) -> None:
            tell(News("learns, epoch", report.epoch, report.epochs, report.recall))

        def ranking(_: str, done: int, total: int) -> None:
            tell(News("ranks for users", done, total))

        with clock() as fitting:
            made = make_fitted(self.model, {**self.fixed, **settings}, progress=learning, with_reasons=False)
            recommender = made.fit(self.held.snapshot)
        found = self.held.measure(recommender, (self.k,), IN_MEMORY, ranking)
        return Outcome(found.figures, {"fit_s": fitting[0], "recommend_s": found.seconds})


def attempt(objective: Objective, settings: Mapping[str, Any], tell: Tell) -> Outcome:
    """What the objective gives, or why it gives nothing. OutOfTime is raised: such a trial has no end."""
    with clock() as running:
        try:
            return objective(settings, tell)
        except Hopeless as stopped:
            outcome = Outcome(reason=str(stopped), pruned=True)
        except (GraphrecError, np.linalg.LinAlgError, MemoryError) as error:
            outcome = Outcome(reason=str(error) or type(error).__name__)
    return Outcome(seconds={"fit_s": running[0]}, reason=outcome.reason, pruned=outcome.pruned)
