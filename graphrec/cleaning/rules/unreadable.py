"""Rows that a strict load refuses and that no other rule is about: lines that are none, counts that are no numbers."""

from __future__ import annotations

from graphrec.cleaning.desk import Desk, Done
from graphrec.cleaning.rule import Rule, Switch

OTHERS = ("user_id", "item_id", "followee_id", "rating", "at")
"""Fields that the rules orphans, scales and times are about."""

TABLES = ("interactions", "items", "users", "tags", "follows")


def unreadable(desk: Desk, switch: Switch) -> Done:
    """Lines that never became rows have no content among the rejects, but their file and line."""
    db = desk.source.db
    n_lines = int(desk.source.value("SELECT count(*) FROM problems WHERE row_id IS NULL"))
    db.execute(
        "INSERT INTO rejects SELECT nextval('reject_number'), 'unreadable', reason, table_name, file, \"line\", NULL "
        'FROM (SELECT * FROM problems WHERE row_id IS NULL ORDER BY table_name, file, "line", reason)'
    )
    known = ", ".join(f"'{name}'" for name in OTHERS)
    statement = f"SELECT row_id, reason FROM problems WHERE table_name = '{{}}' AND field NOT IN ({known})"
    return Done(n_lines + sum(desk.reject("unreadable", table, statement.format(table)) for table in TABLES))


RULE = Rule("unreadable", Switch, unreadable)
