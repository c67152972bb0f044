"""What has been published of a home's data, and what it cost each person: a ledger with an end.

Losses add up over all releases (sequential composition: Dwork, McSherry, Nissim, Smith, "Calibrating noise to
sensitivity in private data analysis", TCC 2006), whatever was published and when. What is to be spent is written down
before any noise is drawn, so a release that was cut off has cost its part all the same.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from graphrec.errors import InputError
from graphrec.privacy.policy import read_policy
from graphrec.server.home import write_file

FILE = Path("privacy") / "ledger.json"
ROUNDING = 1e-9


@dataclass(frozen=True)
class Spent:
    """One release: what it was, when (epoch ms), what it cost, and the settings it was made with."""

    what: str
    at: int
    epsilon: float
    delta: float
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Balance:
    """What all releases cost together, and what they may."""

    epsilon: float
    delta: float
    total_epsilon: float
    total_delta: float


def spend(home: Path, what: str, epsilon: float, delta: float, settings: Mapping[str, Any]) -> Balance:
    """Write down a release before it is made. InputError, and nothing is written, where it goes beyond the budget."""
    path = home / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock"), mode=0o600):
        spent = read_ledger(home)
        found = _balance(home, [*spent, Spent(what, time.time_ns() // 1_000_000, epsilon, delta, settings)])
        before = _balance(home, spent)
        if found.epsilon > found.total_epsilon + ROUNDING or found.delta > found.total_delta * (1 + ROUNDING):
            raise InputError(
                f"expected at most epsilon {found.total_epsilon:g} and delta {found.total_delta:g} in all releases "
                f"together, found {before.epsilon:g} and {before.delta:g} spent already and {epsilon:g} and {delta:g} "
                f"asked for; ask for less, or publish what was published ({path} says what)"
            )
        rows = [*spent, Spent(what, time.time_ns() // 1_000_000, epsilon, delta, dict(settings))]
        write_file(path, json.dumps([asdict(row) for row in rows], indent=2) + "\n", mode=0o600)
    return found


def balance(home: Path) -> Balance:
    """What has been spent, and what may be."""
    return _balance(home, read_ledger(home))


def read_ledger(home: Path) -> list[Spent]:
    """All releases, the oldest first. InputError where the ledger can't be read: then nothing may be published."""
    path = home / FILE
    if not path.exists():
        return []
    try:
        return [Spent(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"expected the ledger of releases in {path}, found what can't be read ({error})") from error


def _balance(home: Path, spent: list[Spent]) -> Balance:
    budget = read_policy(home).publish
    epsilon, delta = sum(row.epsilon for row in spent), sum(row.delta for row in spent)
    return Balance(epsilon, delta, budget.total_epsilon, budget.total_delta)
