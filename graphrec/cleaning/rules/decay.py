"""What was done long ago says less: half as much after each half-life before the newest interaction of the input."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from graphrec.cleaning.desk import Desk, Done
from graphrec.cleaning.rule import Rule, Switch

DAY_MS = 86_400_000


class Decay(Switch):
    """`drop_below`: what is left of a weight of 1 below which a row is put aside; 0 keeps all."""

    half_life_days: Annotated[float, Field(gt=0)]
    drop_below: Annotated[float, Field(ge=0, lt=1)]


def decay(desk: Desk, said: Decay) -> Done:
    """Each row's weight (1 where it has none) times 2^(−age / half-life). Rows without a time stay as they are."""
    newest = desk.source.value("SELECT max(\"at\") FROM interactions WHERE part = 'train'")
    if newest is None:
        return Done(told="no interaction has a time")
    left = f'power(2.0, ("at" - {newest}) / {said.half_life_days * DAY_MS!r})'
    rejected = desk.reject(
        "decay",
        "interactions",
        f"SELECT row_id, 'so old that ' || printf('%.3g', {left}) || ' of it is left' AS reason FROM interactions "
        f"WHERE part = 'train' AND \"at\" IS NOT NULL AND {left} < {said.drop_below!r}",
    )
    timed = "part = 'train' AND \"at\" IS NOT NULL"
    changed = desk.source.value(f"SELECT count(*) FROM interactions WHERE {timed}")
    desk.source.db.execute(f"UPDATE interactions SET weight = round(coalesce(weight, 1.0) * {left}, 6) WHERE {timed}")
    return Done(rejected, int(changed))


RULE = Rule("decay", Decay, decay)
