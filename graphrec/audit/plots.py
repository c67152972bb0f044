"""The curves of a report as SVG, to stand within a page."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from graphrec.audit.shape import Curve, Shape

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
    return [(f"{title}: {says}", svg) for title, says, svg in found]


def _drawn(draw: Any, curve: Sequence[tuple[float, float]]) -> str:
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": "graphrec", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(5, 2.6), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        draw(axes, curve)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)


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
