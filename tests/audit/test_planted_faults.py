"""A small version of benchmarks/audit.py: planted faults are found, and clean data stay unflagged."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SMALL, LARGE = (6_000, {"n_users": 150, "n_items": 300}), (40_000, {"n_users": 800, "n_items": 1500})
"""Rows, users and items: what is told by comparing people needs many of them."""
EXACT, PROBABLE = 0.95, 0.85
FLOORS = {
    **dict.fromkeys(("duplicates", "scales", "times", "orphans", "constant_raters"), EXACT),
    **dict.fromkeys(("accidents", "bots", "shilling", "near_titles"), PROBABLE),
}


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    """The benchmark as a module."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import audit
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
    return audit


@cache
def generated(bench: ModuleType, small: bool, seed: int) -> Any:
    """Clean data, which nobody changes: who plants something takes a copy."""
    n_rows, sizes = SMALL if small else LARGE
    return bench.generated(n_rows, seed, **sizes)


def clean_for(bench: ModuleType, fault: str, seed: int) -> Any:
    """Clean data of the size that a fault needs, with what it needs to show."""
    return bench.prepared(fault, generated(bench, fault in bench.ROWS, seed))


@pytest.mark.parametrize("fault", FLOORS)
def test_a_planted_fault_is_found(bench: ModuleType, fault: str) -> None:
    clean = clean_for(bench, fault, 4)
    spoilt, keys = bench.PLANTS[fault](clean, 0.03, np.random.default_rng(11))
    found = bench.flagged(fault, spoilt)
    assert keys
    assert len(found & keys) >= FLOORS[fault] * len(keys)
    assert len(found & keys) >= FLOORS[fault] * len(found)


def test_a_few_accounts_that_are_at_it_together_stand_out(bench: ModuleType) -> None:
    """Five of eight hundred users, too few to stand out by their number: of no more rows than a thousandth."""
    clean = generated(bench, False, 4)
    planted = found = 0
    for seed in range(3):
        spoilt, keys = bench.PLANTS["shilling"](clean, 0.001, np.random.default_rng(seed))
        flagged = bench.flagged("shilling", spoilt)
        planted, found = planted + len(keys), found + len(flagged & keys)
        assert flagged <= keys
    assert planted == 15
    assert found >= PROBABLE * planted


@pytest.mark.parametrize("fault", FLOORS)
def test_at_most_a_thousandth_of_clean_rows_is_flagged(bench: ModuleType, fault: str) -> None:
    clean = clean_for(bench, fault, 6)
    found = bench.flagged(fault, clean)
    users = [key for key in found if isinstance(key, str)]
    n_rows = int(clean.events["user_id"].isin(users).sum()) if users else len(found)
    assert n_rows <= 0.001 * len(clean.events)
