"""Assignment: stable, in the shares that were declared, independent where salts differ."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from scipy.stats import chi2_contingency, chisquare
from worlds import split

from graphrec.errors import InputError
from graphrec.experiments import Experiment, Variant, assign, find_assignment, takes_part

USERS = [f"user-{n}" for n in range(40_000)]


def names(experiment: Experiment) -> list[str | None]:
    return [variant.name if (variant := assign(experiment, user)) else None for user in USERS]


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.9, 0.1), (0.2, 0.3, 0.5)])
def test_shares_are_respected(shares: tuple[float, ...]) -> None:
    found = names(split(shares))
    counts = [found.count(name) for name in "ABC"[: len(shares)]]
    assert sum(counts) == len(USERS)
    assert chisquare(counts, [share * len(USERS) for share in shares]).pvalue > 0.001


def test_a_user_gets_the_same_answer_in_every_process() -> None:
    """Recorded once: another hash would move users between variants in the middle of an experiment."""
    found = "".join(name or "-" for name in names(split(salt="pepper", traffic=0.8))[:24])
    assert found == "BAB-BBBBAABBBB-BAAB-BBA-"


def test_experiments_of_different_salts_are_independent() -> None:
    first, second = names(split(salt="a")), names(split(salt="b"))
    pairs = Counter(zip(first, second, strict=True))
    table = [[pairs[one, two] for two in "AB"] for one in "AB"]
    assert chi2_contingency(table).pvalue > 0.001
    assert first != second


def test_the_variant_is_independent_of_who_takes_part() -> None:
    found = names(split(traffic=0.3))
    counts = [found.count(name) for name in "AB"]
    assert chisquare(counts).pvalue > 0.001
    assert chisquare([sum(counts), found.count(None)], [0.3 * len(USERS), 0.7 * len(USERS)]).pvalue > 0.001


def test_more_traffic_moves_nobody() -> None:
    small, large = names(split(traffic=0.1)), names(split(traffic=0.6))
    assert all(after == before for before, after in zip(small, large, strict=True) if before)
    assert large.count(None) < small.count(None)


def test_without_a_salt_the_name_is_the_salt() -> None:
    assert names(split(name="one")) == names(split(name="two", salt="one")) != names(split(name="two"))


def test_a_user_takes_part_in_one_experiment_at_a_time() -> None:
    first = split(name="first", traffic=0.5, starts=100, ends=200)
    second = Experiment("second", [Variant("A", ("walk",), 0.5), Variant("B", ("blend",), 0.5)], kind="interleaving")
    found = [find_assignment([first, second], user, 150) for user in USERS[:2000]]
    chosen = [one.experiment.name for one in found if one]
    assert len(chosen) == 2000
    assert 900 < chosen.count("first") < 1100
    assert all((one.variant is None) == (one.experiment is second) for one in found if one)
    assert {one.experiment.name for user in USERS[:99] if (one := find_assignment([first, second], user, 200))} == {
        "second"
    }
    assert find_assignment([first], next(user for user in USERS if not takes_part(first, user)), 150) is None
    with pytest.raises(InputError, match="interleaves"):
        assign(second, "u")


def test_hashes_fill_every_part_of_the_range() -> None:
    """100 variants in equal shares: no part of the range is favoured."""
    variants = [Variant(str(n), ("popular",), 0.01) for n in range(100)]
    counts = np.bincount([int(name) for name in names(Experiment("many", variants)) if name])
    assert chisquare(counts).pvalue > 0.001


def test_the_request_path_imports_nothing_heavy() -> None:
    heavy = ("numpy", "pandas", "scipy", "torch", "pyarrow")
    code = f"import sys, graphrec.experiments; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
