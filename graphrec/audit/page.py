"""A report as one HTML page that needs nothing beside it: no scripts, no fonts, no links."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape

from graphrec.audit.drift import Drift
from graphrec.audit.finding import Finding
from graphrec.audit.plots import plots
from graphrec.audit.report import Report
from graphrec.audit.shape import Shape
from graphrec.pages import figures, html_table, whole_page


def page(report: Report) -> str:
    """The whole page. Its examples hold ids: keep it as the data themselves."""
    at = datetime.fromtimestamp(report.at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    title = f"Audit of {report.name}"
    parts = [f"<h1>{escape(title)}</h1><p>{escape(report.format)}, {at}</p>", _verdict(report)]
    parts += ["<h2>Findings</h2>", _findings(report.found), _quiet(report)]
    parts += ["<h2>Shape</h2>", _shape(report.shape), _plots(report.shape)]
    parts += [_drift(one) for one in report.drifts]
    return whole_page(title, "\n".join(parts))


def _verdict(report: Report) -> str:
    if not report.breaches:
        return "<p>No limit of the policy was broken.</p>"
    rows = [(one.name, f"{one.found:.4g}", f"{one.allowed:.4g}") for one in report.breaches]
    return '<p class="error">Limits of the policy were broken:</p>' + html_table(("limit", "found", "allowed"), rows)


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
    return html_table(("", ""), rows)


def _plots(shape: Shape) -> str:
    return figures(plots(shape))


def _drift(drift: Drift) -> str:
    rows = [
        (one.what, one.measure, f"{one.value:.4f}", "" if one.p is None else f"{one.p:.2g}", _count(one.count))
        for one in drift.changes
    ]
    head = f"<h2>Change: {escape(drift.after)} against {escape(drift.before)}</h2>"
    sizes = f"<p>{drift.n_after:,} interactions against {drift.n_before:,}.</p>"
    return head + sizes + html_table(("what", "measure", "value", "p", "count"), rows)


def _count(n: int | None) -> str:
    return "" if n is None else f"{n:,}"
