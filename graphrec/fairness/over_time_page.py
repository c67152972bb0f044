"""Groups over time as one HTML page: a curve a group, and the gaps between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from graphrec.fairness.over_time import Period
from graphrec.pages import figures, html_table, svg, whole_page

TITLE = "What recommenders are worth to groups, over time"
SAYS = (
    "Each period: lists learnt from all that happened before it, measured on what happened first within it. "
    "Bars are intervals of 95 % over users. A gap is clear where the intervals of best and worst don't meet."
)


def page(found: Sequence[Period]) -> str:
    """The whole page."""
    periods = [(day(one.start), day(one.end), f"{one.n_train:,}", f"{one.n_test:,}") for one in found]
    parts = [f"<h1>{TITLE}</h1><p>{SAYS}</p>", figures(_plots(found))]
    parts += ["<h2>Periods</h2>", html_table(("from", "until", "training pairs", "held-back pairs"), periods)]
    gaps = [
        (day(one.end), gap["model"], gap["by"], f"{gap['gap']:.4f}", gap["best"], gap["worst"], _clear(gap))
        for one in found
        for gap in one.gaps
    ]
    parts += ["<h2>The best group less the worst</h2>"]
    parts += [html_table(("until", "model", "by", "gap", "best", "worst", ""), gaps)]
    return whole_page(TITLE, "".join(parts))


def day(at: int) -> str:
    """The date of a moment (epoch ms)."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d")


def _clear(gap: Mapping[str, Any]) -> str:
    return "clear" if gap["is_clear"] else "may be chance"


def _plots(found: Sequence[Period]) -> Iterator[tuple[str, str]]:
    keys = dict.fromkeys((row["model"], row["by"]) for one in found for row in one.rows)
    for model, by in keys:
        rows = [(one.end, row) for one in found for row in one.rows if (row["model"], row["by"]) == (model, by)]
        for metric in _drawn(rows[0][1]):
            yield f"{model}: {metric} by {by}", svg(partial(_draw, rows=rows, metric=metric))


def _drawn(row: Mapping[str, Any]) -> list[str]:
    recall = next(name for name in row if name.startswith("recall@"))
    return [recall, "exposure"] if "exposure" in row else [recall]


def _draw(axes: Any, rows: Sequence[tuple[int, Mapping[str, Any]]], metric: str) -> None:
    for group in dict.fromkeys(row["group"] for _, row in rows):
        told = [(end, row) for end, row in rows if row["group"] == group and row[metric] is not None]
        days, values = [day(end) for end, _ in told], [row[metric] for _, row in told]
        if metric == "exposure":
            axes.plot(days, values, "o-", label=group)
        else:
            below = [row[metric] - row["low"] if row["low"] is not None else 0.0 for _, row in told]
            axes.errorbar(days, values, yerr=below, fmt="o-", capsize=2, label=group)
    axes.set_ylabel(metric)
    axes.legend(fontsize=7)
