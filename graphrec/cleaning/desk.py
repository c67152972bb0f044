"""Where rules work: the raw rows of an input, out of which rows go to the rejects with a reason, or are changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graphrec.audit import Flags, Source
from graphrec.audit.settings import Settings

DERIVED = ("coded_interactions", "coded_events", "people", "things", "busy")
"""Tables that detectors make of the rows and keep: they are of no use once rows have changed."""


@dataclass(frozen=True)
class Done:
    """What a rule did: rows that went to the rejects, and rows or values that were changed. `told`: more, in words."""

    rejected: int = 0
    changed: int = 0
    told: str = ""


@dataclass(frozen=True)
class Desk:
    """`source`: the rows, this run's own copy; `settings`: where detectors draw their lines; `review`: the file in
    which a person may decide what is merged."""

    source: Source
    settings: Settings
    review: Path

    @classmethod
    def at(cls, source: Source, settings: Settings, review: Path) -> Desk:
        """A desk with an empty pile of rejects."""
        source.db.execute(
            "CREATE TABLE rejects (number BIGINT, rule VARCHAR, reason VARCHAR, table_name VARCHAR, file VARCHAR, "
            '"line" BIGINT, "row" VARCHAR)'
        )
        return cls(source, settings, review)

    def reject(self, rule: str, table: str, statement: str) -> int:
        """How many rows of a table went to the rejects: those that a statement gives as `row_id` and `reason`, in their
        order. A row that is given for several reasons goes for the first of them by the alphabet."""
        db = self.source.db
        db.execute(
            f"CREATE OR REPLACE TEMP TABLE going AS SELECT row_id, min(reason) AS reason FROM ({statement}) "
            f"SEMI JOIN {table} USING (row_id) GROUP BY row_id"
        )
        n_rows = self.source.count("going")
        if n_rows:
            self._put_aside(
                rule,
                f"SELECT going.reason, '{table}' AS table_name, t.file, t.\"line\", to_json(t)::VARCHAR AS content, "
                f"t.row_id AS place FROM {table} t JOIN going USING (row_id)",
            )
            db.execute(f"DELETE FROM {table} WHERE row_id IN (SELECT row_id FROM going)")
            self.changed()
        return n_rows

    def reject_lines(self, rule: str, statement: str) -> int:
        """How many lines that never became rows went to the rejects: those that a statement gives as `reason`,
        `table_name`, `file` and `line`."""
        before = self.source.count("rejects")
        told = 'NULL::VARCHAR AS content, row_number() OVER (ORDER BY table_name, file, "line", reason) AS place'
        self._put_aside(rule, f'SELECT reason, table_name, file, "line", {told} FROM ({statement})')
        return self.source.count("rejects") - before

    def _put_aside(self, rule: str, statement: str) -> None:
        """What a statement gives, numbered in the order of its `place` after what is there."""
        self.source.db.execute(
            "INSERT INTO rejects SELECT (SELECT count(*) FROM rejects) + row_number() OVER (ORDER BY place), ?, "
            f'reason, table_name, file, "line", content FROM ({statement})',
            [rule],
        )

    def reject_flagged(self, rule: str, flags: Flags) -> int:
        """How many rows went to the rejects because a detector flagged them, or whoever made them."""
        if flags.unit == "user":
            statement = f"SELECT row_id, reason FROM {{table}} JOIN {flags.table} USING (user_id)"
            return sum(self.reject(rule, table, statement.format(table=table)) for table in ("interactions", "tags"))
        tables = [name for (name,) in self.source.rows(f"SELECT DISTINCT of FROM {flags.table} ORDER BY of")]
        return sum(
            self.reject(rule, table, f"SELECT row_id, reason FROM {flags.table} WHERE of = '{table}'")
            for table in tables
        )

    def changed(self) -> None:
        """Let detectors look at the rows anew."""
        for table in DERIVED:
            self.source.db.execute(f"DROP TABLE IF EXISTS {table}")
