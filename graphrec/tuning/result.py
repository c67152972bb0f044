"""What a search found: every trial, the best settings, what mattered."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from graphrec.errors import InputError, ModelError
from graphrec.models import create
from graphrec.models.base import GraphModel

LOGS = (".json", ".csv")


@dataclass(frozen=True)
class Trial:
    """One trial. `state`: done, pruned (given up early) or failed, both with a `reason`. `seconds`: fit_s, recommend_s.

    `settings` are those that were searched; `value` is the metric that was optimised, None without one.
    """

    number: int
    state: str
    value: float | None
    settings: Mapping[str, Any]
    metrics: Mapping[str, float]
    seconds: Mapping[str, float]
    reason: str = ""


@dataclass(frozen=True)
class Tuning:
    """A search: on what, where, how, and its trials, the best first.

    `ended`: by its trials, by its budget, or interrupted. `importances`: shares of 1 by setting, the most first.
    """

    dataset: str
    model: str
    optimise: str
    split: str
    says: str
    n_users: int
    n_train: int
    n_validation: int
    n_items: int
    sampler: str
    seed: int
    fixed: Mapping[str, Any]
    space: Mapping[str, str]
    ended: str
    trials: Sequence[Trial]
    importances: Mapping[str, float]

    @property
    def best(self) -> Trial:
        """The trial of the largest value. ModelError where none has one."""
        if self.trials and self.trials[0].value is not None:
            return self.trials[0]
        reasons = [f"trial {t.number}: {t.reason}" for t in self.trials[:3]]
        raise ModelError(
            f"expected a trial of {self.model} with a value, found none among {len(self.trials)}; "
            + ("; ".join(reasons) or "give it more time with --budget")
        )

    @property
    def best_settings(self) -> dict[str, Any]:
        """All that the best trial was made with: what was fixed and what was found."""
        return {**self.fixed, **self.best.settings}

    def command(self) -> str:
        """The command that trains the model so, or that measures it, if it has no vectors to write into the graph."""
        if isinstance(create(self.model), GraphModel):
            return " ".join(["graphrec train --model", self.model, *(f"--set {n}={v}" for n, v in self._settings())])
        return " ".join(
            ["graphrec evaluate --models", self.model, *(f"--set {self.model}.{n}={v}" for n, v in self._settings())]
        )

    def table(self) -> pd.DataFrame:
        """A row a trial: number, state, settings, metrics, seconds, reason."""
        return pd.DataFrame(
            [
                {"trial": t.number, "state": t.state, **t.settings, **t.metrics, **t.seconds, "reason": t.reason}
                for t in self.trials
            ]
        )

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return asdict(self)

    def write(self, path: Path) -> None:
        """Every trial as JSON (with all that was searched, and where) or as CSV, by the name's ending."""
        check_log(path)
        if path.suffix.lower() == ".csv":
            self.table().to_csv(path, index=False, quoting=csv.QUOTE_MINIMAL)
        else:
            path.write_text(json.dumps(self.as_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def _settings(self) -> list[tuple[str, Any]]:
        return sorted(self.best_settings.items())


def check_log(path: Path) -> None:
    """InputError unless a log can be written to the path; asked before the work, not after it."""
    check_file(path, LOGS, "the log of trials")


def check_file(path: Path, endings: Sequence[str], what: str) -> None:
    """InputError for another ending or a folder that isn't there."""
    if path.suffix.lower() not in endings:
        raise InputError(f"expected a file name that ends in {' or '.join(endings)} for {what}, found {path.name!r}")
    if not path.parent.is_dir():
        raise InputError(f"no folder {path.parent} to write {what} to; make it first")
