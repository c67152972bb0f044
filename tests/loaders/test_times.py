"""Times of every notation as epoch milliseconds."""

from __future__ import annotations

import pyarrow as pa
import pytest

from loaders.times import read_times


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("964982703", 964982703000),
        ("0", 0),
        ("-86400", -86400000),
        ("964982703.0", 964982703000),
        ("9.64982703e8", 964982703000),
        ("1588687728923", 1588687728923),
        ("1588687728923456", 1588687728923),
        ("1588687728923456789", 1588687728923),
        ("2009-04-01", 1238544000000),
        ("2009-04-01 10:00:00", 1238580000000),
        ("2009-04-01T10:00", 1238580000000),
        ("2009-04-01T10:00:00.1234567Z", 1238580000123),
        ("2009-04-01T12:00:00+02:00", 1238580000000),
        ("2009-04-01 12:00:00 +0200", 1238580000000),
        (" 964982703 ", 964982703000),
    ],
)
def test_a_time(text: str, milliseconds: int) -> None:
    for column in ([text], [text, "2009-04-01", "5", "2000-01-01T00:00:00Z"]):
        values, bad = read_times(pa.array(column))
        assert values[0].as_py() == milliseconds
        assert not any(bad.to_pylist())


@pytest.mark.parametrize(
    "text", ["", "soon", "01/02/2009", "2009-02-30", "2009-04-01T25:00:00", "1e30", "nan", "12:30"]
)
def test_not_a_time(text: str) -> None:
    values, bad = read_times(pa.array(["5", text, "2009-04-01"]))
    assert bad.to_pylist() == [False, True, False]
    assert values.to_pylist() == [5000, None, 1238544000000]
