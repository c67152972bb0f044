"""Sums of people who have opted out, summed up as all others are, and withheld again before anybody can read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from typing import Any

KEY = ("user_id", "item_id", "kind")


@contextmanager
def lent(step: Callable[..., Any], rows: Iterable[Mapping[str, Any]], opted_out: Set[str]) -> Iterator[None]:
    """Inside, what rows are about to change is INTERACTED; afterwards, in the same transaction, WITHHELD again.

    `step` runs a query of the transaction that has locked the users. Costs nothing where nobody has opted out.
    """
    if not opted_out:
        yield
        return
    lending = [{name: row[name] for name in KEY} for row in rows if row["user_id"] in opted_out]
    step("consent/lend", rows=lending)
    yield
    step("consent/withhold", user_ids=sorted(opted_out))
