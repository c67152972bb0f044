"""Every detector by the name of its check."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from graphrec.audit.accidents import accidents
from graphrec.audit.bots import bots
from graphrec.audit.duplicates import duplicates
from graphrec.audit.flags import Flags
from graphrec.audit.orphans import orphans
from graphrec.audit.raters import constant_raters
from graphrec.audit.scales import scales
from graphrec.audit.settings import Settings
from graphrec.audit.shilling import shilling
from graphrec.audit.source import Source
from graphrec.audit.spelling import near_tags, near_titles
from graphrec.audit.times import times

Detector = Callable[[Source, Settings], Flags]

DETECTORS: Mapping[str, Detector] = {
    "duplicates": duplicates,
    "scales": scales,
    "times": times,
    "orphans": orphans,
    "constant_raters": constant_raters,
    "bots": bots,
    "accidents": accidents,
    "shilling": shilling,
    "near_titles": near_titles,
    "near_tags": near_tags,
}
