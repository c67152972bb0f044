"""Trade-offs as one HTML page: a curve a way, accuracy beside what it is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from graphrec.evaluation.metrics import METRICS, definitions
from graphrec.fairness.tradeoff import Tradeoff
from graphrec.pages import figures, html_table, svg, whole_page

OF_GROUP = {
    "group": "Group@k: the share of all places in lists that goes to items of the group.",
    "gap": "Gap@k: recall of held-back items outside of the group less that of the group's; 0 where both are alike.",
}


def page(found: Tradeoff) -> str:
    """The whole page."""
    title = f"What wider lists of {found.model} cost on {found.dataset}"
    says = f"{found.says}. The group of items: {found.group}." if found.group else f"{found.says}."
    ways = list(dict.fromkeys(row["way"] for row in found.rows))
    drawn = [_drawn(found, [row for row in found.rows if row["way"] == way]) for way in ways]
    names = [name for name in found.rows[0] if "@" in name]
    rows = [(f"{row['way']} {row['weight']:g}", *(_text(row.get(name)) for name in names)) for row in found.rows]
    words = [(name, text) for name, text in (definitions() | OF_GROUP).items() if f"{name}@{found.k}" in names]
    body = f"<h1>{escape(title)}</h1><p>{escape(says)}</p>{figures(drawn)}{html_table(('', *names), rows)}"
    return whole_page(title, body + html_table(("", ""), words))


def _drawn(found: Tradeoff, rows: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    metric, accuracy = rows[0]["for"], f"ndcg@{found.k}"

    def draw(axes: Any) -> None:
        told = [row for row in rows if metric in row]
        axes.plot([row[metric] for row in told], [row[accuracy] for row in told], "o-", color="#4c78a8")
        for row in told:
            at = row[metric], row[accuracy]
            axes.annotate(f"{row['weight']:g}", at, textcoords="offset points", xytext=(4, 4))
        axes.set_xlabel(metric)
        axes.set_ylabel(accuracy)

    name = metric.partition("@")[0]
    better = "less" if name in METRICS and not METRICS[name].higher else "more"
    return f"{rows[0]['way']}: {accuracy} beside {metric}, of which {better} is asked", svg(draw)


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
