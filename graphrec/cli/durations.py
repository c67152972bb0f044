"""Lengths of time as an option's text."""

from __future__ import annotations

import re

from graphrec.errors import InputError


def read_seconds(text: str, option: str) -> float:
    """Seconds of `1h30m`, `10m`, `90s` or `90`."""
    parts = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", text)
    seconds = sum(int(n or 0) * unit for n, unit in zip(parts.groups(), (3600, 60, 1), strict=True)) if parts else 0
    if not seconds:
        raise InputError(f"expected {option} as a time, such as 90s, 10m or 1h30m, found {text!r}")
    return float(seconds)
