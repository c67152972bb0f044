"""Rules that put aside what a detector of the audit flags: each names the detector, and nothing is judged here."""

from __future__ import annotations

from collections.abc import Callable

from graphrec.audit import Flags, Source
from graphrec.audit.settings import Settings
from graphrec.cleaning.desk import Desk, Done
from graphrec.cleaning.rule import Rule, Switch

Detector = Callable[[Source, Settings], Flags]


def putting_aside(name: str, detector: Detector) -> Rule:
    """The rule by which all that a detector flags goes to the rejects."""

    def apply(desk: Desk, switch: Switch) -> Done:
        return Done(rejected=desk.reject_flagged(name, detector(desk.source, desk.settings)))

    return Rule(name, Switch, apply)
