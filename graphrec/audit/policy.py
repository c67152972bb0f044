"""A policy: the most that may be wrong before a night must stop, and where detectors draw their lines.

[limits]
duplicates = "1%"          # a check: the largest share that may be flagged
"metadata.items.title" = 0 # one column; `metadata` limits every column
psi = 0.25                 # the largest change against the baseline, or without one between two periods
new_items = "20%"

[settings]
rating_min = 1
rating_max = 5
earliest = 2001-01-01
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec.audit.finding import MEANINGS
from graphrec.audit.settings import Settings
from graphrec.errors import InputError

if TYPE_CHECKING:
    from graphrec.audit.report import Report

FIGURES = ("gini_items", "gini_users", "cold_users", "cold_items", "top_share")
CHANGES = ("psi", "ks", "new_users", "new_items", "vanished_users", "vanished_items")
GROUPS = ("metadata", "embeddings")
MOST = ("psi",)
"""What may be more than 1."""


@dataclass(frozen=True)
class Breach:
    """A limit that was broken: what was found, and what was allowed."""

    name: str
    found: float
    allowed: float


@dataclass(frozen=True)
class Policy:
    """Limits by the name of a check, figure or change, and the settings of the detectors."""

    limits: Mapping[str, float] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)

    def breaches(self, report: Report) -> tuple[Breach, ...]:
        """The limits that a report breaks, by name."""
        found = {name: _measured(name, report) for name in self.limits}
        return tuple(
            Breach(name, found[name], allowed) for name, allowed in sorted(self.limits.items()) if found[name] > allowed
        )


def read_policy(path: Path) -> Policy:
    """The policy in a TOML file. InputError for a file that can't be read, an unknown key and a wrong value."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"expected a policy as TOML in {path}, but it can't be read: {error}") from error
    _check(told, ("limits", "settings"), str(path))
    limits, settings = told.get("limits", {}), told.get("settings", {})
    if not isinstance(limits, dict) or not isinstance(settings, dict):
        raise InputError(f"{path}: limits and settings are tables: write [limits] and [settings]")
    flat = _flat(limits)
    for name in flat:
        if not _is_known(name):
            known = ", ".join((*MEANINGS, *GROUPS, *FIGURES, *CHANGES))
            raise InputError(f"{path}: limits: there is nothing called {name!r}; there are {known}")
    return Policy({name: _limit(value, name, path) for name, value in flat.items()}, _settings(settings, path))


def _flat(table: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Names with dots, however they are written: TOML takes `metadata.items.title` for tables in tables."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return found


def _is_known(name: str) -> bool:
    return name in (*MEANINGS, *GROUPS, *FIGURES, *CHANGES) or name.startswith(tuple(f"{one}." for one in GROUPS))


def _measured(name: str, report: Report) -> float:
    """What a report says of a name; a group is as bad as its worst."""
    if name in FIGURES:
        if name.startswith("cold"):
            n_all = report.shape.n_users if name == "cold_users" else report.shape.n_items
            return float(getattr(report.shape, name)) / n_all if n_all else 0.0
        return float(getattr(report.shape, name))
    if name in CHANGES:
        measure, _, what = name.partition("_")
        return max((_change(one, measure, what) for one in report.drifts[-1:]), default=0.0)
    shares = [one.share for one in report.findings if one.check == name or one.check.startswith(f"{name}.")]
    return max(shares, default=0.0)


def _change(drift: Any, measure: str, what: str) -> float:
    values = [one.value for one in drift.changes if one.measure == measure and (not what or one.what == what)]
    return float(max(values, default=0.0))


def _limit(value: Any, name: str, path: Path) -> float:
    place = f"{path}: limits: {name}"
    if isinstance(value, str) and (found := re.fullmatch(r"(\d*\.?\d+)\s*%", value.strip())):
        value = float(found[1]) / 100
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or (value > 1 and name not in MOST):
        raise InputError(f"{place}: expected a share from 0 to 1 or a percentage such as '1%', found {value!r}")
    return float(value)


def _settings(told: Mapping[str, Any], path: Path) -> Settings:
    known = {one.name: one for one in fields(Settings)}
    _check(told, tuple(known), f"{path}: settings")
    values: dict[str, Any] = {}
    for name, value in told.items():
        if name == "earliest":
            values[name] = _time(value, path)
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{path}: settings: {name}: expected a number, found {value!r}")
        elif name in WHOLE and (value != int(value) or value < 1):
            raise InputError(f"{path}: settings: {name}: expected a whole number of 1 or more, found {value!r}")
        else:
            values[name] = int(value) if name in WHOLE else float(value)
    if ("rating_min" in values) != ("rating_max" in values):
        raise InputError(f"{path}: settings: a scale has both rating_min and rating_max")
    return Settings(**values)


WHOLE = ("constant_ratings", "bot_events", "bot_items", "group_size", "cold")


def _time(value: Any, path: Path) -> int:
    if isinstance(value, datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=UTC)
        return round(zoned.timestamp() * 1000)
    if isinstance(value, date):
        return round(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)
    raise InputError(f"{path}: settings: earliest: expected a date such as 2001-01-01, without quotes, found {value!r}")


def _check(table: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    unknown = [name for name in table if name not in known]
    if unknown:
        raise InputError(f"{place}: keys are {', '.join(known)}; unknown: {', '.join(unknown)}")
