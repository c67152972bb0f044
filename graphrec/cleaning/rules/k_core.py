"""Users and items with few others, taken away until nobody has few: what a split or a model can't learn from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from graphrec.cleaning.desk import Desk, Done
from graphrec.cleaning.rule import Rule, Switch


class KCore(Switch):
    """Each user keeps at least `items` different items, each item at least `users` different users."""

    users: Annotated[int, Field(ge=1)]
    items: Annotated[int, Field(ge=1)]


def k_core(desk: Desk, core: KCore) -> Done:
    """The largest part in which both hold: taking away in any order ends there. Parts for tests stay as they are."""
    db = desk.source.db
    db.execute(
        "CREATE OR REPLACE TEMP TABLE core AS SELECT DISTINCT user_id, item_id FROM interactions WHERE part = 'train'"
    )
    size = -1
    while size != (size := desk.source.count("core")):
        db.execute(
            "CREATE OR REPLACE TEMP TABLE core AS SELECT user_id, item_id FROM core "
            f"SEMI JOIN (SELECT user_id FROM core GROUP BY user_id HAVING count(*) >= {core.items}) USING (user_id) "
            f"SEMI JOIN (SELECT item_id FROM core GROUP BY item_id HAVING count(*) >= {core.users}) USING (item_id)"
        )
    reason = f"outside of the core in which users have {core.items} items and items {core.users} users"
    rejected = desk.reject(
        "k_core",
        "interactions",
        f"SELECT row_id, '{reason}' AS reason FROM interactions ANTI JOIN core USING (user_id, item_id) "
        "WHERE part = 'train'",
    )
    return Done(rejected)


RULE = Rule("k_core", KCore, k_core)
