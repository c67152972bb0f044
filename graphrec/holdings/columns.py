"""Values of properties as Neo4j's bulk importer reads them, and those that it can't read as they are."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from graphrec.ingest.bulk import MAX_VALUE
from graphrec.ingest.rows import SEPARATOR

TYPES = {"STRING": "string", "INTEGER": "long", "FLOAT": "double", "BOOLEAN": "boolean"}
"""What Cypher's valueType() calls a type, and what the importer does."""

_LIST = re.compile(r"LIST<(\w+) NOT NULL>")
_NAME = re.compile(r"[^\W\d]\w*")


def column_type(key: str, told: str) -> str | None:
    """The importer's type for a property of a type that valueType() told, None where it has none for it."""
    if not _NAME.fullmatch(key):
        return None
    plain = told.removesuffix(" NOT NULL")
    if found := _LIST.fullmatch(plain):
        return f"{TYPES[found[1]]}[]" if found[1] in TYPES else None
    return TYPES.get(plain)


def field_of(value: Any, kind: str) -> str | None:
    """A value of a type as a field of a row, None where the importer wouldn't read the same from it."""
    if not kind.endswith("[]"):
        return _FIELDS[kind](value) if not isinstance(value, str) or len(value) <= MAX_VALUE else None
    if not value or (kind == "string[]" and any(not part or SEPARATOR in part for part in value)):
        return None
    if kind == "string[]":
        joined = SEPARATOR.join(value)
        return quoted(joined) if len(joined) <= MAX_VALUE else None
    return SEPARATOR.join(_FIELDS[kind.removesuffix("[]")](part) for part in value)


def quoted(text: str) -> str:
    """A text as a field, told from a missing one even where it is empty."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _double(value: float) -> str:
    """The shortest text from which the same number is read."""
    if math.isnan(value):
        return "NaN"
    return repr(value) if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


_FIELDS: Mapping[str, Callable[[Any], str]] = {
    "string": quoted,
    "long": str,
    "double": _double,
    "boolean": lambda value: "true" if value else "false",
}
