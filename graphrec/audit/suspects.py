"""How made up a history looks: whether its items follow popularity as people's do, and how fast it came about."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm, rankdata

from graphrec.audit.histories import USUAL, Floats, Ints, Tastes
from graphrec.audit.source import Source

ROBUST = 1.4826
"""Times the median deviation: the standard deviation, where there are no outliers."""


def suspects(source: Source, table: str, tastes: Tastes, *, least: float) -> Ints:
    """Users by how suspect they are, the most suspect first; who has a log-likelihood below `least` is left out.

    The likelihood is that of items drawn from the catalogue as they come, against items chosen as people here choose.
    How hasty somebody is only changes the order, because people rate in one sitting where a site asks them to.
    """
    drawn = _drawn(tastes)
    suspicion = drawn - np.log(_haste(source, table, len(drawn)))
    order = np.lexsort((np.arange(len(drawn)), -suspicion))
    return order[drawn[order] >= least]


def _drawn(tastes: Tastes) -> Floats:
    """How much likelier a user's items are if drawn by chance, as a logarithm; -inf for short histories.

    Blindness to popularity has a standard error of 1 in who draws; people differ beside that as much as they do here.
    """
    n = np.maximum(tastes.n_items, 1)
    long = n >= USUAL
    if not long.any():
        return np.full(len(n), -np.inf)
    spread = ROBUST * float(np.median((np.abs(tastes.blind - tastes.usual) / np.sqrt(n))[long]))
    own = max(spread**2 - float(np.median(1 / n[long])), 0.0)
    people = norm.logpdf(tastes.blind, tastes.usual, np.sqrt(1 + own * n))
    found: Floats = np.where(long, norm.logpdf(tastes.blind) - people, -np.inf)
    return found


def _haste(source: Source, table: str, n_users: int) -> Floats:
    """The share of users whose rows follow each other as fast or faster; 1 for who has no two times."""
    rows = source.arrays(
        f'SELECT "user", (max("at") - min("at")) / (count("at") - 1) AS gap FROM {table} '
        'GROUP BY "user" HAVING count("at") >= 2'
    )
    found = np.ones(n_users)
    if len(rows["user"]):
        found[rows["user"]] = rankdata(rows["gap"], method="max") / len(rows["gap"])
    return found
