"""Files as they are: what a strict load refuses is a finding with its file and line, and no end."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from graphrec.audit import open_path
from graphrec.audit.report import Report
from graphrec.audit.run import audit_path
from graphrec.errors import InputError
from loaders import load_frames

NOW = 1_700_000_000_000
BAD = (
    "user_id,item_id,rating,timestamp,dwell_ms,session\n"
    "u1,i1,5,1577836800,60000,s1\n"
    "\n"
    "u2,,x,1577836800,50000,s1\n"
    "u3,i1\n"
    '"u4 ""q""",i2,3,notime,,\n'
    "u1,i1,5,1577836800,60000,s1\n"
    "u5,i2,4,32503680000,,\n"
    "u6,i2,55,1577836800,1000,s2\n" + "".join(f"v{n},i2,{n % 5 + 1},1577836800,70000,s3\n" for n in range(20))
)


def write(folder: Path, text: str, name: str = "interactions.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def told(report: Report) -> dict[str, tuple[int, list[tuple[str | None, int | None]]]]:
    return {one.check: (one.count, [(e.file, e.line) for e in one.examples]) for one in report.found}


def test_bad_rows_are_findings_with_file_and_line(tmp_path: Path) -> None:
    path = write(tmp_path, BAD)
    with pytest.raises(InputError):
        load_frames(path, staging=tmp_path / "staging")
    found = told(audit_path(path, now=NOW))
    name = "interactions.csv"
    assert found["unreadable"] == (1, [(name, 5)])
    assert found["orphans"] == (1, [(name, 4)])
    assert found["scales"] == (2, [(name, 4), (name, 9)])
    assert found["times"] == (2, [(name, 6), (name, 8)])
    assert found["duplicates"] == (1, [(name, 7)])
    assert found["accidents"] == (1, [(name, 9)])


def test_nothing_is_left_out_and_other_columns_stay(tmp_path: Path) -> None:
    with open_path(write(tmp_path, BAD), staging=tmp_path / "staging") as source:
        assert source.rows("SELECT line FROM interactions ORDER BY row_id") == [(n,) for n in (2, 4, 6, *range(7, 30))]
        assert source.rows("SELECT user_id, dwell, session FROM interactions WHERE line = 9") == [("u6", 1.0, "s2")]
        assert source.rows('SELECT user_id, "at" FROM interactions WHERE line = 6') == [('u4 "q"', None)]


def test_the_line_of_a_row_after_many_blocks_is_exact(tmp_path: Path) -> None:
    rows = [f"u{n},i{n % 97},{n % 5 + 1},{1577836800 + n}" for n in range(50_000)]
    rows[40_000] += "\n\n"
    path = tmp_path / "interactions.csv.gz"
    path.write_bytes(gzip.compress(("user_id,item_id,rating,timestamp\n" + "\n".join(rows) + "\n").encode()))
    with open_path(path, staging=tmp_path / "staging") as source:
        assert source.rows("SELECT line FROM interactions WHERE user_id IN ('u0', 'u40000', 'u40001') ORDER BY 1") == [
            (2,),
            (40_002,),
            (40_005,),
        ]


def test_json_lines_and_lists_know_their_lines(tmp_path: Path) -> None:
    lines = [json.dumps({"user_id": f"u{n}", "item_id": f"i{n}", "rating": n % 5 + 1}) for n in range(30)]
    lines[7] = "{broken"
    lines[9] = json.dumps({"user_id": "u9", "item_id": [1], "rating": 3})
    found = audit_path(write(tmp_path, "\n".join(lines) + "\n", "events.jsonl"), now=NOW)
    assert told(found)["unreadable"] == (2, [("events.jsonl", 8), ("events.jsonl", 10)])
    folder = tmp_path / "lists"
    folder.mkdir()
    write(folder, "1 2 3 4 5 6\n2 3 x\n3 2 2\n", "train.txt")
    found = audit_path(folder, now=NOW)
    assert told(found)["unreadable"] == (1, [("train.txt", 2)])
    assert told(found)["duplicates"] == (1, [("train.txt", 3)])


def test_a_column_that_is_gone_is_a_finding_and_the_rest_is_read(tmp_path: Path) -> None:
    write(tmp_path, "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n2,1,3.5,964982703\n", "ratings.csv")
    write(tmp_path, "movieId,name\n1,Toy Story (1995)\n", "movies.csv")
    found = audit_path(tmp_path, now=NOW)
    assert found.shape.n_interactions == 2
    unreadable = next(one for one in found.found if one.check == "unreadable")
    assert "expected the columns title, genres" in unreadable.examples[0].reason


def test_orphans_and_missing_metadata(tmp_path: Path) -> None:
    write(tmp_path, "user_id,item_id\na,1\na,2\nb,1\nb,3\nc,1\n")
    write(tmp_path, "item_id,title,brand\n1,One,x\n2,,y\n4,Four,\n", "items.csv")
    found = {one.check: one for one in audit_path(tmp_path, now=NOW).found}
    assert [e.ids for e in found["orphans"].examples] == [("b", "3")]
    assert [e.ids for e in found["metadata.items.title"].examples] == [("2",)]
    assert [e.ids for e in found["metadata.items.brand"].examples] == [("4",)]
    assert found["metadata.items.title"].n_rows == 1


def test_what_no_loader_knows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="isn't in a format that is known"):
        audit_path(write(tmp_path, "once upon a time\nthere was\n", "tale.md"))


def test_the_same_input_gives_the_same_report(tmp_path: Path) -> None:
    path = write(tmp_path, BAD)
    assert audit_path(path, now=NOW).as_dict() == audit_path(path, now=NOW).as_dict()
