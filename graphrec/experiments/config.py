"""Experiments as they stand in a TOML file, read and checked; an error names the file and the key.

[[experiment]]
name = "blend-or-walk"
outcome = "click"

[[experiment.variant]]
name = "walk"
recommender = "walk"

[[experiment.variant]]
name = "blend"
recommender = ["blend", "popular"]
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graphrec.errors import InputError
from graphrec.experiments.experiment import Experiment, Measure, Variant

KEYS = (
    *("name", "salt", "kind", "variant", "outcome", "match", "guardrail"),
    *("traffic", "starts", "ends", "window", "uplift"),
)
VARIANT_KEYS = ("name", "recommender", "share", "settings")
GUARDRAIL_KEYS = ("outcome", "worst", "match")
UNITS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

FILE = "experiments.toml"
"""The file's name in a home, where no other is named."""


def read_experiments(path: Path) -> tuple[Experiment, ...]:
    """The experiments that a file declares, in its order; tables of other names are left to others.

    InputError for a file that can't be read, and for a key that is unknown, missing or of a wrong value.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("experiment", [])
    except (OSError, ValueError) as error:
        raise InputError(f"expected experiments as TOML in {path}, but it can't be read: {error}") from error
    if not isinstance(tables, list):
        raise InputError(f"{path}: write [[experiment]] with two brackets, one for each experiment")
    found = tuple(_read(table, f"{path}: experiment {n}") for n, table in enumerate(tables, start=1))
    for what, values in {"name": [e.name for e in found], "salt": [e.salt or e.name for e in found]}.items():
        if twice := sorted({value for value in values if values.count(value) > 1}):
            raise InputError(f"{path}: {what}: expected another one for each experiment, found {twice[0]!r} twice")
    return found


def _read(table: Any, place: str) -> Experiment:
    _check_keys(table, KEYS, ("name", "variant"), place)
    name = _text(table["name"], f"{place}: name")
    place = f"{place} {name!r}"
    variants = _tables(table["variant"], f"{place}: variant")
    guards = _tables(table.get("guardrail", []), f"{place}: guardrail")
    try:
        return Experiment(
            name=name,
            variants=[_variant(one, len(variants), f"{place}: variant") for one in variants],
            salt=_text(table.get("salt", name), f"{place}: salt"),
            kind=_text(table.get("kind", "split"), f"{place}: kind"),
            outcome=Measure(_text(table.get("outcome", "click"), f"{place}: outcome"), table.get("match", "item")),
            guardrails=[_guardrail(one, f"{place}: guardrail") for one in guards],
            traffic=read_share(table.get("traffic", 1.0), f"{place}: traffic"),
            starts=_time(table.get("starts"), f"{place}: starts"),
            ends=_time(table.get("ends"), f"{place}: ends"),
            window=read_duration(table.get("window", "1d"), f"{place}: window"),
            uplift=read_share(table.get("uplift", "10%"), f"{place}: uplift"),
        )
    except InputError as error:
        raise error if str(error).startswith(place) else InputError(f"{place}: {error}") from error


def _variant(table: Any, n_variants: int, place: str) -> Variant:
    _check_keys(table, VARIANT_KEYS, ("name", "recommender"), place)
    name = _text(table["name"], f"{place}.name")
    chain = table["recommender"]
    names = chain if isinstance(chain, list) else [chain]
    recommenders = tuple(_text(one, f"{place} {name!r}: recommender") for one in names)
    share = read_share(table.get("share", 1 / n_variants), f"{place} {name!r}: share")
    settings = table.get("settings", {})
    if not isinstance(settings, Mapping):
        raise InputError(
            f"{place} {name!r}: settings: expected a table such as {{diversity = 0.3}}, found {settings!r}"
        )
    return Variant(name, recommenders, share, settings)


def _guardrail(table: Any, place: str) -> Measure:
    _check_keys(table, GUARDRAIL_KEYS, ("outcome", "worst"), place)
    kind = _text(table["outcome"], f"{place}.outcome")
    return Measure(kind, table.get("match", "user"), read_share(table["worst"], f"{place} {kind!r}: worst"))


def read_share(value: Any, place: str) -> float:
    """A share or a change as a number, from 0.1 or '10%'. `place` begins the message of an InputError."""
    if isinstance(value, str) and (found := re.fullmatch(r"([+-]?\d*\.?\d+)(\s*%)?", value.strip())):
        return float(found[1]) / (100 if found[2] else 1)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise InputError(f"{place}: expected a number or a percentage such as '10%', found {value!r}")


def _check_keys(table: Any, known: tuple[str, ...], required: tuple[str, ...], place: str) -> None:
    if not isinstance(table, Mapping):
        raise InputError(f"{place}: expected a table, found {table!r}")
    missing = [key for key in required if key not in table]
    unknown = [key for key in table if key not in known]
    if missing or unknown:
        raise InputError(
            f"{place}: keys are {', '.join(known)}; "
            f"missing: {', '.join(missing) or 'none'}, unknown: {', '.join(unknown) or 'none'}"
        )


def _tables(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{place}: write [[experiment.{place.rsplit(' ', 1)[-1]}]] with two brackets, found {value!r}")
    return value


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value:
        raise InputError(f"{place}: expected text, found {value!r}")
    return value


def _time(value: Any, place: str) -> int | None:
    """Epoch milliseconds; a time without a zone is one of UTC."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise InputError(f"{place}: expected a time such as 2026-05-01T00:00:00Z, without quotes, found {value!r}")
    zoned = value if value.tzinfo else value.replace(tzinfo=UTC)
    return round(zoned.timestamp() * 1000)


def read_duration(value: Any, place: str) -> int:
    """Milliseconds of a text such as '30m'. `place` begins the message of an InputError."""
    found = re.fullmatch(r"(\d+)([smhd])", value) if isinstance(value, str) else None
    if not found:
        raise InputError(f"{place}: expected a duration such as '30m', '24h' or '7d', found {value!r}")
    return int(found[1]) * UNITS[found[2]]
