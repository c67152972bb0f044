"""What an audit says of one check: how much, how bad, where, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphrec.audit.flags import Flags
from graphrec.audit.source import Source

EXAMPLES = 5

ERROR, WARNING, NOTE = "error", "warning", "note"
"""A row that is wrong for certain; what is probably wrong; what is good to know."""


@dataclass(frozen=True)
class Example:
    """One thing that was flagged: its ids where it has some, its file and line where it stands in one, and why."""

    ids: tuple[str, ...]
    file: str | None
    line: int | None
    reason: str


@dataclass(frozen=True)
class Finding:
    """`count` of `total` things of a `unit` were flagged, which is `share` of them, and make up `n_rows` interactions.

    `rule`: the rule of `graphrec clean` that mends it, '' where none does; `advice`: what to do in words.
    """

    check: str
    severity: str
    unit: str
    count: int
    total: int
    share: float
    n_rows: int
    says: str
    rule: str = ""
    advice: str = ""
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Meaning:
    """What a check's flags mean: how bad one is, what it is called, and what mends it."""

    severity: str
    called: str
    rule: str
    advice: str


MEANINGS: Mapping[str, Meaning] = {
    "unreadable": Meaning(
        ERROR, "rows that can't be read", "unreadable", "Mend the export, or load with --rejects to put them aside."
    ),
    "duplicates": Meaning(
        ERROR, "rows that stand there already", "duplicates", "A load counts them once; mend a log that delivers twice."
    ),
    "scales": Meaning(
        ERROR,
        "ratings off their scale",
        "scales",
        "Name the scale in a policy if it is another one, else leave these rows out.",
    ),
    "times": Meaning(
        ERROR, "impossible or future times", "times", "Look for clocks that aren't set and for mixed-up units."
    ),
    "orphans": Meaning(
        ERROR,
        "rows of users or items that are described nowhere",
        "orphans",
        "Export both tables at one moment, or leave these rows out.",
    ),
    "constant_raters": Meaning(
        WARNING,
        "people who rate everything the same",
        "constant_raters",
        "Their ratings say what they saw and not what they like: leave them out, or take them as implicit.",
    ),
    "bots": Meaning(WARNING, "accounts that behave as programs do", "bots", "Leave them out of training and counts."),
    "accidents": Meaning(
        WARNING, "interactions that nobody meant", "accidents", "Leave them out: they say nothing of taste."
    ),
    "shilling": Meaning(
        WARNING,
        "accounts that look made up to push or bury an item",
        "bots",
        "Look at the items that they agree on, then leave the accounts out.",
    ),
    "near_titles": Meaning(
        WARNING,
        "items whose titles say the same",
        "near_duplicates",
        "Look through the pairs (`graphrec clean` writes a review file) and make one item of two.",
    ),
    "near_tags": Meaning(
        WARNING, "tags that say the same", "near_duplicates", "Look through the pairs and make one tag of two."
    ),
}


def finding(source: Source, flags: Flags) -> Finding:
    """The finding of a detector's flags."""
    meaning = MEANINGS[flags.check]
    count, total = flags.count(source), _total(source, flags)
    share = count / total if total else 0.0
    return Finding(
        flags.check,
        meaning.severity,
        _unit(flags),
        count,
        total,
        share,
        rows_of(source, flags),
        meaning.called,
        meaning.rule,
        meaning.advice,
        examples(source, flags) if count else (),
    )


def rows_of(source: Source, flags: Flags) -> int:
    """How many interactions the flagged things make up; of a pair of items, those of the one that would go."""
    if flags.unit == "row":
        named = f"SELECT DISTINCT row_id FROM {flags.table} WHERE of IN ('interactions', 'events')"
        return int(source.value(f"SELECT count(*) FROM ({named})"))
    if flags.unit == "user":
        return int(source.value(f"SELECT count(*) FROM interactions SEMI JOIN {flags.table} USING (user_id)"))
    gone = f"SELECT right_id FROM {flags.table} WHERE of = 'items'"
    return int(source.value(f"SELECT count(*) FROM interactions WHERE item_id IN ({gone})"))


def examples(source: Source, flags: Flags, n: int = EXAMPLES) -> tuple[Example, ...]:
    """The first of the flagged things, in the order of the data."""
    if flags.unit == "row":
        return _rows(source, flags, n)
    order = "score DESC, user_id" if flags.unit == "user" else "score, left_id, right_id"
    ids = "user_id" if flags.unit == "user" else "left_id, right_id"
    rows = source.rows(f"SELECT {ids}, reason FROM {flags.table} ORDER BY {order} LIMIT {n}")
    return tuple(Example(tuple(row[:-1]), None, None, row[-1]) for row in rows)


def _rows(source: Source, flags: Flags, n: int) -> tuple[Example, ...]:
    found: list[tuple[Any, ...]] = []
    for (table,) in source.rows(f"SELECT DISTINCT of FROM {flags.table} ORDER BY of"):
        ids = [name for name in ("user_id", "item_id") if name in source.columns(table)]
        found += source.rows(
            f"SELECT [{', '.join(ids)}], t.file, t.line, f.reason FROM {flags.table} f JOIN {table} t USING (row_id) "
            f"WHERE f.of = '{table}' ORDER BY row_id, f.reason LIMIT {n}"
        )
    return tuple(Example(tuple(map(_shown, ids)), file, line, reason) for ids, file, line, reason in found[:n])


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def _unit(flags: Flags) -> str:
    return {"near_titles": "items", "near_tags": "tags"}.get(flags.check, f"{flags.unit}s")


def _total(source: Source, flags: Flags) -> int:
    if flags.unit == "row":
        return sum(source.count(table) for table in ("interactions", "tags", "follows"))
    if flags.unit == "user":
        return int(source.value("SELECT count(DISTINCT user_id) FROM interactions"))
    column, table = ("tag", "tags") if flags.check == "near_tags" else ("item_id", "items")
    return int(source.value(f"SELECT count(DISTINCT {column}) FROM {table}"))
