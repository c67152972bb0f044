"""Where to search: a model's declared space, with some settings fixed and some ranges replaced."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from graphrec.errors import InputError
from graphrec.models.settings import Choice, Range, Settings, Space

GRID_POINTS = 5
"""How many points a range has on a grid: both ends, the middle, and those between."""

DIGITS = 4
"""Settings are tried as they are printed, rounded to so many significant digits."""


def search_space(defaults: Settings, fixed: Mapping[str, Any], ranges: Mapping[str, str | Range | Choice]) -> Space:
    """The space to search. `ranges` replace or add: LOW:HIGH, LOW:HIGH:log or A,B,C as texts, or what those say.

    InputError for an unknown setting, for a value that the settings refuse, and where nothing is left to search.
    """
    base = defaults.changed(fixed)
    both = sorted(set(fixed) & set(ranges))
    if both:
        raise InputError(f"{', '.join(both)} can't be both fixed and searched; leave one of both out")
    base.changed(dict.fromkeys(set(ranges) - set(base.kinds())))  # says which settings there are
    spans = {**defaults.space, **{name: _read(name, span) for name, span in ranges.items()}}
    found = {name: _checked(base, name, span) for name, span in spans.items() if name not in fixed}
    if not found:
        raise InputError("there is nothing to search: no setting has a range that isn't fixed")
    return found


def inside(span: Range | Choice, value: Any) -> bool:
    """Whether a value lies in a range, or is one of the choices."""
    return span.low <= value <= span.high if isinstance(span, Range) else value in span


def told(space: Space) -> dict[str, str]:
    """The space as texts, as they can be given again."""
    return {name: str(s) if isinstance(s, Range) else ",".join(map(str, s)) for name, s in space.items()}


def rounded(span: Range | Choice, value: Any) -> Any:
    """A drawn value as it is tried and printed, never outside the range."""
    if not isinstance(span, Range) or isinstance(value, int):
        return value
    return min(max(float(f"{value:.{DIGITS}g}"), span.low), span.high)


def grid(space: Space, seed: int) -> list[dict[str, Any]]:
    """Every combination of the choices and of a few points a range, in seeded random order."""
    points = [_points(span) for span in space.values()]
    found = [dict(zip(space, values, strict=True)) for values in itertools.product(*points)]
    return [found[n] for n in np.random.default_rng([seed, 0x6E1D]).permutation(len(found)).tolist()]


def _points(span: Range | Choice) -> list[Any]:
    if not isinstance(span, Range):
        return list(span)
    space = np.geomspace if span.log else np.linspace
    values = [rounded(span, float(x)) for x in space(span.low, span.high, GRID_POINTS)]
    return sorted({round(value) for value in values}) if isinstance(span.low, int) else values


def _read(name: str, span: str | Range | Choice) -> Range | Choice:
    """A range from its text; the ends and choices stay texts until the setting's type is known."""
    if not isinstance(span, str):
        return span
    parts: list[Any] = span.split(":")
    if len(parts) == 1 and span:
        return tuple(span.split(","))
    if len(parts) == 2 or parts[2:] == ["log"]:
        return Range(parts[0], parts[1], len(parts) == 3)
    raise InputError(f"expected {name}=LOW:HIGH, {name}=LOW:HIGH:log or {name}=A,B,C to search, found {span!r}")


def _checked(base: Settings, name: str, span: Range | Choice) -> Range | Choice:
    """The span in the setting's type, if the settings take its ends or each of its choices."""

    def read(value: Any) -> Any:
        return getattr(base.changed({name: value}), name)

    if not isinstance(span, Range):
        return tuple(dict.fromkeys(read(value) for value in span))
    low, high = read(span.low), read(span.high)
    if isinstance(low, str):
        raise InputError(f"{name} is a word and has no range; give its choices as {name}=A,B,C")
    if not low < high or not math.isfinite(low) or not math.isfinite(high):
        raise InputError(f"expected {name} from a smaller to a larger number, found {low}:{high}")
    if span.log and low <= 0:
        raise InputError(f"expected {name} above 0 for a range with log, found {low}:{high}")
    return Range(low, high, span.log)
