"""All that an audit tells, in one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from graphrec.audit.drift import Drift
from graphrec.audit.finding import ERROR, NOTE, WARNING, Finding
from graphrec.audit.policy import Breach
from graphrec.audit.shape import Shape

SEVERITIES = (ERROR, WARNING, NOTE)


@dataclass(frozen=True)
class Report:
    """The findings of every check that ran (those that found nothing, too), the shape, changes, and broken limits.

    `at`: epoch milliseconds. `drifts`: between two periods where there are times, then against a baseline.
    """

    name: str
    format: str
    at: int
    findings: Sequence[Finding]
    shape: Shape
    drifts: Sequence[Drift] = ()
    breaches: Sequence[Breach] = ()

    @property
    def found(self) -> list[Finding]:
        """The findings of something, the worst first."""
        told = [one for one in self.findings if one.count]
        return sorted(told, key=lambda one: (SEVERITIES.index(one.severity), -one.share, one.check))

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return asdict(self) | {"findings": [asdict(one) for one in self.findings]}
