"""The report, on events and counts worked by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from math import exp, inf, log, sqrt
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result
from worlds import HOUR, impression, outcome, split

from graphrec.cli.app import app
from graphrec.cli.verbs import experiment as verb  # noqa: F401
from graphrec.errors import InputError
from graphrec.experiments import Experiment, Measure, Store
from graphrec.experiments.comparison import Pair, compare
from graphrec.experiments.exposure import Exposure, read_exposure, read_wins
from graphrec.experiments.report import Report, prefer, report, report_rates
from graphrec.experiments.sequential import limits, log_evidence
from graphrec.experiments.store import FILE

NOW = 10 * HOUR


def stored(tmp_path: Path) -> Store:
    store = Store(tmp_path / FILE)
    shown = [
        impression(1, "ann", 100, "A"),
        impression(2, "ann", 200, "A", "w"),
        impression(3, "bob", 100, "B"),
        impression(4, "cem", 150, "B"),
        impression(5, "dot", 120, "A"),
        impression(6, "dot", 130, "B"),  # two variants: left out
        impression(7, "eve", NOW - 10, "A"),  # not judged yet
        impression(8, "fay", 90, "gone"),  # a variant that isn't declared
    ]
    done = [
        outcome(1, "ann", 150, "w"),  # shown to her only later
        outcome(2, "ann", 250, "w"),
        outcome(3, "ann", 260, "x"),
        outcome(4, "bob", 99, "x"),  # before
        outcome(5, "bob", 100 + HOUR, "x"),  # after the window
        outcome(6, "cem", 150 + HOUR - 1, "y"),
        outcome(7, "cem", 160, "elsewhere", "purchase"),
        outcome(8, "dot", 140, "x"),
        outcome(9, "eve", NOW - 5, "x"),
        outcome(10, "zoe", 200, "x"),  # never shown anything
        outcome(11, "eve", NOW + 5, "y"),  # still to come
    ]
    store.write(shown, done)
    return store


def test_events_are_joined_by_user_and_item_within_the_window(tmp_path: Path) -> None:
    experiment = split(guardrails=[Measure("purchase", "user", -0.05)])
    found = read_exposure(stored(tmp_path), experiment, NOW)
    assert found.variant.tolist() == [0, 1, 1, 0]  # ann, bob, cem, eve
    assert found.impressions.tolist() == [2, 1, 1, 1]
    assert found.judged.tolist() == [True, True, True, False]
    assert found.counts["click"].tolist() == [2, 0, 1, 1]
    assert found.counts["purchase"].tolist() == [0, 0, 1, 0]
    assert found.mixed == 2
    of_items = read_exposure(
        stored(tmp_path / "again"), replace(experiment, guardrails=[Measure("purchase", worst=-0.05)]), NOW
    )
    assert of_items.counts["purchase"].tolist() == [0, 0, 0, 0]


def test_only_what_falls_into_the_experiment_counts(tmp_path: Path) -> None:
    found = read_exposure(stored(tmp_path), split(starts=110, ends=160), NOW)
    assert found.impressions.tolist() == [1]  # cem; ann begins before and after, with a list of 200 ms
    assert found.variant.tolist() == [1]
    early = read_exposure(stored(tmp_path / "again"), split(), 140)
    assert early.judged.tolist() == [False, False]


def test_the_rows_of_the_report(tmp_path: Path) -> None:
    found = report(stored(tmp_path), split(), NOW)
    a, b = found.rows
    assert (a.users, a.impressions, a.judged, a.converted, a.outcomes, a.rate) == (2, 3, 1, 1, 2, 1.0)
    assert (b.users, b.impressions, b.judged, b.converted, b.outcomes, b.rate) == (2, 2, 2, 1, 1, 0.5)
    assert b.uplift is not None
    assert b.uplift.estimate == -0.5
    assert b.uplift.p == 1.0
    assert found.verdict == "B: too early to say"
    assert found.mixed == 2


def test_an_experiment_without_events_is_too_early(tmp_path: Path) -> None:
    for experiment in (split(), split(kind="interleaving")):
        found = report(Store(tmp_path / "none.sqlite"), experiment, NOW)
        assert found.users == 0
        assert "too early to say" in found.verdict


def exposed(judged: tuple[int, int], converted: tuple[int, int], **more: tuple[int, int]) -> Exposure:
    """Users of A and B in turn, with so many converted of each, spread evenly."""
    variant = np.concatenate([np.full(n, place) for place, n in enumerate(judged)])
    order = np.argsort(np.concatenate([(np.arange(n) + 0.5) / max(n, 1) for n in judged]), kind="stable")

    def spread(wanted: tuple[int, int]) -> np.ndarray:
        flags = [np.diff(np.floor(np.arange(n + 1) * k / max(n, 1))) for n, k in zip(judged, wanted, strict=True)]
        return np.concatenate(flags).astype(np.int64)[order]

    ones = np.ones(sum(judged), dtype=np.int64)
    counts = {kind: spread(wanted) for kind, wanted in {"click": converted, **more}.items()}
    return Exposure(variant[order], ones, ones > 0, counts)


def told(
    judged: tuple[int, int], converted: tuple[int, int], experiment: Experiment | None = None, **more: tuple[int, int]
) -> Report:
    return report_rates(experiment or split(), exposed(judged, converted, **more))


def test_the_figures_of_a_hand_computed_example() -> None:
    found = told((1000, 1000), (100, 150)).rows[1]
    assert found.uplift is not None
    assert found.uplift.estimate == pytest.approx(0.5)
    spread = 1.959964 * sqrt(1 / 100 - 1 / 1000 + 1 / 150 - 1 / 1000)
    assert found.uplift.fixed == pytest.approx((exp(log(1.5) - spread) - 1, exp(log(1.5) + spread) - 1), abs=1e-6)
    wilson_middle, wilson_half = (
        (0.15 + 1.9208 / 1000) / 1.0038416,
        1.959964 * sqrt(0.1275 / 1000 + 0.96 / 1e6) / 1.0038,
    )
    assert found.interval == pytest.approx((wilson_middle - wilson_half, wilson_middle + wilson_half), abs=1e-4)
    assert found.uplift.always[0] < found.uplift.fixed[0]
    assert found.uplift.always[1] > found.uplift.fixed[1]
    assert found.uplift.difference[0] < 0.05 < found.uplift.difference[1]


def test_verdicts() -> None:
    assert told((5000, 5000), (500, 520)).verdict == "B: too early to say"
    assert told((5000, 5000), (500, 700)).verdict == "B is better than A"
    assert told((5000, 5000), (700, 500)).verdict == "B is worse than A"
    assert told((90_000, 10_000), (9000, 1400), split((0.9, 0.1))).verdict == "B is better than A"
    assert told((100_000, 100_000), (20_000, 20_020)).verdict == "B: no difference of 10% or more"
    assert told((5300, 4700), (500, 700)).verdict.startswith("the shares are wrong: do not trust this")
    assert told((5000, 0), (500, 0)).verdict.startswith("the shares are wrong")


def test_a_difference_that_turned_is_told() -> None:
    """First B alone converts, then A alone: no share is in both intervals."""
    half = np.arange(4000) < 2000
    variant = np.tile([0, 1], 2000)
    clicks = np.where(half, variant == 1, variant == 0).astype(np.int64)
    found = report_rates(split(), Exposure(variant, np.ones(4000, dtype=np.int64), half | ~half, {"click": clicks}))
    assert found.verdict.startswith("B: the difference has changed in the meantime")


def test_guardrails_stop_and_keep() -> None:
    guarded = split(guardrails=[Measure("purchase", "user", -0.1), Measure("hide", "user", 0.1)])
    users, clicks = (50_000, 50_000), (5000, 6000)
    assert told(users, clicks, guarded, purchase=(5000, 5000), hide=(5000, 5000)).verdict == "B is better than A"
    for broken, more in {
        "purchase": {"purchase": (5000, 4000), "hide": (5000, 5000)},
        "hide": {"purchase": (5000, 5000), "hide": (5000, 6500)},
    }.items():
        found = told(users, clicks, guarded, **more)
        assert found.verdict == f"stop B: {broken} got worse than allowed"
        assert {one.kind: one.state for one in found.rows[1].guardrails}[broken] == "broken"
    unsure = told(users, clicks, guarded, purchase=(50, 50), hide=(5000, 5000))
    assert unsure.verdict == "B is better than A, but it isn't certain yet that purchase is kept"
    assert [one.state for one in unsure.rows[1].guardrails] == ["open", "kept"]


def test_several_variants_share_the_error() -> None:
    exposure = exposed((6000, 6000), (600, 730))
    three = Exposure(
        np.concatenate([exposure.variant, np.full(6000, 2)]),
        np.ones(18_000, dtype=np.int64),
        np.ones(18_000, dtype=np.bool_),
        {"click": np.concatenate([exposure.counts["click"], np.arange(6000) % 10 == 0]).astype(np.int64)},
    )
    experiment = split((1 / 3, 1 / 3, 1 / 3))
    found = report_rates(experiment, three)
    assert found.alpha == 0.025
    assert [row.rate for row in found.rows] == pytest.approx([0.1, 0.12167, 0.1], abs=1e-4)
    assert found.rows[0].uplift is None


def test_p_and_interval_agree_even_when_the_evidence_has_faded() -> None:
    """Found early and then lost in noise: p keeps the smallest value, and so does the interval."""
    labels = np.array([True] * 12 + [False, True] * 60)
    pair = Pair(labels, 0.5, 1.0, 0.05)
    now = log_evidence(labels.sum(), len(labels), 0.5, pair.prior())
    found = compare(pair, np.ones(len(labels), dtype=np.bool_))
    assert now < log(20)
    assert found.p < 0.05
    assert found.always[0] > 0
    assert limits(int(labels.sum()), len(labels), pair.prior(), 0.05)[0] < 0.5
    early = compare(Pair(labels[:3], 0.5, 1.0, 0.05), np.ones(3, dtype=np.bool_))
    assert early.always[1] == inf
    assert early.estimate is None
    assert early.difference[1] == 1.0


def test_the_interval_leaves_zero_out_exactly_where_p_is_below_alpha() -> None:
    rng = np.random.default_rng(11)
    seen = set()
    for n in range(150):
        labels = rng.random(400) < 0.5 + 0.15 * rng.random()
        found = compare(Pair(labels, 0.5, 0.3, 0.05), np.ones(400, dtype=np.bool_))
        leaves_out = found.always[0] > 0 or found.always[1] < 0
        assert leaves_out == (found.p < 0.05), n
        seen.add(leaves_out)
    assert seen == {True, False}


def test_wins_of_teams_are_counted_a_user(tmp_path: Path) -> None:
    store = Store(tmp_path / FILE)
    shown = [
        impression(1, "ann", 100, None, "x/A y/B z/A"),
        impression(2, "ann", 300, None, "x/B y/A z/B"),
        impression(3, "bob", 100, None, "x/A y/B"),
        impression(4, "cem", 100, None, "x/A y/B z"),
        impression(5, "eve", NOW - 5, None, "x/A y/B"),
    ]
    done = [
        outcome(1, "ann", 200, "x"),  # A's then
        outcome(2, "ann", 400, "x"),  # B's by now
        outcome(3, "ann", 410, "z"),  # B's
        outcome(4, "bob", 150, "x"),
        outcome(5, "cem", 150, "z"),  # no team's
        outcome(6, "cem", 150, "w"),
        outcome(7, "eve", NOW - 1, "y"),
    ]
    store.write(shown, done)
    experiment = split(kind="interleaving")
    found = read_wins(store, experiment, NOW)
    assert found.counts["A"].tolist() == [1, 1, 0, 0]
    assert found.counts["B"].tolist() == [2, 0, 0, 1]
    preference = report(store, experiment, NOW).preference
    assert preference is not None
    assert (preference.wins, preference.ties, preference.preferred) == ((1, 1), 1, 0.5)
    assert preference.binomial_p == 1.0


def test_a_preference_in_numbers() -> None:
    first, second = np.array([1, 0] * 300), np.array([0, 1, 0, 1, 0, 2] * 100)
    found = prefer(first, second)
    assert (found.wins, found.ties) == ((300, 300), 0)
    assert found.p > 0.5
    clear = prefer(np.zeros(40), np.ones(40))
    assert clear.p < 0.05
    assert clear.always[1] == 1.0
    assert clear.binomial_p == pytest.approx(2 * 0.5**40)


def run(*arguments: str, home: Path) -> Result:
    return CliRunner().invoke(app, ["experiment", *arguments, "--home", str(home)])


DECLARED = """
[[experiment]]
name = "test"
window = "1h"
variant = [{name = "A", recommender = "walk"}, {name = "B", recommender = "blend"}]
guardrail = [{outcome = "purchase", worst = "-5%"}]
"""


def test_the_command_line(tmp_path: Path) -> None:
    assert "no experiments; declare some in" in run("list", home=tmp_path).stdout
    (tmp_path / "experiments.toml").write_text(DECLARED, "utf-8")
    stored(tmp_path)
    printed = run("report", "test", home=tmp_path)
    assert printed.exit_code == 0, printed.output
    assert printed.stdout.splitlines()[-1] == "B: too early to say"
    assert "guardrail B, purchase" in printed.stdout
    found = json.loads(run("report", "test", "--json", home=tmp_path).stdout)
    assert [row["variant"] for row in found["rows"]] == ["A", "B"]
    bought = tmp_path / "bought.toml"
    bought.write_text(
        DECLARED.replace('"1h"', '"1h"\noutcome = "purchase"\nmatch = "user"').split("guardrail")[0], "utf-8"
    )
    found = json.loads(run("report", "test", "--json", "--config", str(bought), home=tmp_path).stdout)
    assert found["rows"][1]["uplift"]["always"][1] is None  # no limit: the control has sold nothing yet
    (listed,) = json.loads(run("list", "--json", home=tmp_path).stdout)
    assert listed["running"] == "yes"
    unknown = run("report", "other", home=tmp_path)
    assert isinstance(unknown.exception, InputError)
    assert "there are: test" in str(unknown.exception)


def test_the_size_is_told() -> None:
    done = CliRunner().invoke(
        app, ["experiment", "size", "--rate", ".05", "--uplift", "10%", "--power", ".8", "--json"]
    )
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert 100_000 < found["users"] < 115_000
    assert found["fixed"] == 62_462
