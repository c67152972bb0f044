"""`graphrec audit`: what is wrong with data, before they are loaded and in the graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, print_table, progress
from graphrec.cli.verbs.load import read_columns
from graphrec.cli.watch import Watch
from graphrec.errors import InputError

if TYPE_CHECKING:
    from graphrec.audit.finding import Finding
    from graphrec.audit.report import Report

BROKEN = 3
"""The exit status where a limit of the policy is broken; 1 is an error, 2 wrong usage."""


@app.command()
def audit(  # noqa: PLR0917
    path: Annotated[
        Path | None, typer.Argument(help="A folder, file or zip, as for `load`; without it the graph is audited.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Limits and settings as TOML; docs/audit.md.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Compare with the baseline that --keep wrote.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what these data look like as a baseline.")
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write one page with plots and examples.")] = None,
    columns: Annotated[
        str | None, typer.Option(metavar="user=…,item=…", help="Which columns of a table hold what, as for `load`.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="The kind of all interactions.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Say what is wrong with data: faults, bots, made-up accounts, gaps, the shape, and what changed.

    Nothing is written to the graph. Exit status 3 where a limit of the policy is broken, so that a night stops on it:
    graphrec retrain --audit "graphrec audit --policy FILE". Ids stand in --json and --html alone.
    """
    if path is None and (columns or kind):
        raise InputError("--columns and --kind say how files are read: give a PATH, or leave them out for the graph")
    report = _audited(path, policy, against=against, keep=keep, columns=columns, kind=kind, home=home)
    if html:
        from graphrec.audit.page import page
        from graphrec.pages import write_page

        write_page(html, page(report))
    if as_json:
        emit_json(report.as_dict())
    else:
        _show(report)
    if report.breaches:
        raise typer.Exit(BROKEN)


def _audited(
    path: Path | None,
    policy: Path | None,
    *,
    against: Path | None,
    keep: Path | None,
    columns: str | None,
    kind: str | None,
    home: Path | None,
) -> Report:
    from graphrec.audit.policy import Policy, read_policy
    from graphrec.audit.run import audit_graph, audit_path
    from graphrec.connect import connect

    rules = read_policy(policy) if policy else Policy()
    with progress() as bar:
        tell = Watch(bar).tell
        if path is not None:
            named = read_columns(columns)
            return audit_path(path, rules, columns=named, kind=kind, against=against, keep=keep, progress=tell)
        with connect(home) as graph:
            return audit_graph(graph, rules, against=against, keep=keep, progress=tell)


def _show(report: Report) -> None:
    shape = report.shape
    console.print(
        f"{report.name} ({report.format}): {shape.n_users:,} users, {shape.n_items:,} items, "
        f"{shape.n_interactions:,} interactions, density {shape.density:.3%}, Gini of items {shape.gini_items:.2f}, "
        f"{shape.cold_users:,} cold users, {shape.cold_items:,} cold items",
        markup=False,
    )
    rows = [
        {
            "severity": one.severity,
            "check": one.check,
            "count": one.count,
            "share": f"{one.share:.3%}",
            "of": one.unit,
            "rule": one.rule,
        }
        for one in report.found
    ]
    if rows:
        print_table(rows, ["severity", "check", "count", "share", "of", "rule"])
    for one in report.found:
        if place := _where(one):
            console.print(f"{one.check}: {one.says}, first in {place}", markup=False)
    for drift in report.drifts:
        changes = [
            {"change": one.what, "measure": one.measure, "value": one.value, "p": one.p, "count": one.count}
            for one in drift.changes
        ]
        print_table(changes, ["change", "measure", "value", "p", "count"], f"{drift.after} against {drift.before}")
    for breach in report.breaches:
        console.print(f"broken: {breach.name} is {breach.found:.4g}, allowed {breach.allowed:.4g}", markup=False)
    if not report.breaches:
        console.print("no limit broken")


def _where(found: Finding) -> str:
    """File and line of the first example; ids and values stay out of what may end in a log."""
    first = next((one for one in found.examples if one.line is not None), None)
    return f"{first.file}:{first.line}" if first else ""
