"""Times before there was a site, after the input was written, or that are none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator

from graphrec.audit.times import times as detect
from graphrec.cleaning.desk import Desk, Done
from graphrec.cleaning.rule import Rule, Switch


def _a_time(text: str) -> str:
    if text:
        datetime.fromisoformat(text)
    return text


class Times(Switch):
    """`latest`: what comes later than this (ISO 8601) and a day is in the future; empty: than when the newest file of
    the input was written. Not the clock, so that the same input gives the same output on any day."""

    latest: Annotated[str, AfterValidator(_a_time)]


def times(desk: Desk, said: Times) -> Done:
    """What the detector flags."""
    if said.latest:
        latest = datetime.fromisoformat(said.latest)
        desk.source.now = round((latest if latest.tzinfo else latest.replace(tzinfo=UTC)).timestamp() * 1000)
    return Done(rejected=desk.reject_flagged("times", detect(desk.source, desk.settings)))


RULE = Rule("times", Times, times)
