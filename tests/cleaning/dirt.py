"""Small inputs with faults, and what cleaning makes of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphrec.cleaning import CleanReport, clean, read_rules
from graphrec.frames import Frames
from loaders import load_frames

Rows = Sequence[Mapping[str, Any]]

ALL_OFF = "".join(
    f"[{name}]\non = false\n"
    for name in ("unreadable", "duplicates", "scales", "times", "orphans", "accidents", "bots", "near_duplicates")
)
"""Rules of which none is on; those of a test follow."""


def written(folder: Path, **tables: Rows) -> Path:
    """A folder with a CSV file a table."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, list(dict.fromkeys(key for row in rows for key in row)))
            writer.writeheader()
            writer.writerows(rows)
    return folder


def only(**rules: str) -> str:
    """Rules as TOML: these on, with what is said of them, and no others."""
    named = "".join(f"[{name}]\non = true\n{said}\n" for name, said in rules.items())
    return (
        "".join(part for part in ALL_OFF.replace("[", "\0[").split("\0") if part[1:].split("]")[0] not in rules) + named
    )


def cleaned(path: Path, rules: str | None = None, out: Path | None = None) -> tuple[Path, CleanReport]:
    """Where the output lies, and the report."""
    file = path.with_suffix(".toml")
    if rules is not None:
        file.write_text(rules, encoding="utf-8")
    out = out or path.with_name(f"{path.name}-out")
    return out, clean(path, out, rules=read_rules(file if rules is not None else None))


def counts(report: CleanReport) -> dict[str, tuple[int, int]]:
    """By rule that did something: rows put aside, rows or values changed."""
    return {one.rule: (one.rejected, one.changed) for one in report.rules if one.rejected or one.changed}


def rejects(out: Path) -> list[dict[str, Any]]:
    """The lines of the rejects, the row itself as a dict."""
    with (out / "rejects.csv").open(encoding="utf-8", newline="") as opened:
        return [row | {"row": json.loads(row["row"] or "null")} for row in csv.DictReader(opened)]


def frames(out: Path) -> Frames:
    """The output as `graphrec load` reads it."""
    return load_frames(out, staging=out.with_name(f"{out.name}-staged"))


def rows(out: Path, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of a table of the output, in their order."""
    found = frames(out)
    try:
        return sorted(zip(*(found.table(table)[name].to_pylist() for name in columns), strict=True), key=repr)
    finally:
        found.discard()
