"""A hybrid declared in a TOML file: its kind, its parts in order, and a table of settings for each part that has some.

model = "switching"
parts = ["p3alpha", "ease"]
least = [0, 5]

[ease]
ridge = 200
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from graphrec.errors import InputError
from graphrec.models import create
from graphrec.models.hybrids.settings import KINDS, flattened


def read_hybrid(path: Path) -> tuple[str, dict[str, Any]]:
    """The kind and the settings that a file declares, checked. InputError that names the file and what is wrong."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"expected a hybrid declared in TOML in {path}, found none: {error}") from None
    kind = table.pop("model", None)
    if kind not in KINDS:
        raise InputError(f"expected model as one of {', '.join(KINDS)} in {path}, found {kind!r}")
    settings = flattened(table)
    try:
        create(kind, settings)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return kind, settings
