"""The search itself, over objectives that are plain functions: what is found, kept, stopped and gone on with."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from graphrec.errors import InputError, ModelError
from graphrec.models.products import N_THREADS
from graphrec.models.settings import Range
from graphrec.tuning import search as module
from graphrec.tuning.ledger import Ledger, Plan, opened
from graphrec.tuning.search import Step, search
from graphrec.tuning.trial import News, Outcome, Tell

SPACE = {"x": Range(0.01, 100.0, log=True), "n": Range(1, 9), "word": ("left", "right")}
DEFAULTS = {"x": 50.0, "n": 9, "word": "right"}
PLAN = Plan(SPACE, "recall@5", seed=1, defaults=DEFAULTS)


def hill(settings: Mapping[str, Any], tell: Tell) -> Outcome:
    """Highest, 0, at x = 1, n = 5, left."""
    away = math.log10(settings["x"]) ** 2 + 0.1 * (settings["n"] - 5) ** 2 + (settings["word"] != "left")
    return Outcome({"recall@5": -away}, {"fit_s": 0.5})


def tried(ledger: Ledger) -> list[tuple[int, Mapping[str, Any]]]:
    return sorted((trial.number, trial.settings) for trial in ledger.trials())


@pytest.mark.parametrize(("sampler", "least"), [("tpe", -0.5), ("random", -2.0), ("grid", 0.0)])
def test_each_sampler_climbs_the_hill(tmp_path: Path, sampler: str, least: float) -> None:
    with opened(tmp_path / "t.db", Plan(SPACE, "recall@5", sampler, 1, DEFAULTS)) as ledger:
        assert search(hill, ledger, trials=50 if sampler == "grid" else 25) == "trials"
        best = ledger.trials()[0]
    assert best.value is not None
    assert best.value >= least
    if sampler == "grid":
        assert best.settings == {"x": 1.0, "n": 5, "word": "left"}


def test_a_grid_ends_with_its_last_point(tmp_path: Path) -> None:
    space = {"x": Range(0.0, 1.0), "word": ("left", "right")}

    def flat(settings: Mapping[str, Any], tell: Tell) -> Outcome:
        return Outcome({"recall@5": settings["x"]})

    with opened(tmp_path / "t.db", Plan(space, "recall@5", "grid")) as ledger:
        search(flat, ledger, trials=100)
        points = {(trial.settings["x"], trial.settings["word"]) for trial in ledger.trials()}
    assert points == {(x, word) for x in (0, 0.25, 0.5, 0.75, 1) for word in ("left", "right")}


def test_the_defaults_are_tried_first_where_the_space_has_them(tmp_path: Path) -> None:
    for name, space, wanted in (
        ("a", SPACE, DEFAULTS),
        ("b", {**SPACE, "n": Range(1, 4)}, {"x": 50.0, "word": "right"}),
    ):
        with opened(tmp_path / f"{name}.db", Plan(space, "recall@5", "random", 1, DEFAULTS)) as ledger:
            search(hill, ledger, trials=1)
            assert wanted.items() <= ledger.trials()[0].settings.items()


def test_an_interrupted_search_goes_on_as_if_it_never_was(tmp_path: Path) -> None:
    with opened(tmp_path / "whole.db", PLAN) as ledger:
        search(hill, ledger, trials=14)
        whole = tried(ledger)
    calls = []

    def stops(settings: Mapping[str, Any], tell: Tell) -> Outcome:
        calls.append(settings)
        if len(calls) == 12:
            raise KeyboardInterrupt
        return hill(settings, tell)

    with opened(tmp_path / "parts.db", PLAN) as ledger:
        assert search(stops, ledger, trials=14) == "interrupted"
        assert tried(ledger) == whole[:11]
    with opened(tmp_path / "parts.db", PLAN) as ledger:
        assert search(stops, ledger, trials=14) == "trials"
        assert tried(ledger) == whole
    assert len(calls) == 15, "only the trial that was interrupted was run again"
    with opened(tmp_path / "parts.db", PLAN, resume=False) as ledger:
        assert not ledger.trials()


def test_another_seed_tries_other_settings(tmp_path: Path) -> None:
    found = []
    for n, seed in enumerate((1, 1, 2)):
        with opened(tmp_path / f"{n}.db", Plan(SPACE, "recall@5", seed=seed)) as ledger:
            search(hill, ledger, trials=3)
            found.append(tried(ledger))
    assert found[0] == found[1] != found[2]


def test_the_budget_ends_a_search_even_within_a_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    def slow(settings: Mapping[str, Any], tell: Tell) -> Outcome:
        for epoch in (1, 2):
            now[0] += 5
            tell(News("learns, epoch", epoch, 2))
        return hill(settings, tell)

    with opened(tmp_path / "between.db", PLAN) as ledger:
        assert search(slow, ledger, budget=30.5, trials=9) == "budget"
        assert len(ledger.trials()) == 3
    now[0] = 0.0
    with opened(tmp_path / "within.db", PLAN) as ledger:
        assert search(slow, ledger, budget=14, trials=9) == "budget"
        assert len(ledger.trials()) == 1
        assert now[0] == 15


def test_a_trial_that_fails_is_written_down_and_the_search_goes_on(tmp_path: Path) -> None:
    def runs_away(settings: Mapping[str, Any], tell: Tell) -> Outcome:
        if settings["word"] == "right":
            raise ModelError("the loss became nan in epoch 1")
        return hill(settings, tell)

    steps: list[Step] = []
    with opened(tmp_path / "t.db", PLAN) as ledger:
        search(runs_away, ledger, trials=8, progress=steps.append)
        trials = ledger.trials()
    assert [trial.state for trial in trials] == sorted(trial.state for trial in trials), "done come before failed"
    for trial in trials:
        failed = trial.settings["word"] == "right"
        assert (trial.state, trial.reason) == (("failed", "the loss became nan in epoch 1") if failed else ("done", ""))
    assert trials[-1].state == "failed"
    assert [step.done for step in steps] == list(range(9))
    assert steps[-1].best == trials[0]


def test_a_defect_is_no_failed_trial(tmp_path: Path) -> None:
    def broken(settings: Mapping[str, Any], tell: Tell) -> Outcome:
        raise ZeroDivisionError

    with opened(tmp_path / "t.db", PLAN) as ledger, pytest.raises(ZeroDivisionError):
        search(broken, ledger)


def dies_on_the_right(settings: Mapping[str, Any], tell: Tell) -> Outcome:
    """As the system ends what asks for too much memory. It says its number of threads as n."""
    if settings["word"] == "right":
        os._exit(9)
    tell(News("runs", 1, 1))
    return Outcome({"recall@5": 1.0, "n": float(os.environ["OMP_NUM_THREADS"])})


def test_a_process_that_dies_is_a_failed_trial_and_another_takes_its_place(tmp_path: Path) -> None:
    with opened(tmp_path / "t.db", Plan(SPACE, "recall@5", "random", 1)) as ledger:
        assert search(dies_on_the_right, ledger, trials=4, jobs=2) == "trials"
        trials = ledger.trials()
    for trial in trials:
        died = trial.settings["word"] == "right"
        assert trial.reason == ("its process ended with status 9; is the memory enough?" if died else "")
    assert {trial.state for trial in trials} == {"done", "failed"}
    assert {trial.metrics.get("n") for trial in trials} == {None, max(1, N_THREADS // 2)}


class Unloadable:
    """An objective that ends the process which loads it."""

    def __call__(self, settings: Mapping[str, Any], tell: Tell) -> Outcome:
        raise AssertionError("no process has it")

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (3,)


def test_a_process_that_cannot_start_is_no_failed_trial(tmp_path: Path) -> None:
    with opened(tmp_path / "t.db", PLAN) as ledger:
        with pytest.raises(ModelError, match=r"a process for trials ended before it began .* or ask for one job"):
            search(Unloadable(), ledger, trials=2, jobs=2)
        assert not ledger.trials()


@pytest.mark.parametrize(("metric", "state", "last"), [("recall@5", "pruned", 5), ("coverage@5", "done", 8)])
def test_what_learns_worse_than_most_is_given_up(tmp_path: Path, metric: str, state: str, last: int) -> None:
    """Five learn well, then one learns nothing. What recall foretells nothing of is never given up for it."""
    heard: list[int] = []

    def learner(settings: Mapping[str, Any], tell: Tell) -> Outcome:
        heard.append(0)
        for epoch in range(1, 9):
            heard[-1] = epoch
            tell(News("learns, epoch", epoch, 8, 0.1 * epoch if len(heard) < 6 else 0.01))
        return Outcome({metric: float(heard[-1])})

    with opened(tmp_path / "t.db", Plan(SPACE, metric, "random")) as ledger:
        search(learner, ledger, trials=6)
        sixth = next(trial for trial in ledger.trials() if trial.number == 6)
    assert (sixth.state, heard) == (state, [8, 8, 8, 8, 8, last])
    assert sixth.reason.startswith("its validation recall in epoch 5, 0.0100, is below") == (state == "pruned")


def test_wrong_numbers_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sampler 'magic'; there are tpe, random, grid"):
        Plan(SPACE, "recall@5", "magic")
    with opened(tmp_path / "t.db", PLAN) as ledger:
        for wrong in ({"trials": 0}, {"jobs": 0}, {"budget": 0.0}):
            with pytest.raises(InputError, match="expected"):
                search(hill, ledger, **wrong)  # type: ignore[arg-type]


def test_two_processes_never_run_one_search(tmp_path: Path) -> None:
    again = opened(tmp_path / "t.db", PLAN)
    with opened(tmp_path / "t.db", PLAN), pytest.raises(ModelError, match="another process runs this search"):
        again.__enter__()


def test_a_file_that_holds_no_trials_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.db").write_bytes(b"no database at all, but long enough to look like one" * 100)
    with pytest.raises(ModelError, match="can't be read"), opened(tmp_path / "t.db", PLAN):
        pass
    with opened(tmp_path / "t.db", PLAN, resume=False) as ledger:
        assert not ledger.trials()
