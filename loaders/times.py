"""Times as epoch milliseconds, UTC: from seconds, milliseconds (or finer) and ISO 8601.

A number's unit is told by its size: whichever of seconds, milliseconds, microseconds and nanoseconds puts it
before the year 2100. Text without a zone is UTC.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

YEAR_2100 = 4_102_444_800
_ISO = r"^\s*\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?)?\s*$"
_ZONED = r"^\s*\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?\s*(Z|[+-]\d{2}(:?\d{2})?)\s*$"
_NUMBER = r"^\s*[+-]?\d+(\.\d*)?([eE][+-]?\d+)?\s*$"


def read_times(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Epoch milliseconds, null where there is no time; and the mask of values that aren't times."""
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _milliseconds(column), pc.is_null(column)
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return _scaled(column)
    try:
        return _scaled(column.cast(pa.int64()))
    except pa.ArrowInvalid:
        return _read_mixed(column)


def _read_mixed(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Each value by what it looks like."""
    result = pa.nulls(len(column), pa.int64())
    numeric = pc.match_substring_regex(column, _NUMBER).fill_null(False)
    trimmed = pc.utf8_trim_whitespace(column)
    if pc.any(numeric).as_py():
        result, _ = _scaled(pc.if_else(numeric, trimmed, None).cast(pa.float64()))
    for pattern, zone in ((_ISO, None), (_ZONED, "UTC")):
        matches = pc.match_substring_regex(column, pattern).fill_null(False)
        if pc.any(matches).as_py():
            texts = pc.replace_substring(pc.if_else(matches, trimmed, None), ",", ".")
            texts = pc.replace_substring_regex(texts, r"\s+(Z|[+-])", r"\1")
            result = pc.coalesce(result, _from_text(texts, zone))
    return result, pc.is_null(result)


def _from_text(texts: pa.Array, zone: str | None) -> pa.Array:
    try:
        return _milliseconds(texts.cast(pa.timestamp("ns", zone)))
    except pa.ArrowInvalid:  # a 31st of February somewhere: one by one
        return pa.array([_from_one(text.as_py(), zone) for text in texts], pa.int64())


def _from_one(text: str | None, zone: str | None) -> int | None:
    if text is None:
        return None
    try:
        value = _milliseconds(pa.array([text]).cast(pa.timestamp("us", zone)))[0].as_py()
    except pa.ArrowInvalid:
        return None
    return int(value)


def _milliseconds(times: pa.Array) -> pa.Array:
    return times.cast(pa.timestamp("ms"), safe=False).cast(pa.int64())


def _scaled(numbers: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Numbers of any unit as milliseconds."""
    missing = np.asarray(pc.is_null(numbers, nan_is_null=True))
    values = np.asarray(numbers.fill_null(0))
    values = np.where(missing, 0, values)
    size = np.abs(values.astype(np.float64)) / YEAR_2100
    result = np.select(
        [size < 1, size < 10**3, size < 10**6], [values * 1000, values, values // 10**3], values // 10**6
    )
    bad = missing | ~(size < 10**9)
    return pa.array(np.where(bad, 0, result).astype(np.int64), mask=bad), pa.array(bad)
