"""Rows without an id that a load needs: whatever the other rules are, what is written can be loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from graphrec.cleaning.desk import Desk, Done
from graphrec.cleaning.rule import Rule, Switch

NEEDED: Mapping[str, tuple[str, ...]] = {
    "interactions": ("user_id", "item_id", "kind"),
    "items": ("item_id",),
    "users": ("user_id",),
    "tags": ("item_id", "tag"),
    "follows": ("user_id", "followee_id"),
}
"""By table the columns of which none may lack a value."""


class Always(Switch):
    """It can't be turned off."""

    on: Literal[True]


def without_id(desk: Desk, always: Always) -> Done:
    """What `unreadable` and `orphans` left, where they are off."""
    rejected = 0
    for table, columns in NEEDED.items():
        lacking = " OR ".join(f"{column} IS NULL" for column in columns)
        reason = "without " + " or ".join([", ".join(columns[:-1]), columns[-1]] if len(columns) > 1 else columns)
        statement = f"SELECT row_id, '{reason}' AS reason FROM {table} WHERE {lacking}"
        rejected += desk.reject("without_id", table, statement)
    return Done(rejected)


RULE = Rule("without_id", Always, without_id)
