"""Malformed input: one exact line in the error and nothing staged, or a row in the rejects file and the rest loaded."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
from small import MOVIELENS_CSV, load, rows, write, zipped

from graphrec.errors import InputError
from loaders import delimited, load_frames

HEAD = "userId,movieId,rating,timestamp\n"
GOOD = "1,2,3.5,964982703\n"


def refused(path: Path, tmp_path: Path, **options: object) -> str:
    """The error of a load that must fail; what it staged must be gone."""
    staging = tmp_path / "refused"
    with pytest.raises(InputError) as caught:
        load_frames(path, staging=staging, **options)  # type: ignore[arg-type]
    assert not staging.exists() or not any(staging.iterdir())
    return str(caught.value)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("1,2,3.5", "expected 4 fields, found 3"),
        ("1,2,3.5,964982703,9", "expected 4 fields, found 5"),
        ("1,2,good,964982703", "expected a number in rating, found 'good'"),
        ("1,2,nan,964982703", "expected a number in rating, found 'nan'"),
        ("1,2,-inf,964982703", "expected a number in rating, found '-inf'"),
        ("1,2,1e999,964982703", "expected a number in rating, found '1e999'"),
        ("1,2,,964982703", "expected a number in rating, found nothing"),
        (",2,3.5,964982703", "expected an id in userId, found nothing"),
        ("1,2,3.5,yesterday", "expected a time (seconds, milliseconds or ISO 8601) in timestamp, found 'yesterday'"),
        ("1,2,3.5,2009-13-45", "expected a time (seconds, milliseconds or ISO 8601) in timestamp, found '2009-13-45'"),
        ("userId,movieId,rating,timestamp", "expected a row, found the header again"),
        ("x" * 10_000 + ",2,3.5,964982703", "an id has at most 4000 bytes, this one has 10000"),
        ("a\x00b,2,3.5,964982703", "an id can't hold the character NUL"),
        (b"caf\xe9,2,3.5,964982703", r"found 'caf\xe9': it is not valid UTF-8"),
    ],
)
def test_the_line_and_what_is_wrong_with_it(tmp_path: Path, bad: str | bytes, message: str) -> None:
    bad = bad.encode() if isinstance(bad, str) else bad
    content = (HEAD + GOOD + "\n" + '"q\n\nq",2,3.5,964982703\r\n').encode() + bad + b"\n" + GOOD.encode()
    folder = write(tmp_path / "ml", {"ratings.csv": content})
    error = refused(folder, tmp_path)
    assert error.startswith("ratings.csv line 7: ")
    assert message in error
    frames = load(folder, tmp_path, rejects=tmp_path / "out" / "bad.csv")
    assert frames.rejected == 1
    assert frames.counts == {"interactions": 2}
    assert frames.duplicates == {"interactions": 1}
    with (tmp_path / "out" / "bad.csv").open(encoding="utf-8", newline="") as file:
        header, row = csv.reader(file)
    assert header == ["file", "line", "reason", "row"]
    assert row[:2] == ["ratings.csv", "7"]
    assert message in row[2]
    assert row[3] == bad.decode("utf-8", "backslashreplace")


def test_the_first_of_many_bad_lines_is_named_and_all_are_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 2000)
    lines = [f"{n},2,{'x' if n in (700, 1500) else 3},964982703" for n in range(2000)]
    lines[900] = "1,2,3"
    folder = write(tmp_path / "ml", {"ratings.csv": HEAD + "\n".join(lines)})
    assert refused(folder, tmp_path) == "ratings.csv line 702: expected a number in rating, found 'x'"
    frames = load(folder, tmp_path, rejects=tmp_path / "bad.csv")
    assert (frames.rejected, frames.counts["interactions"]) == (3, 1997)
    with (tmp_path / "bad.csv").open(newline="") as file:
        assert [row[1] for row in csv.reader(file)] == ["line", "702", "902", "1502"]


def test_the_member_of_a_zip_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path / "archive.zip", {"ratings.csv": HEAD + GOOD + "1,2,x,5\n"})
    assert refused(path, tmp_path).startswith("archive.zip:ratings.csv line 3: expected a number in rating")


def test_a_bad_row_in_a_later_file_stops_everything(tmp_path: Path) -> None:
    files = MOVIELENS_CSV | {"tags.csv": "userId,movieId,tag,timestamp\n2,31,,1\n"}
    assert refused(write(tmp_path / "ml", files), tmp_path) == "tags.csv line 2: expected an id in tag, found nothing"


@pytest.mark.parametrize("rest", ["", 'then 5" wide\n'])
def test_a_quote_that_never_closes_swallows_nothing(tmp_path: Path, rest: str) -> None:
    movies = 'movieId,title,genres\n1,A,Drama\n2,"B,Drama\n' + "3,C,Drama\n" * 5 + rest
    error = refused(write(tmp_path / "ml", {"ratings.csv": HEAD + GOOD, "movies.csv": movies}), tmp_path)
    assert error.startswith("movies.csv line 3: expected") or (rest and error.startswith("movies.csv line"))


def test_a_missing_and_a_doubled_column(tmp_path: Path) -> None:
    table = write(tmp_path / "a", {"x.csv": "user_id,item_id,item_id\nu,i,j\n"}) / "x.csv"
    assert refused(table, tmp_path) == "x.csv line 1: expected each column once, found item_id twice in the header"
    error = refused(table, tmp_path, columns={"user": "user_id", "item": "movie"})
    assert error.startswith("x.csv: expected the columns movie, found user_id, item_id, item_id")


def test_empty_inputs(tmp_path: Path) -> None:
    assert "found nothing at" in refused(tmp_path / "absent", tmp_path)
    assert refused(write(tmp_path / "e", {}), tmp_path).startswith("e holds no data")
    assert refused(write(tmp_path / "z", {"ratings.csv": ""}), tmp_path).startswith("z holds no data")
    assert refused(write(tmp_path / "h", {"ratings.csv": HEAD}), tmp_path) == "no rows in h; expected at least one"
    assert "isn't in a format" in refused(write(tmp_path / "b", {"x.csv": "\n\n"}), tmp_path)
    assert refused(zipped(tmp_path / "empty.zip", {}), tmp_path).startswith("empty.zip holds no data")


def test_every_row_bad(tmp_path: Path) -> None:
    folder = write(tmp_path / "ml", {"ratings.csv": HEAD + "1,2,x,5\n"})
    assert refused(folder, tmp_path, rejects=tmp_path / "bad.csv").startswith("no rows in ml")
    assert len((tmp_path / "bad.csv").read_text().splitlines()) == 2


def test_broken_archives(tmp_path: Path) -> None:
    whole = gzip.compress((HEAD + "".join(f"{n},2,3.5,964982703\n" for n in range(50_000))).encode())
    cut = write(tmp_path / "g", {"ratings.csv.gz": whole[: len(whole) // 2]})
    assert refused(cut, tmp_path).startswith("ratings.csv.gz: the compressed data is broken or cut off")
    archive = zipped(tmp_path / "a.zip", {"ratings.csv": (HEAD + GOOD * 1000)})
    content = bytearray(archive.read_bytes())
    content[60:90] = b"\xff" * 30
    archive.write_bytes(content)
    assert "a.zip" in refused(archive, tmp_path)


def test_a_binary_file_is_not_a_table(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", {"x.csv": b"\x89PNG\x00\x01" * 500})
    assert "isn't in a format that is known" in refused(folder, tmp_path)


def test_what_is_staged_already_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "mine", {"thesis.txt": "important"})
    with pytest.raises(InputError, match="expected a new or empty folder"):
        load_frames(write(tmp_path / "ml", MOVIELENS_CSV), staging=tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_bad_json_lines(tmp_path: Path) -> None:
    good = '{"user_id": "u", "item_id": "i", "rating": 4.5}\n'
    for bad, message in {
        "{oops": "expected a JSON object, found '{oops'",
        "[1, 2]": "it is not an object",
        '{"user_id": "u"}': "expected an id in item_id, found nothing",
        '{"user_id": 1.5, "item_id": "i"}': "expected an id in user_id, found 1.5",
        '{"user_id": ["u"], "item_id": "i"}': 'expected an id in user_id, found ["u"]',
        '{"user_id": true, "item_id": "i"}': "expected an id in user_id, found true",
        '{"user_id": "u", "item_id": "i", "rating": "bad"}': "expected a number in rating, found 'bad'",
        '{"user_id": "u", "item_id": "i", "rating": NaN}': "expected a number in rating, found 'nan'",
        '{"user_id": "\\ud800", "item_id": "i"}': "a lone surrogate",
    }.items():
        folder = write(tmp_path / "j", {"events.jsonl": good + "\n" + bad + "\n" + good})
        error = refused(folder, tmp_path)
        assert error.startswith("events.jsonl line 3: ")
        assert message in error
        frames = load(folder, tmp_path, rejects=tmp_path / "bad.csv")
        assert (frames.rejected, frames.counts["interactions"]) == (1, 1)
        assert rows(frames) == [("u", "i", "rating", 4.5)]
