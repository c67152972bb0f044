"""Rules out of a TOML file, read strictly: a table, key or value that isn't known is an error that names it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from graphrec.audit.settings import Settings
from graphrec.cleaning.rule import Switch
from graphrec.cleaning.rules import RULES
from graphrec.errors import InputError

DEFAULT_FILE = Path(__file__).with_name("rules.toml")
AUDIT = "audit"


@dataclass(frozen=True)
class Rules:
    """What each rule is told, by its name, and where detectors draw their lines."""

    said: Mapping[str, Switch]
    settings: Settings


def read_rules(file: Path | None = None) -> Rules:
    """The rules of a file; what it leaves out is as in the default, and so is all of it without a file.

    InputError names the file, the key, what was wanted and what was found.
    """
    usual = _tables(DEFAULT_FILE)
    given = _tables(file) if file is not None else {}
    where = str(file or DEFAULT_FILE)
    names = [AUDIT, *(rule.name for rule in RULES)]
    for name, table in given.items():
        if name not in names:
            raise InputError(f"{where}: {name}: expected one of {', '.join(names)}, found {name!r}")
        if not isinstance(table, dict):
            raise InputError(f"{where}: {name}: expected a table [{name}], found {table!r}")
    whole = {name: {**usual[name], **given.get(name, {})} for name in names}
    said = {rule.name: _checked(rule.said, whole[rule.name], f"{where}: {rule.name}") for rule in RULES}
    return Rules(said, _settings(whole[AUDIT], f"{where}: {AUDIT}"))


def _checked(kind: type[Switch], table: Mapping[str, Any], where: str) -> Switch:
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        wrong = error.errors()[0]
        key = ".".join(map(str, wrong["loc"]))
        if wrong["type"] == "extra_forbidden":
            told = f"expected one of {', '.join(kind.model_fields)}"
        else:
            told = wrong["msg"].removeprefix("Value error, ").replace("Input should", "expected to")
        raise InputError(f"{where}.{key}: {told}, found {repr(wrong['input'])[:80]}") from error


def _settings(table: Mapping[str, Any], where: str) -> Settings:
    known = get_type_hints(Settings)
    for name, value in table.items():
        if name not in known:
            raise InputError(f"{where}.{name}: expected one of {', '.join(known)}, found {name!r}")
        try:
            TypeAdapter(known[name]).validate_python(value, strict=True)
        except ValidationError as error:
            wanted = error.errors()[0]["msg"].replace("Input should", "expected to")
            raise InputError(f"{where}.{name}: {wanted}, found {value!r}") from error
    return Settings(**table)


def _tables(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"expected rules as TOML in {file}, but it can't be read: {error}") from error
