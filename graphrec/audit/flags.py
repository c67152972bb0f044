"""What a detector found: a table of flagged rows, users, items or pairs, each with a reason."""

from __future__ import annotations

from dataclasses import dataclass

from graphrec.audit.source import Source

KEYS = {"row": "row_id", "user": "user_id", "item": "item_id", "pair": "left_id, right_id"}


@dataclass(frozen=True)
class Flags:
    """The table `table` of the source's database holds what was flagged.

    `unit` says its columns beside `reason` (text) and `of` (the table that rows, items or tags belong to):
    row: row_id; user: user_id, score; item: item_id; pair: left_id, right_id, score, where `left` is the one to keep.
    The same thing may stand there for several reasons.
    """

    check: str
    unit: str
    table: str

    def count(self, source: Source) -> int:
        """How many different things were flagged."""
        return int(source.value(f"SELECT count(*) FROM (SELECT DISTINCT of, {KEYS[self.unit]} FROM {self.table})"))


def flag(source: Source, check: str, unit: str, sql: str) -> Flags:
    """Keep what a statement gives as the flags of a check; another run of the check replaces them."""
    table = f"flagged_{check}"
    source.db.execute(f"CREATE OR REPLACE TABLE {table} AS {sql}")
    return Flags(check, unit, table)
