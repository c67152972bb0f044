"""Explicit into implicit: a rating becomes a kind, by thresholds."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from graphrec.cleaning.desk import Desk, Done
from graphrec.cleaning.rule import Rule, Switch
from graphrec.features.scaling import fit_scaling

Kind = Annotated[str, Field(min_length=1)]


class Implicit(Switch):
    """Ratings from `like_from` on become `like`, those up to `dislike_to` become `dislike`, and the others `between`;
    an empty `between` puts them aside. `per_user`: the thresholds are distances from the user's own mean."""

    like_from: float
    dislike_to: float
    like: Kind
    dislike: Kind
    between: str
    per_user: bool

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.dislike_to >= self.like_from:
            raise ValueError(f"expected dislike_to below like_from, found {self.dislike_to:g} and {self.like_from:g}")
        return self


def implicit(desk: Desk, said: Implicit) -> Done:
    """Rows without a rating stay as they are; the rating itself goes, so that nothing tells it again."""
    db = desk.source.db
    _settle(desk, said)
    rejected = 0
    if not said.between:
        rejected = desk.reject(
            "implicit",
            "interactions",
            "SELECT row_id, 'a rating that says neither that it is liked nor that it is not' AS reason "
            f"FROM settled WHERE value < {said.like_from} AND value > {said.dislike_to}",
        )
    changed = desk.source.value("SELECT count(*) FROM interactions SEMI JOIN settled USING (row_id)")
    db.execute(
        "UPDATE interactions SET rating = NULL, kind = CASE WHEN settled.value >= ? THEN ? WHEN settled.value <= ? "
        "THEN ? ELSE ? END FROM settled WHERE interactions.row_id = settled.row_id",
        [said.like_from, said.like, said.dislike_to, said.dislike, said.between],
    )
    desk.changed()
    return Done(rejected, int(changed))


def _settle(desk: Desk, said: Implicit) -> None:
    """The table `settled`: by row the rating, or its distance from the user's mean."""
    rows = desk.source.arrays(
        "SELECT row_id, rating, (dense_rank() OVER (ORDER BY user_id) - 1)::BIGINT AS who FROM interactions "
        "WHERE rating IS NOT NULL AND user_id IS NOT NULL ORDER BY row_id"
    )
    value = rows["rating"].astype(np.float64)
    if said.per_user and len(value):
        who = rows["who"]
        value = np.round(fit_scaling(who, value, int(who.max()) + 1, "mean_centre").apply(who, value), 10)
    settled = pa.table({"row_id": pa.array(rows["row_id"], pa.int64()), "value": pa.array(value, pa.float64())})
    desk.source.db.register("settled_rows", settled)
    desk.source.db.execute("CREATE OR REPLACE TEMP TABLE settled AS SELECT * FROM settled_rows")
    desk.source.db.unregister("settled_rows")


RULE = Rule("implicit", Implicit, implicit)
