"""The curves of a report as SVG, to stand within a page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from graphrec.audit.shape import Curve, Shape
from graphrec.pages import svg

COLOUR = "#4c78a8"
DAY_S = 86_400


def plots(shape: Shape) -> list[tuple[str, str]]:
    """Titles and SVGs of what there is to draw: the same shape always gives the same bytes."""
    found = [
        ("Popularity", "users of an item, by its rank", _drawn(_ranks, shape.popularity)),
        ("Activity", "items of a user, by its rank", _drawn(_ranks, shape.activity)),
    ]
    if shape.timeline:
        found.append(("Over time", f"interactions in {shape.step_days:g} days", _drawn(_days, shape.timeline)))
    if shape.ratings:
        found.append(("Ratings", "interactions by rating", _drawn(_bars, shape.ratings)))
    if shape.hours:
        found.append(("Hours", "interactions by hour, UTC", _drawn(_bars, list(enumerate(shape.hours)))))
    return [(f"{title}: {says}", drawn) for title, says, drawn in found]


def _drawn(draw: Any, curve: Sequence[tuple[float, float]]) -> str:
    return svg(lambda axes: draw(axes, curve))


def _ranks(axes: Any, curve: Curve) -> None:
    if curve:
        axes.plot(*zip(*curve, strict=True), color=COLOUR)
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_xlabel("rank")


def _days(axes: Any, curve: Curve) -> None:
    days = [datetime.fromtimestamp(day * DAY_S, UTC) for day, _ in curve]
    axes.step(days, [n for _, n in curve], where="post", color=COLOUR)
    axes.tick_params(axis="x", rotation=30)


def _bars(axes: Any, curve: Curve) -> None:
    places = sorted(place for place, _ in curve)
    width = min((b - a for a, b in pairwise(places)), default=1.0) * 0.8
    axes.bar(*zip(*curve, strict=True), width=width, color=COLOUR)
