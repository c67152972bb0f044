"""What a caller asks of a list, checked against what the catalogue knows before anything is ranked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InputError
from graphrec.serving.catalogue import Bools, Catalogue
from graphrec.serving.context import Context

MOST_CONDITIONS = 20
_CONDITION = re.compile(r"(?P<name>\w{1,64})\s*(?P<sign><=|>=|!=|=|<|>)\s*(?P<value>.{1,200})", re.DOTALL)
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@dataclass(frozen=True)
class Rule:
    """Items that a condition holds for go up (`amount` above 0) or down, by a part of the distance from the best to the
    last candidate."""

    condition: str
    amount: float


@dataclass(frozen=True)
class Wish:
    """A list of `k` items after the first `offset`. Conditions are `tag=NAME` or `PROPERTY OP VALUE`: all of `every`,
    one of `some`, none of `never`. Weights and shares lie between 0 and 1; `seed` makes what is random repeatable.
    `context`: where and when the list is asked for, None where that doesn't count."""

    k: int = 10
    offset: int = 0
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    every: tuple[str, ...] = ()
    some: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    seen: bool = False
    diversity: float = 0.0
    calibration: float = 0.0
    rare: float = 0.0
    explore: float = 0.0
    seed: int = 0
    context: Context | None = None

    @property
    def is_plain(self) -> bool:
        """Whether nothing has to be filtered, scored anew or put in another order."""
        words = self.include or self.exclude or self.every or self.some or self.never or self.rules or self.context
        return not (words or self.seen or self.diversity or self.calibration or self.rare or self.explore)


def allowed(wish: Wish, catalogue: Catalogue) -> Bools | None:
    """Which items may come, None for all. InputError and UnknownIdError for what the catalogue doesn't know."""
    n_conditions = len(wish.every) + len(wish.some) + len(wish.never)
    if n_conditions > MOST_CONDITIONS:
        raise InputError(f"expected at most {MOST_CONDITIONS} conditions, found {n_conditions}")
    masks = [holds(condition, catalogue) for condition in wish.every]
    masks += [~holds(condition, catalogue) for condition in wish.never]
    if wish.some:
        masks.append(np.any([holds(condition, catalogue) for condition in wish.some], axis=0))
    if wish.include:
        masks.append(_among(catalogue.ids.find(wish.include, "item"), catalogue.n_items))
    if wish.exclude:
        known = [catalogue.ids.places[name] for name in wish.exclude if name in catalogue.ids.places]
        masks.append(~_among(known, catalogue.n_items))
    return np.logical_and.reduce(masks) if masks else None


def holds(condition: str, catalogue: Catalogue) -> Bools:
    """Which items a condition holds for; an item that lacks the property has none that could hold."""
    found = _CONDITION.fullmatch(condition)
    if found is None:
        raise InputError(f"expected a condition like tag=Comedy or year>=1990, found {condition[:80]!r}")
    name, sign, value = found["name"], found["sign"], found["value"]
    if name == "tag":
        has = catalogue.has_tag(value)
        if sign not in ("=", "!="):
            raise InputError(f"expected tag=NAME or tag!=NAME, found {condition[:80]!r}")
        return has if sign == "=" else ~has
    mask = np.zeros(catalogue.n_items, dtype=bool)
    column, wanted = _column(name, sign, value, catalogue)
    has = ~np.isnan(column) if column.dtype == np.float64 else column != np.array(None)
    mask[: len(column)][has] = _COMPARE[sign](column[has], wanted)
    return mask


def _column(name: str, sign: str, value: str, catalogue: Catalogue) -> tuple[NDArray[Any], Any]:
    if name in catalogue.numbers:
        try:
            return catalogue.numbers[name], float(value)
        except ValueError:
            raise InputError(f"expected a number after {name}{sign}, found {value[:80]!r}") from None
    if name in catalogue.texts:
        if sign not in ("=", "!="):
            raise InputError(f"{name} is text, which = and != compare, found {sign}")
        return catalogue.texts[name], value
    known = ", ".join(["tag", *sorted([*catalogue.numbers, *catalogue.texts])])
    raise InputError(f"no property {name!r} to filter by; there are {known}")


def _among(items: Sequence[int], n_items: int) -> Bools:
    mask = np.zeros(n_items, dtype=bool)
    mask[list(items)] = True
    return mask
