"""Ratings off their scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphrec.audit.flags import Flags, flag
from graphrec.audit.settings import Settings
from graphrec.audit.source import Source

COVERED = 0.9
"""A scale is taken for that of the data when so many ratings lie on it."""
USED = 0.01
"""Steps between those of a scale are part of it when so many of the ratings lie there."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """Ratings from `low` to `high` in steps; a step of 0 stands for any number between."""

    low: float
    high: float
    step: float

    def holds(self, values: Values) -> npt.NDArray[np.bool_]:
        """Which of the values lie on the scale."""
        inside = (values >= self.low - 1e-9) & (values <= self.high + 1e-9)
        if not self.step:
            return inside
        steps = (values - self.low) / self.step
        return inside & (np.abs(steps - np.rint(steps)) < 1e-6)

    def __str__(self) -> str:
        steps = f" in steps of {self.step:g}" if self.step else ""
        return f"{self.low:g} to {self.high:g}{steps}"


KNOWN: Sequence[Scale] = (
    Scale(0, 1, 1),
    Scale(-1, 1, 1),
    Scale(1, 5, 1),
    Scale(0.5, 5, 0.5),
    Scale(0, 5, 1),
    Scale(0, 5, 0.5),
    Scale(1, 10, 1),
    Scale(0.5, 10, 0.5),
    Scale(0, 10, 1),
    Scale(0, 1, 0),
    Scale(1, 5, 0),
    Scale(0, 5, 0),
    Scale(0, 10, 0),
    Scale(-10, 10, 0),
    Scale(0, 100, 1),
    Scale(0, 100, 0),
)
"""Scales in use, the narrow ones first."""


def scale_of(source: Source, settings: Settings) -> Scale | None:
    """The scale that settings name, or the narrowest of the known ones on which nearly all ratings lie."""
    if settings.rating_min is not None and settings.rating_max is not None:
        return Scale(settings.rating_min, settings.rating_max, settings.rating_step or 0.0)
    counted = source.arrays(
        "SELECT rating, count(*)::DOUBLE AS n FROM interactions WHERE rating IS NOT NULL GROUP BY rating ORDER BY 1"
    )
    values, weights = counted["rating"].astype(float), counted["n"]
    if not len(values):
        return None
    weights = weights / weights.sum()
    fits = [scale for scale in KNOWN if weights[scale.holds(values)].sum() >= COVERED]
    if not fits:
        return None
    return _widened(fits[0], fits[1:], (values, weights))


def scales(source: Source, settings: Settings) -> Flags:
    """Rows whose rating lies off the scale, or is no number. None where ratings have no scale that is known."""
    scale = scale_of(source, settings)
    unreadable = "SELECT table_name AS of, row_id, reason FROM problems WHERE field = 'rating' AND row_id IS NOT NULL"
    if scale is None:
        return flag(source, "scales", "row", unreadable)
    values = source.arrays("SELECT DISTINCT rating FROM interactions WHERE rating IS NOT NULL")["rating"].astype(float)
    off = values[~scale.holds(values)]
    wrong = {"rating": off, "reason": np.array([f"rating {value:g} is off the scale {scale}" for value in off], object)}
    source.db.execute("CREATE OR REPLACE TABLE off_scale (rating DOUBLE, reason VARCHAR)")
    if len(off):
        source.db.executemany("INSERT INTO off_scale VALUES (?, ?)", list(zip(*map(list, wrong.values()), strict=True)))
    rows = "SELECT 'interactions' AS of, row_id, reason FROM interactions JOIN off_scale USING (rating)"
    return flag(source, "scales", "row", f"{rows} UNION ALL {unreadable}")


def _widened(scale: Scale, others: Sequence[Scale], seen: tuple[Values, Values]) -> Scale:
    """The scale, or a finer or wider one where many ratings of the same range lie beside its steps."""
    values, weights = seen
    for other in others:
        inside = other.high == scale.high and scale.low - other.low <= max(scale.step, other.step)
        extra = other.holds(values) & ~scale.holds(values)
        spread = np.count_nonzero(extra) >= 2 or other.low < scale.low
        if inside and spread and weights[extra].sum() >= USED and _regular(other, values[extra]):
            scale = other
    return scale


def _regular(scale: Scale, extra: Values) -> bool:
    """Whether the steps in between are used throughout, as on a scale, and not here and there, as by mistakes."""
    if not scale.step:
        return len(extra) >= 20
    possible = np.arange(scale.low, scale.high + scale.step / 2, scale.step * 2)
    return len(extra) >= 0.8 * len(possible)
