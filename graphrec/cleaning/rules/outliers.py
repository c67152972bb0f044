"""Numbers far beyond the others: counts and weights are cut, metadata are taken away."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from graphrec.audit.source import quote
from graphrec.cleaning.desk import Desk, Done
from graphrec.cleaning.fold import fold
from graphrec.cleaning.rule import Rule, Switch

Columns = Annotated[tuple[Literal["count", "weight"], ...], Field(strict=False)]
Names = Annotated[tuple[str, ...], Field(strict=False)]


class Outliers(Switch):
    """`fence`: so many interquartile ranges beyond a quartile is too far (Tukey 1977: 1.5 is outside, 3 far out).
    `interactions`: of these columns, on the scale of logarithms and kind by kind; `items`: of these properties."""

    fence: Annotated[float, Field(gt=0)]
    interactions: Columns
    items: Names


def outliers(desk: Desk, said: Outliers) -> Done:
    """Nothing goes to the rejects: a play count of 10,000 is a like all the same."""
    fold(desk.source, "items")
    cut = [_cut(desk, column, said.fence) for column in said.interactions]
    taken = [_take_away(desk, column, said.fence) for column in said.items if _is_number(desk, column)]
    return Done(changed=sum(cut) + sum(taken), told=f"{sum(cut)} cut, {sum(taken)} taken away")


def _cut(desk: Desk, column: str, fence: float) -> int:
    """Values above the fence become the fence. Where most values are equal there is no telling."""
    name, db = quote(column), desk.source.db
    db.execute(
        "CREATE OR REPLACE TEMP TABLE fences AS SELECT kind, exp(q[2] + ? * (q[2] - q[1])) AS most FROM ("
        f"SELECT kind, quantile_cont(ln({name}::DOUBLE), [0.25, 0.75]) AS q FROM interactions WHERE {name} > 0 "
        "GROUP BY kind) WHERE q[2] > q[1]",
        [fence],
    )
    whole = "floor(most)" if column == "count" else "round(most, 6)"
    n_rows = desk.source.value(f"SELECT count(*) FROM interactions JOIN fences USING (kind) WHERE {name} > {whole}")
    beyond = f"interactions.kind = fences.kind AND {name} > {whole}"
    db.execute(f"UPDATE interactions SET {name} = {whole} FROM fences WHERE {beyond}")
    return int(n_rows)


def _take_away(desk: Desk, column: str, fence: float) -> int:
    name = quote(column)
    quartiles = desk.source.value(f"SELECT quantile_cont({name}::DOUBLE, [0.25, 0.75]) FROM items")
    if not quartiles or quartiles[0] == quartiles[1]:
        return 0
    reach = fence * (quartiles[1] - quartiles[0])
    beyond = f"{name} < {quartiles[0] - reach!r} OR {name} > {quartiles[1] + reach!r}"
    n_rows = desk.source.value(f"SELECT count(*) FROM items WHERE {beyond}")
    desk.source.db.execute(f"UPDATE items SET {name} = NULL WHERE {beyond}")
    return int(n_rows)


def _is_number(desk: Desk, column: str) -> bool:
    kinds = {row[0]: row[1] for row in desk.source.rows("DESCRIBE items")}
    return kinds.get(column) in ("BIGINT", "DOUBLE")


RULE = Rule("outliers", Outliers, outliers)
