"""How much an interaction says, by its kind: a purchase more than a view, a skip the opposite."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from graphrec.cleaning.desk import Desk, Done
from graphrec.cleaning.rule import Rule, Switch
from graphrec.kinds import kind_weight

NEGATIVE = "skip"
"""What a kind of weight 0 or less becomes that graphrec would take for liking."""


class Weights(Switch):
    """Weights by kind; a kind that isn't named weighs as graphrec has it."""

    kinds: dict[str, Annotated[float, Field(ge=-1_000, le=1_000)]]


def weights(desk: Desk, said: Weights) -> Done:
    """Each row's weight (1 where it has none) times that of its kind.

    A row of weight 0 or less must not count as liking after the load either: where graphrec takes its kind for liking,
    it becomes `skip`.
    """
    kinds = [kind for (kind,) in desk.source.rows("SELECT DISTINCT kind FROM interactions ORDER BY kind") if kind]
    weighed = [(kind, said.kinds.get(kind, kind_weight(kind))) for kind in kinds]
    if not weighed:
        return Done()
    db = desk.source.db
    db.execute("CREATE OR REPLACE TEMP TABLE weighed (kind VARCHAR, weight DOUBLE, told VARCHAR)")
    db.executemany(
        "INSERT INTO weighed VALUES (?, ?, ?)",
        [(kind, weight, NEGATIVE if weight <= 0 < kind_weight(kind) else kind) for kind, weight in weighed],
    )
    changed = desk.source.value("SELECT count(*) FROM interactions WHERE kind IS NOT NULL")
    db.execute(
        "UPDATE interactions SET weight = coalesce(interactions.weight, 1.0) * weighed.weight, kind = weighed.told "
        "FROM weighed WHERE interactions.kind = weighed.kind"
    )
    desk.changed()
    return Done(changed=int(changed))


RULE = Rule("weights", Weights, weights)
