"""What a caller asks of a list, checked against what the catalogue knows before anything is ranked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InputError
from graphrec.serving.catalogue import Catalogue
from graphrec.serving.context import Context
from graphrec.serving.ids import Bools

MOST_CONDITIONS = 20
_CONDITION = re.compile(r"(?P<name>\w{1,64})\s*(?P<sign><=|>=|!=|=|<|>)\s*(?P<value>.{1,200})", re.DOTALL)
_NAME = re.compile(r"\w{1,64}")
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
    last candidate. Where the condition is the name of a property alone, each item goes by its place among all, from 0
    for the least to 1 for the most."""

    condition: str
    amount: float


@dataclass(frozen=True)
class Conditions:
    """All of `every` hold, one of `some` where there are any, none of `never`."""

    every: tuple[str, ...] = ()
    some: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wish:
    """A list of `k` items after the first `offset`. Conditions are `tag=NAME` or `PROPERTY OP VALUE`: all of `every`,
    one of `some`, none of `never`. Weights and shares lie between 0 and 1; `seed` makes what is random repeatable.
    `house`: conditions that hold beside those, whoever asks. `context`: where and when the list is asked for, None
    where that doesn't count. `taste`: how far items go up whose tags are those that the user likes."""

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
    new: float = 0.0
    explore: float = 0.0
    seed: int = 0
    house: Conditions | None = None
    context: Context | None = None
    taste: float = 0.0

    @cached_property
    def is_plain(self) -> bool:
        """Whether nothing has to be filtered, scored anew or put in another order."""
        words = self.include or self.exclude or self.every or self.some or self.never or self.rules or self.house
        order = self.diversity or self.calibration or self.rare or self.new or self.explore or self.context
        return not (words or self.seen or order or self.taste)


def allowed(wish: Wish, catalogue: Catalogue) -> Bools | None:
    """Which items may come, None for all. InputError and UnknownIdError for what the catalogue doesn't know."""
    n_conditions = len(wish.every) + len(wish.some) + len(wish.never)
    if n_conditions > MOST_CONDITIONS:
        raise InputError(f"expected at most {MOST_CONDITIONS} conditions, found {n_conditions}")
    masks = _masks(wish, catalogue) + (_masks(wish.house, catalogue) if wish.house else [])
    if wish.include:
        masks.append(_among(catalogue.ids.find(wish.include, "item"), catalogue.n_items))
    if wish.exclude:
        known = [catalogue.ids.places[name] for name in wish.exclude if name in catalogue.ids.places]
        masks.append(~_among(known, catalogue.n_items))
    return np.logical_and.reduce(masks) if masks else None


def _masks(conditions: Wish | Conditions, catalogue: Catalogue) -> list[Bools]:
    masks = [holds(condition, catalogue) for condition in conditions.every]
    masks += [~holds(condition, catalogue) for condition in conditions.never]
    if conditions.some:
        masks.append(np.any([holds(condition, catalogue) for condition in conditions.some], axis=0))
    return masks


def rule_of(text: str, sign: float) -> Rule:
    """The rule that `CONDITION*PART` is, up (`sign` 1) or down (−1). InputError for what can't be read."""
    condition, _, amount = text.rpartition("*")
    try:
        part = float(amount)
    except ValueError:
        part = -1.0
    if not condition or not 0 <= part <= 10:
        raise InputError(f"expected a rule like tag=Comedy*0.5 with a part from 0 to 10, found {text[:80]!r}")
    return Rule(condition, sign * part)


def parsed(condition: str) -> tuple[str, str, str]:
    """The name, the sign and the value of a condition. InputError where it has another form."""
    found = _CONDITION.fullmatch(condition)
    if found is None:
        raise InputError(f"expected a condition like tag=Comedy or year>=1990, found {condition[:80]!r}")
    if found["name"] == "tag" and found["sign"] not in ("=", "!="):
        raise InputError(f"expected tag=NAME or tag!=NAME, found {condition[:80]!r}")
    return found["name"], found["sign"], found["value"]


def readable(rule: Rule) -> Rule:
    """The rule, if its condition is one, or a name. InputError where it is neither."""
    if not _NAME.fullmatch(rule.condition):
        parsed(rule.condition)
    return rule


def strength(condition: str, catalogue: Catalogue) -> NDArray[np.float64]:
    """1 for the items that a condition holds for, else 0; by the name of a property alone, the place of each item among
    those that have it, from 0 for the least to 1 for the most, and 0 for those that lack it."""
    if not _NAME.fullmatch(condition):
        return holds(condition, catalogue).astype(np.float64)
    found = np.zeros(catalogue.n_items)
    if condition not in catalogue.numbers:
        known = ", ".join(sorted(catalogue.numbers)) or "none"
        raise InputError(f"expected a condition, or a property that is a number: {known}; found {condition!r}")
    places = catalogue.properties.places(condition)[: len(found)]
    found[: len(places)] = places
    return found


def holds(condition: str, catalogue: Catalogue) -> Bools:
    """Which items a condition holds for; an item that lacks the property has none that could hold."""
    name, sign, value = parsed(condition)
    if name == "tag":
        has = catalogue.has_tag(value)
        return has if sign == "=" else ~has
    mask = np.zeros(catalogue.n_items, dtype=bool)
    column, wanted = _column(name, sign, value, catalogue)
    column = column[: len(mask)]
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
