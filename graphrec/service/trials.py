"""Experiments in a worker: who takes part in which, and what was shown and done, recorded beside the answers."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphrec.experiments import Experiment, Impression, Outcome, Recorder, Shown, Variant, find_assignment, takes_part
from graphrec.serving.ranking import Answer
from graphrec.serving.state import State

OUTSIDE = ""
"""The name in the store of what belongs to no experiment; none can be called that."""


@dataclass(frozen=True)
class Trial:
    """The experiment that a list belongs to. `variant`: None where two are interleaved; then `teams` holds the name of
    the one that picked each item, None for those that filled up."""

    experiment: Experiment
    variant: Variant | None
    teams: tuple[str | None, ...] = ()

    @property
    def told(self) -> dict[str, str | None]:
        """How an answer tells it."""
        return {self.experiment.name: self.variant.name if self.variant else None}

    def with_teams(self, teams: Sequence[str | None]) -> Trial:
        """The same, once the list is drafted."""
        return replace(self, teams=tuple(teams))


class Trials:
    """The experiments of a worker and its recorder. Nothing here waits for the disk, but for `tidy`.

    `explores`: whether lists outside of experiments are known to have left something to chance, so that what users do
    is worth keeping; another worker's are known within a minute.
    """

    def __init__(self, experiments: Sequence[Experiment], recorder: Recorder) -> None:
        self.experiments = tuple(experiments)
        self.recorder = recorder
        self.explores = False

    def find(self, user_id: str | None, *, explores: bool) -> Trial | None:
        """The trial that a list for a user belongs to now, if any.

        A list that explores takes no part where two are interleaved: the chances of its items couldn't be told.
        """
        if user_id is None:
            return None
        found = find_assignment(self.experiments, user_id, _now())
        if found is None or (found.variant is None and explores):
            return None
        return Trial(found.experiment, found.variant)

    def show(self, trial: Trial | None, state: State, answer: Answer, **of: Any) -> None:
        """Record a list that was shown: `request_id`, `user_id`, and the `offset` of its page."""
        names, n = state.catalogue.ids.names, len(answer.items)
        teams = trial.teams if trial and trial.teams else (None,) * n
        columns = (answer.items.tolist(), teams, answer.chances.tolist())
        if trial is None:
            self.explores = True
        shown = Impression(
            at=_now(),
            experiment=trial.experiment.name if trial else OUTSIDE,
            variant=trial.variant.name if trial and trial.variant else None,
            items=[Shown(names[item], team, chance) for item, team, chance in zip(*columns, strict=True)],
            policy=" > ".join([answer.strategy, *answer.fallbacks]),
            version=f"{state.version.name} {state.version.version}" if state.version else None,
            **of,
        )
        self.recorder.record(shown)

    def done(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Record events that may be outcomes: those of users who take part in something, ended experiments included."""
        if not (self.experiments or self.explores):
            return
        now = _now()
        for row in rows:
            if self.explores or any(takes_part(each, row["user_id"]) for each in self.experiments):
                at = row.get("at")
                named = row["event_id"], row["kind"], row["user_id"], row["item_id"]
                self.recorder.record(Outcome(*named, now if at is None else at, row.get("weight")))

    def follow(self, change: Mapping[str, Any]) -> None:
        """Let go what is recorded of a user who was deleted, what waits in this worker included.

        Every worker is told of every change, so what any of them recorded before goes.
        """
        if change["what"] == "delete_user":
            self.recorder.forget(change["user_id"])

    def tidy(self, keep_days: float | None) -> None:
        """Look whether others explore; delete what is older than so many days (None: that is done elsewhere)."""
        store = self.recorder.store
        self.explores = self.explores or store.has_explored()
        if keep_days is not None:
            store.forget_before(_now() - round(keep_days * 86_400_000))


def _now() -> int:
    return time.time_ns() // 1_000_000
