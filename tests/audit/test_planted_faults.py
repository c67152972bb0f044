"""A small version of benchmarks/audit.py: planted faults are found, and clean data stay unflagged."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
N_ROWS, SIZES = 40_000, {"n_users": 800, "n_items": 1500}
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


@pytest.mark.parametrize("fault", FLOORS)
def test_a_planted_fault_is_found(bench: ModuleType, fault: str) -> None:
    clean = bench.prepared(fault, bench.generated(N_ROWS, 4, **SIZES))
    spoilt, keys = bench.PLANTS[fault](clean, 0.03, np.random.default_rng(11))
    found = bench.flagged(fault, spoilt)
    assert keys
    assert len(found & keys) >= FLOORS[fault] * len(keys)
    assert len(found & keys) >= FLOORS[fault] * len(found)


@pytest.mark.parametrize("fault", FLOORS)
def test_at_most_a_thousandth_of_clean_rows_is_flagged(bench: ModuleType, fault: str) -> None:
    clean = bench.prepared(fault, bench.generated(N_ROWS, 6, **SIZES))
    found = bench.flagged(fault, clean)
    of_users = clean.events["user_id"].isin(found)
    n_rows = len(found) if fault in bench.ROWS else int(of_users.sum()) if not fault.startswith("near") else len(found)
    assert n_rows <= 0.001 * len(clean.events)
