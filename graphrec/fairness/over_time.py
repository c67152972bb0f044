"""What recommenders are worth to groups, one period after another: trained on all before it, measured on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from graphrec.errors import InputError
from graphrec.evaluation.groups import Groups, gaps, group_rows
from graphrec.evaluation.pairs import read_pairs
from graphrec.evaluation.parts import split_between
from graphrec.evaluation.ranking import Progress
from graphrec.evaluation.running import Run, check_asked
from graphrec.evaluation.stage import staged
from graphrec.frames import Frames
from graphrec.graph import Graph


@dataclass(frozen=True)
class Period:
    """One period (epoch ms; the start not included). `rows`: a model and group each; `gaps`: the best group less the
    worst, a model and grouping each."""

    start: int
    end: int
    n_train: int
    n_test: int
    rows: Sequence[Mapping[str, Any]]
    gaps: Sequence[Mapping[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def audit_over_time(
    data: Graph | Frames | Path | str,
    models: Sequence[str],
    groups: Groups,
    *,
    periods: int = 4,
    k: int = 10,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    progress: Progress | None = None,
) -> list[Period]:
    """The later half of what happened first, cut by time into so many periods of about as many pairs each.

    Cost: a fit a model and period.
    """
    check_asked(models, [k], None)
    with TemporaryDirectory(prefix="graphrec-") as folder:
        frames = staged(data, Path(folder) / "frames", with_users=groups.need_users)
        found = []
        for n, (start, end) in enumerate(pairwise(_moments(frames, periods))):
            dealt = split_between(frames, Path(folder) / str(n), start, end)
            run = Run.on(dealt, dealt.test, ks=[k], progress=progress)
            rows = group_rows(frames, run, run.all(models, settings or {}), groups)
            n_train, n_test = run.held.snapshot.seen.nnz, len(run.held.truth.pairs)
            found.append(Period(start, end, n_train, n_test, rows, gaps(rows)))
        return found


def _moments(frames: Frames, periods: int) -> list[int]:
    """Where the periods begin and end."""
    if periods < 1:
        raise InputError(f"expected at least one period, found {periods}")
    first_at = read_pairs(frames).first_at
    times = first_at[~np.isnan(first_at)]
    shares = np.linspace(0.5, 1, periods + 1)
    ends = np.unique(np.quantile(times, shares, method="lower")) if len(times) else times
    if len(ends) <= periods:
        raise InputError(f"expected times for {periods} periods, found {len(np.unique(times))}; ask for fewer")
    return [int(end) for end in ends]
