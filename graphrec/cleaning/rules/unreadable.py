"""Rows that a strict load refuses and that no other rule is about: lines that are none, counts that are no numbers."""

from __future__ import annotations

from graphrec.audit.unreadable import ELSEWHERE
from graphrec.cleaning.desk import Desk, Done
from graphrec.cleaning.rule import Rule, Switch

TABLES = ("interactions", "items", "users", "tags", "follows")


def unreadable(desk: Desk, switch: Switch) -> Done:
    """Lines that never became rows have no content among the rejects, but their file and line."""
    n_lines = desk.reject_lines("unreadable", "SELECT * FROM problems WHERE row_id IS NULL")
    known = ", ".join(f"'{name}'" for name in ELSEWHERE)
    others = f"(field IS NULL OR field NOT IN ({known}))"
    statement = f"SELECT row_id, reason FROM problems WHERE table_name = '{{}}' AND {others}"
    return Done(n_lines + sum(desk.reject("unreadable", table, statement.format(table)) for table in TABLES))


RULE = Rule("unreadable", Switch, unreadable)
