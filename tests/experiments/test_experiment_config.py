"""Experiments as TOML: read whole, and refused with the file and the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec.errors import InputError
from graphrec.experiments import Measure, Variant, read_experiments

GOOD = """
[service]
workers = 2

[[experiment]]
name = "blend-or-walk"
salt = "spring"
outcome = "purchase"
match = "user"
traffic = "20%"
starts = 2026-05-01T00:00:00Z
ends = 2026-06-01T02:00:00+02:00
window = "2d"
uplift = 0.05

[[experiment.variant]]
name = "walk"
recommender = "walk"
share = 0.9

[[experiment.variant]]
name = "blend"
recommender = ["blend", "popular"]
share = "10%"

[[experiment.guardrail]]
outcome = "hide"
worst = "+5%"

[[experiment]]
name = "drafted"
kind = "interleaving"
variant = [{name = "a", recommender = "walk"}, {name = "b", recommender = "blend"}]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "experiments.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_declared_is_read(tmp_path: Path) -> None:
    first, second = read_experiments(written(tmp_path, GOOD))
    assert first.name == "blend-or-walk"
    assert first.salt == "spring"
    assert first.variants == [Variant("walk", ("walk",), 0.9), Variant("blend", ("blend", "popular"), 0.1)]
    assert first.control.name == "walk"
    assert first.outcome == Measure("purchase", "user")
    assert first.guardrails == [Measure("hide", "user", 0.05)]
    assert (first.traffic, first.uplift, first.window) == (0.2, 0.05, 2 * 86_400_000)
    assert (first.starts, first.ends) == (1_777_593_600_000, 1_780_272_000_000)
    assert first.is_running(1_777_593_600_000)
    assert not first.is_running(1_777_593_599_999)
    assert not first.is_running(1_780_272_000_000)
    assert (second.kind, second.traffic, second.starts) == ("interleaving", 1.0, None)
    assert [variant.share for variant in second.variants] == [0.5, 0.5]
    assert read_experiments(written(tmp_path, "")) == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "blend-or-walk"\n', "", r"experiment 1: keys are .*; missing: name"),
        ("traffic", "trafic", r"unknown: trafic"),
        ('"20%"', '"many"', r"'blend-or-walk': traffic: expected a number or a percentage such as '10%', found 'many'"),
        ('"20%"', "0", r"traffic: expected a share in \(0, 1\], found 0"),
        ("share = 0.9", "share = 0.8", r"variant.share: expected shares that add up to 1, found 0.9"),
        ("share = 0.9", "share = true", r"variant 'walk': share: expected a number"),
        ('"10%"', '"-10%"', r"add up to 1|every share above 0"),
        ('name = "blend"', 'name = "walk"', r"variant.name: expected different names, found walk, walk"),
        ('recommender = "walk"\nshare', "recommender = 1\nshare", r"variant 'walk': recommender: expected text"),
        ('"2d"', '"long"', r"window: expected a duration such as '30m', '24h' or '7d', found 'long'"),
        ('"2d"', '"0d"', r"window: expected more than 0"),
        ("2026-06-01T02:00:00+02:00", "2026-04-01T00:00:00Z", r"ends: expected a time after starts"),
        ("2026-05-01T00:00:00Z", '"May"', r"starts: expected a time such as"),
        ('"+5%"', '"0%"', r"guardrail.worst: expected a change such as '-5%'"),
        ('outcome = "hide"', 'outcome = "purchase"', r"guardrail.outcome: expected different kinds"),
        ('match = "user"', 'match = "page"', r"match: expected item or user, found 'page'"),
        (
            'kind = "interleaving"',
            'kind = "bandit"',
            r"'drafted': kind: expected split or interleaving, found 'bandit'",
        ),
        (', {name = "b", recommender = "blend"}', "", r"'drafted': variant: expected at least two, found 1"),
        (
            'name = "drafted"',
            'name = "drafted"\nsalt = "spring"',
            r"salt: expected another one .*, found 'spring' twice",
        ),
        ("[[experiment.guardrail]]", "[experiment.guardrail]", r"guardrail: write \[\[experiment.guardrail\]\]"),
        ("uplift = 0.05", "uplift = ", r"it can't be read"),
    ],
)
def test_what_is_wrong_is_told_with_its_file_and_key(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert GOOD.count(old) >= 1
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InputError, match=told) as refused:
        read_experiments(path)
    assert str(path) in str(refused.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.toml"):
        read_experiments(tmp_path / "nowhere.toml")
