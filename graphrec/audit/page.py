"""A report as one HTML page that needs nothing beside it: no scripts, no fonts, no links."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from typing import Any

from graphrec.audit.drift import Drift
from graphrec.audit.finding import Finding
from graphrec.audit.plots import plots
from graphrec.audit.report import Report
from graphrec.audit.shape import Shape

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: .5rem 0 1.5rem } td, th { padding: .25rem .8rem; text-align: left;
border-bottom: 1px solid #ddd; vertical-align: top } td.n { text-align: right; font-variant-numeric: tabular-nums }
.error { color: #b3261e } .warning { color: #8a5a00 } .note { color: #555 } .plots { display: flex; flex-wrap: wrap;
gap: 1rem } figure { margin: 0 } figcaption { font-size: .9rem } code { background: #f3f3f3; padding: 0 .2rem }
details { margin: .2rem 0 } svg { max-width: 100%; height: auto }
"""


def page(report: Report) -> str:
    """The whole page. Its examples hold ids: keep it as the data themselves."""
    at = datetime.fromtimestamp(report.at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    title = f"Audit of {escape(report.name)}"
    parts = [f"<h1>{title}</h1><p>{escape(report.format)}, {at}</p>", _verdict(report)]
    parts += ["<h2>Findings</h2>", _findings(report.found), _quiet(report)]
    parts += ["<h2>Shape</h2>", _shape(report.shape), _plots(report.shape)]
    parts += [_drift(one) for one in report.drifts]
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head>\n<body>{body}</body></html>\n"
    )


def _verdict(report: Report) -> str:
    if not report.breaches:
        return "<p>No limit of the policy was broken.</p>"
    rows = [(one.name, f"{one.found:.4g}", f"{one.allowed:.4g}") for one in report.breaches]
    return '<p class="error">Limits of the policy were broken:</p>' + _table(("limit", "found", "allowed"), rows)


def _findings(found: Iterable[Finding]) -> str:
    head = ("check", "what", "count", "share", "interactions", "what to do")
    lines = "".join(f"<th>{name}</th>" for name in head)
    rows = "".join(_finding(one) for one in found)
    return f"<table><tr>{lines}</tr>{rows}</table>" if rows else "<p>Nothing was found.</p>"


def _finding(one: Finding) -> str:
    rule = f" Rule of <code>graphrec clean</code>: <code>{escape(one.rule)}</code>." if one.rule else ""
    examples = "".join(
        f"<li>{escape(' · '.join(filter(None, [_place(e.file, e.line), ', '.join(e.ids), e.reason])))}</li>"
        for e in one.examples
    )
    shown = f"<details><summary>examples</summary><ul>{examples}</ul></details>" if examples else ""
    return (
        f'<tr><td class="{one.severity}">{escape(one.check)}</td><td>{escape(one.says)}{shown}</td>'
        f'<td class="n">{one.count:,} of {one.total:,} {escape(one.unit)}</td><td class="n">{one.share:.3%}</td>'
        f'<td class="n">{one.n_rows:,}</td><td>{escape(one.advice)}{rule}</td></tr>'
    )


def _place(file: str | None, line: int | None) -> str:
    return "" if file is None else file if line is None else f"{file} line {line}"


def _quiet(report: Report) -> str:
    names = ", ".join(one.check for one in report.findings if not one.count)
    return f"<p>Looked for and not found: {escape(names)}.</p>" if names else ""


def _shape(shape: Shape) -> str:
    rows = [
        ("users", f"{shape.n_users:,}"),
        ("items", f"{shape.n_items:,}"),
        ("interactions", f"{shape.n_interactions:,}"),
        ("density", f"{shape.density:.4%}"),
        ("Gini of items", f"{shape.gini_items:.3f}"),
        ("Gini of users", f"{shape.gini_users:.3f}"),
        ("share of the most popular hundredth of the items", f"{shape.top_share:.1%}"),
        (f"users with fewer than {shape.cold} items", f"{shape.cold_users:,}"),
        (f"items with fewer than {shape.cold} users", f"{shape.cold_items:,}"),
        *((f"kind {kind}", f"{n:,}") for kind, n in shape.kinds[:20]),
    ]
    return _table(("", ""), rows)


def _plots(shape: Shape) -> str:
    drawn = "".join(f"<figure>{svg}<figcaption>{escape(title)}</figcaption></figure>" for title, svg in plots(shape))
    return f'<div class="plots">{drawn}</div>'


def _drift(drift: Drift) -> str:
    rows = [
        (one.what, one.measure, f"{one.value:.4f}", "" if one.p is None else f"{one.p:.2g}", _count(one.count))
        for one in drift.changes
    ]
    head = f"<h2>Change: {escape(drift.after)} against {escape(drift.before)}</h2>"
    sizes = f"<p>{drift.n_after:,} interactions against {drift.n_before:,}.</p>"
    return head + sizes + _table(("what", "measure", "value", "p", "count"), rows)


def _count(n: int | None) -> str:
    return "" if n is None else f"{n:,}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    lines = "".join(f"<th>{escape(name)}</th>" for name in head) if any(head) else ""
    cells = "".join(
        "<tr>"
        + "".join(f"<td{'' if n == 0 else ' class=n'}>{escape(str(value))}</td>" for n, value in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return f"<table>{f'<tr>{lines}</tr>' if lines else ''}{cells}</table>"
