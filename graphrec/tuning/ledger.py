"""The trials of one search, kept by Optuna in a SQLite file: asked for, ended, read again."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from filelock import FileLock, Timeout
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.pool import NullPool

from graphrec.errors import InputError, ModelError
from graphrec.models.settings import Choice, Range, Space
from graphrec.tuning.result import Trial
from graphrec.tuning.space import grid, inside, rounded
from graphrec.tuning.trial import Outcome

SAMPLERS = ("tpe", "random", "grid")

STARTUP_TRIALS = 5
"""Trials that end before one is given up for being worse than the others."""

STARTUP_EPOCHS = 5
"""A trial isn't given up before that epoch: a slow learner may end higher."""

NAME = "trials"


@dataclass(frozen=True)
class Plan:
    """What decides which settings are tried, in which order. `defaults` come first where the space has them."""

    space: Space
    optimise: str
    sampler: str = "tpe"
    seed: int = 0
    defaults: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise InputError(f"no sampler {self.sampler!r}; there are {', '.join(SAMPLERS)}")


@dataclass(frozen=True)
class Asked:
    """A trial that runs: its place in the search from 1, and the settings to try."""

    trial: optuna.Trial
    place: int
    settings: Mapping[str, Any]


class Ledger:
    """One study: in memory what runs, and on disk what has ended, so that a killed run leaves nothing half done.

    Each place has a sampler of its own seed: what is tried next depends on the trials that have ended and on nothing
    else, so a search that was interrupted goes on as if it never was.
    """

    def __init__(self, path: Path, plan: Plan) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.plan = plan
        self.grid = grid(plan.space, plan.seed) if plan.sampler == "grid" else []
        self._distributions = {name: _distribution(span) for name, span in plan.space.items()}
        self._kept = _open(path)
        pruner = optuna.pruners.MedianPruner(STARTUP_TRIALS, STARTUP_EPOCHS)
        self._study = optuna.create_study(direction="maximize", pruner=pruner)
        self._study.add_trials(self._kept.get_trials(deepcopy=False))

    def n_asked(self) -> int:
        """How many trials have ended or run."""
        return len(self._all())

    def ask(self) -> Asked:
        """The next settings to try."""
        taken = {trial.user_attrs["asked"]["place"] for trial in self._all()}
        place = next(n for n in itertools.count(1) if n not in taken)
        if given := self._given(place):
            self._study.enqueue_trial(dict(given))
        self._study.sampler = _sampler(self.plan, place)
        trial = self._study.ask(self._distributions)
        settings = {name: rounded(span, trial.params[name]) for name, span in self.plan.space.items()}
        trial.set_user_attr("asked", {"place": place, "settings": settings})
        return Asked(trial, place, settings)

    def is_hopeless(self, asked: Asked, epoch: int, recall: float) -> bool:
        """Whether the median of the trials that ended was better than this one is after that epoch."""
        asked.trial.report(recall, epoch)
        return asked.trial.should_prune()

    def end(self, asked: Asked, outcome: Outcome) -> Trial:
        """Write down how a trial ended."""
        asked.trial.set_user_attr("outcome", asdict(outcome))
        if outcome.metrics:
            ended = self._study.tell(asked.trial, outcome.metrics[self.plan.optimise])
        else:
            ended = self._study.tell(asked.trial, state=TrialState.PRUNED if outcome.pruned else TrialState.FAIL)
        self._kept.add_trial(ended)
        return self._trial(ended)

    def trials(self) -> list[Trial]:
        """Those that have ended, the best first; those without a value come last, in their order."""
        found = [self._trial(trial) for trial in self._all() if trial.state.is_finished()]
        return sorted(found, key=lambda trial: (trial.value is None, -(trial.value or 0), trial.number))

    def importances(self) -> dict[str, float]:
        """How much each setting mattered, in shares of 1, the most first; empty before two trials differ.

        PED-ANOVA: how far the settings of the better trials lie from those of all (Watanabe et al., IJCAI 2023).
        """
        values = [t.value for t in self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))]
        if len(set(values)) < 2:
            return {}
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances  # loads scikit-learn: seconds

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # few trials; the command says how many there are
            return get_param_importances(self._study, evaluator=PedAnovaImportanceEvaluator())

    def _all(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    def _given(self, place: int) -> Mapping[str, Any]:
        """Settings that aren't drawn: the grid's, or the defaults at first."""
        if self.grid:
            return self.grid[place - 1]
        if place > 1 or not self.plan.defaults:
            return {}
        return {n: self.plan.defaults[n] for n, span in self.plan.space.items() if inside(span, self.plan.defaults[n])}

    def _trial(self, trial: FrozenTrial) -> Trial:
        asked, outcome = trial.user_attrs["asked"], trial.user_attrs["outcome"]
        return Trial(
            number=asked["place"],
            state={TrialState.COMPLETE: "done", TrialState.PRUNED: "pruned"}.get(trial.state, "failed"),
            value=outcome["metrics"].get(self.plan.optimise),
            settings=asked["settings"],
            metrics=outcome["metrics"],
            seconds=outcome["seconds"],
            reason=outcome["reason"],
        )


@contextmanager
def opened(path: Path, plan: Plan, *, resume: bool = True) -> Iterator[Ledger]:
    """The ledger at a path, for one process at a time; without `resume` a new one. ModelError if it can't be read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path.with_suffix(".lock"), timeout=0):
            if not resume:
                path.unlink(missing_ok=True)
            yield Ledger(path, plan)
    except Timeout:
        raise ModelError(f"another process runs this search already ({path}); wait until it ends") from None


def _open(path: Path) -> optuna.Study:
    """The study in the file; connections are closed after each use, so that the file can be removed."""
    try:
        storage = optuna.storages.RDBStorage(f"sqlite:///{path}", engine_kwargs={"poolclass": NullPool})
        return optuna.create_study(storage=storage, study_name=NAME, direction="maximize", load_if_exists=True)
    except Exception as error:  # Optuna's, SQLAlchemy's or Alembic's
        raise ModelError(f"the trials in {path} can't be read ({error}); --again starts without them") from error


def _sampler(plan: Plan, place: int) -> optuna.samplers.BaseSampler:
    seed = int(np.random.SeedSequence([plan.seed, place]).generate_state(1)[0])
    make: Callable[..., optuna.samplers.BaseSampler] = (
        optuna.samplers.TPESampler if plan.sampler == "tpe" else optuna.samplers.RandomSampler
    )
    return make(seed=seed)


def _distribution(span: Range | Choice) -> BaseDistribution:
    if not isinstance(span, Range):
        return CategoricalDistribution(span)
    if isinstance(span.low, int) and isinstance(span.high, int):
        return IntDistribution(span.low, span.high, log=span.log)
    return FloatDistribution(span.low, span.high, log=span.log)
