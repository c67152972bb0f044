"""A comparison as one HTML page that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from graphrec.comparing.result import Comparison
from graphrec.evaluation.metrics import definitions
from graphrec.pages import figures, html_table, svg, whole_page

COLOUR = "#4c78a8"
COSTS = ("fit_s", "recommend_s", "memory_mib")


def page(found: Comparison) -> str:
    """The whole page."""
    title = f"Recommenders on {found.told['dataset']}"
    parts = [f"<h1>{escape(title)}</h1>", f"<p>{escape(_data(found))}</p>", f"<h2>{escape(found.verdict)}</h2>"]
    parts += [f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in found.sentences)}</ul>", figures(_plots(found))]
    parts += ["<h2>Quality and cost</h2>", _quality(found), "<h2>All metrics</h2>", *_metrics(found)]
    parts += ["<h2>Who and what is little known</h2>", _slices(found), "<h2>What is what</h2>", _definitions()]
    return whole_page(title, "\n".join(parts))


def _data(found: Comparison) -> str:
    told = found.told
    left_out = "".join(f" Left out: {n:,} {name.replace('_', ' ')}." for name, n in told["left_out"].items() if n)
    return (
        f"Split {told['split']} ({told['says']}): {told['n_train']:,} training and {told['n_test']:,} held-back pairs "
        f"over {told['n_items']:,} items; {found.n_users:,} users are compared, "
        f"seed{'s' * (len(found.seeds) > 1)} {', '.join(map(str, found.seeds))}.{left_out}"
    )


def _quality(found: Comparison) -> str:
    rows = [
        (row["model"], f"{row[found.metric]:.4f}", f"{row['low']:.4f} to {row['high']:.4f}", *_cost(row))
        for row in found.rows
    ]
    return html_table(("model", found.metric, "95 %", "fit, s", "lists, s", "memory, MiB"), rows)


def _cost(row: Any) -> Iterator[str]:
    return (f"{row[name]:.1f}" for name in COSTS)


def _metrics(found: Comparison) -> Iterator[str]:
    """One table a length of list."""
    names = [name for name in found.rows[0] if "@" in name]
    for k in dict.fromkeys(name.partition("@")[2] for name in names):
        mine = [name for name in names if name.endswith(f"@{k}")]
        yield html_table(("", *mine), [(row["model"], *(f"{row[name]:.4f}" for name in mine)) for row in found.rows])


def _slices(found: Comparison) -> str:
    columns = list(dict.fromkeys((row["by"], row["group"]) for row in found.slices))
    told = {(row["model"], row["by"], row["group"]): row for row in found.slices}
    recall = next((name for row in found.slices for name in row if name.startswith("recall@")), "recall")
    models = [row["model"] for row in found.rows]
    rows = []
    for by, group in columns:
        cells = [told.get((model, by, group), {}).get(recall) for model in models]
        n = next(told[model, by, group]["n_pairs"] for model in models if (model, by, group) in told)
        rows.append((f"{by} with {group}", f"{n:,.0f}", *("" if cell is None else f"{cell:.4f}" for cell in cells)))
    return f"<p>{recall}, by how much of them trains.</p>" + html_table(("", "held-back pairs", *models), rows)


def _definitions() -> str:
    return html_table(("", ""), definitions().items())


def _plots(found: Comparison) -> list[tuple[str, str]]:
    drawn = [
        (f"{found.metric} with its 95 % interval over users", svg(lambda axes: _means(axes, found))),
        (f"{found.metric} beside the seconds to fit and rank", svg(lambda axes: _costs(axes, found))),
    ]
    if found.differences:
        size = (5.0, max(2.6, 0.3 * len(found.differences)))
        drawn.append(("Differences with their 95 % intervals", svg(lambda axes: _differences(axes, found), size)))
    return drawn


def _means(axes: Any, found: Comparison) -> None:
    rows = found.rows[::-1]
    _spans(axes, [(row["model"], row[found.metric], (row["low"], row["high"])) for row in rows])


def _differences(axes: Any, found: Comparison) -> None:
    _spans(axes, [(f"{one.first} − {one.second}", one.estimate, one.interval) for one in found.differences[::-1]])
    axes.axvline(0, color="#888", linewidth=1)


def _spans(axes: Any, rows: Sequence[tuple[str, float, tuple[float, float]]]) -> None:
    for place, (_, mean, (low, high)) in enumerate(rows):
        axes.plot([low, high], [place, place], color=COLOUR)
        axes.plot([mean], [place], "o", color=COLOUR)
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])


def _costs(axes: Any, found: Comparison) -> None:
    for row in found.rows:
        seconds = max(row["fit_s"] + row["recommend_s"], 0.001)
        axes.plot([seconds], [row[found.metric]], "o", color=COLOUR)
        axes.annotate(row["model"], (seconds, row[found.metric]), textcoords="offset points", xytext=(4, 4))
    axes.set_xscale("log")
    axes.set_xlabel("seconds")
