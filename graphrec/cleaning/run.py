"""`graphrec clean`: an input into a folder that can be loaded, rule by rule."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from graphrec.audit import open_path
from graphrec.cleaning.config import Rules, read_rules
from graphrec.cleaning.desk import Desk, Done
from graphrec.cleaning.output import (
    REJECTS,
    REPORT,
    REVIEW,
    check_folder,
    take_over,
    write_rejects,
    write_report,
    write_tables,
)
from graphrec.cleaning.rules import RULES
from graphrec.errors import InputError

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and how much there is."""


@dataclass(frozen=True)
class RuleReport:
    """What one rule did: rows that were put aside, rows or values that were changed, and more in words."""

    rule: str
    on: bool
    rejected: int
    changed: int
    told: str


@dataclass(frozen=True)
class CleanReport:
    """What all of them did: interactions before and after, and rows by file of the output."""

    source: str
    format: str
    rules: tuple[RuleReport, ...]
    before: int
    after: int
    files: Mapping[str, int]


def clean(
    path: Path | str,
    out: Path,
    *,
    rules: Rules | None = None,
    columns: Mapping[str, str] | None = None,
    kind: str | None = None,
    review: Path | None = None,
    progress: Progress | None = None,
) -> CleanReport:
    """Write to `out` what the rules leave of an input, what they put aside, and a report.

    The input is read and never written. The same input, rules and review file give the same bytes. `review`: the file
    with a person's decisions, `out`/review.csv where none is named. `columns` and `kind` as in `load`. InputError for
    what no loader recognises, and where nothing is left.
    """
    path, rules = Path(path), rules or read_rules()
    check_folder(out, path)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".clean-", dir=out.parent) as folder:
        made = Path(folder) / "made"
        made.mkdir()
        staging = Path(folder) / "staging"
        with open_path(path, staging=staging, columns=columns, kind=kind, now=_written_at(path)) as source:
            desk = Desk.at(source, rules.settings, _review(made, out, review))
            before = source.count("interactions")
            done = _apply(desk, rules, progress or (lambda what, n, total: None))
            files = write_tables(source, made)
            if "interactions" not in files:
                raise InputError(f"nothing is left of {path.name} by these rules: {_told(done)}")
            report = CleanReport(source.name, source.format, done, before, source.count("interactions"), files)
            write_rejects(source, made / REJECTS)
        write_report(_body(report, rules), made / REPORT)
        take_over(made, out)
    return report


def _apply(desk: Desk, rules: Rules, tell: Progress) -> tuple[RuleReport, ...]:
    found = []
    for n, rule in enumerate(RULES):
        said = rules.said[rule.name]
        done = rule.apply(desk, said) if said.on else Done()
        found.append(RuleReport(rule.name, said.on, done.rejected, done.changed, done.told))
        tell("rules", n + 1, len(RULES))
    return tuple(found)


def _review(made: Path, out: Path, review: Path | None) -> Path:
    """The file in which decisions stand, and go: a copy of the one in `out`, so that all is taken over at once."""
    if review is not None:
        return review
    known = out / REVIEW
    if known.exists():
        (made / REVIEW).write_bytes(known.read_bytes())
    return made / REVIEW


def _written_at(path: Path) -> int:
    """When the newest file was written, epoch milliseconds: what is in it was done before."""
    if not path.exists():
        raise InputError(f"no file or folder at {path}")
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return max((one.stat().st_mtime_ns // 1_000_000 for one in files), default=0)


def _told(done: tuple[RuleReport, ...]) -> str:
    return ", ".join(f"{one.rule} put aside {one.rejected:,}" for one in done if one.rejected) or "it has no rows"


def _body(report: CleanReport, rules: Rules) -> dict[str, Any]:
    body = asdict(report)
    for one in body["rules"]:
        one["settings"] = rules.said[one["rule"]].model_dump(mode="json", exclude={"on"})
    return body | {"audit": asdict(rules.settings)}
