"""The review file: what may be merged, with a column for a person's decision, which the next run follows."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from graphrec.errors import InputError

COLUMNS = ("decision", "of", "keep", "merge", "likeness", "reason")
DECISIONS = ("merge", "keep", "ask")
"""To make one of both, to leave both, or to leave both until somebody decides."""


@dataclass(frozen=True)
class Pair:
    """Two items (by id) or tags (by name) that may be one. `likeness` from 0 to 100."""

    decision: str
    of: str
    keep: str
    merge: str
    likeness: float
    reason: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is about, whichever of both is kept."""
        return self.of, min(self.keep, self.merge), max(self.keep, self.merge)

    def proposed(self, merge_from: float) -> Pair:
        """With the decision where nobody decided."""
        return replace(self, decision="merge" if self.likeness >= merge_from else "ask")


def read_review(file: Path) -> list[Pair]:
    """The decisions of a file; of those to `ask` none. Without a file none. InputError names file and line."""
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as opened:
        rows = csv.DictReader(opened)
        if set(rows.fieldnames or ()) < {"decision", "of", "keep", "merge"}:
            raise InputError(f"{file}: expected the columns {', '.join(COLUMNS)}, found {rows.fieldnames}")
        return [pair for row in rows if (pair := _read(row, f"{file}:{rows.line_num}")).decision != "ask"]


def write_review(file: Path, pairs: Iterable[Pair]) -> None:
    """The file, in the order of what the pairs are of, the most alike first."""
    rows = sorted(pairs, key=lambda pair: (pair.of, -pair.likeness, pair.keep, pair.merge))
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(COLUMNS)
        writer.writerows((one.decision, one.of, one.keep, one.merge, f"{one.likeness:g}", one.reason) for one in rows)


def _read(row: dict[str, str | None], where: str) -> Pair:
    decision, of = (row["decision"] or "").strip().lower(), (row["of"] or "").strip()
    keep, merge = row["keep"] or "", row["merge"] or ""
    if decision not in DECISIONS:
        raise InputError(f"{where}: expected one of {', '.join(DECISIONS)} as the decision, found {decision!r}")
    if of not in ("items", "tags") or not keep or not merge or keep == merge:
        raise InputError(f"{where}: expected two items or two tags, found {of!r}: {keep!r} and {merge!r}")
    try:
        return Pair(decision, of, keep, merge, float(row.get("likeness") or 0), row.get("reason") or "")
    except ValueError:
        raise InputError(f"{where}: expected a number as the likeness, found {row.get('likeness')!r}") from None
