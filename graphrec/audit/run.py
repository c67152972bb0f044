"""An audit of files or of a graph, from raw rows to a report."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from graphrec.audit import profile
from graphrec.audit.ages import ages
from graphrec.audit.detectors import DETECTORS
from graphrec.audit.drift import between_periods, drift
from graphrec.audit.files import open_path
from graphrec.audit.finding import Finding, finding
from graphrec.audit.graphs import open_graph
from graphrec.audit.metadata import metadata
from graphrec.audit.policy import Policy
from graphrec.audit.report import Report
from graphrec.audit.shape import shape_of
from graphrec.audit.source import Source
from graphrec.audit.unreadable import unreadable
from graphrec.graph import Graph

Progress = Callable[[str, int, int], None]
"""Called with what is done, how many of them are, and how many there are."""


def audit_path(
    path: Path | str,
    policy: Policy | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    kind: str | None = None,
    against: Path | None = None,
    keep: Path | None = None,
    now: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """The report on a file or folder of any format that `graphrec load` knows; nothing is loaded.

    `against`: a baseline that an earlier audit wrote to `keep`. `now`: epoch milliseconds, where the future begins.
    InputError for what no loader recognises, and for a baseline that can't be read. Memory: DuckDB's 1.5 GB, the
    interactions as pairs of numbers, and the different titles and tags.
    """
    before = profile.read(against) if against else None
    with _staging() as folder, open_path(path, staging=folder, columns=columns, kind=kind, now=now) as source:
        return _report(source, policy or Policy(), before, keep, progress=progress)


def audit_graph(
    graph: Graph,
    policy: Policy | None = None,
    *,
    against: Path | None = None,
    keep: Path | None = None,
    now: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """The report on a graph, which also says whether vectors are older than the data. As `audit_path` otherwise."""
    before = profile.read(against) if against else None
    with _staging() as folder, open_graph(graph, staging=folder, now=now) as source:
        return _report(source, policy or Policy(), before, keep, more=ages(source, graph), progress=progress)


def _report(
    source: Source,
    policy: Policy,
    before: profile.Profile | None,
    keep: Path | None,
    *,
    more: list[Finding] | None = None,
    progress: Progress | None = None,
) -> Report:
    findings = [unreadable(source)]
    for n, detect in enumerate(DETECTORS.values()):
        if progress:
            progress("checks", n, len(DETECTORS))
        findings.append(finding(source, detect(source, policy.settings)))
    findings += [*metadata(source), *(more or [])]
    drifts = [one for one in [between_periods(source)] if one]
    if before or keep:
        now = profile.profile_of(source)
        drifts += [drift(before, now)] if before else []
        if keep:
            profile.save(now, keep)
    report = Report(source.name, source.format, source.now, findings, shape_of(source, policy.settings), drifts)
    return replace(report, breaches=policy.breaches(report))


@contextmanager
def _staging() -> Iterator[Path]:
    """A folder for the raw rows, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="graphrec-audit-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
