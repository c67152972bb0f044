"""Adjacency lists with their fixed parts."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import load, rows, write

from graphrec.errors import InputError
from loaders import lists


def test_the_parts_stay_apart(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "train.txt": "0 0 1 2\n1 0\n2 1 1\n",
        "valid.txt": "1 2\n",
        "test.txt": "0 3\n1\n2 0 \n",
        "user_list.txt": "org_id remap_id\n343 0\n",
        "item_list.txt": "org_id remap_id\n9 0\n",
    }
    frames = load(write(tmp_path / "g", files), tmp_path)
    assert frames.format == "adjacency lists"
    assert [row[:2] for row in rows(frames)] == [("0", "0"), ("0", "1"), ("0", "2"), ("1", "0"), ("2", "1")]
    assert rows(frames, "valid") == [("1", "2", "interaction")]
    assert [row[:2] for row in rows(frames, "test")] == [("0", "3"), ("2", "0")]
    assert frames.duplicates == {"interactions": 1, "valid": 0, "test": 0}
    assert rows(load(tmp_path / "g", tmp_path, kind="checkin"), "test")[0] == ("0", "3", "checkin")


def test_a_line_of_100_000_items_and_pieces_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "PIECE_BYTES", 1000)
    long = "7 " + " ".join(map(str, range(100_000)))
    frames = load(write(tmp_path / "g", {"train.txt": f"5 1\n{long}\n\n6 2 3"}), tmp_path)
    assert frames.counts == {"interactions": 100_003}
    with frames.database() as db:
        found = db.execute("SELECT user_id, count(DISTINCT item_id) FROM interactions GROUP BY ALL ORDER BY ALL")
        assert found.fetchall() == [("5", 1), ("6", 2), ("7", 100_000)]


def test_ids_that_are_words(tmp_path: Path) -> None:
    frames = load(write(tmp_path / "g", {"train.txt": "Ann x1 é\nBob 007 7\n"}), tmp_path)
    assert [row[:2] for row in rows(frames)] == [("Ann", "x1"), ("Ann", "é"), ("Bob", "007"), ("Bob", "7")]


def test_one_file_of_lists(tmp_path: Path) -> None:
    path = write(tmp_path / "g", {"lists.txt": "1 2 3\r\n2 4\r\n"}) / "lists.txt"
    assert [row[:2] for row in rows(load(path, tmp_path))] == [("1", "2"), ("1", "3"), ("2", "4")]


def test_prose_is_not_a_list(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"notes.txt isn't in a format that is known"):
        load(write(tmp_path / "g", {"notes.txt": "It was a dark\nand stormy night\n"}) / "notes.txt", tmp_path)


def test_rejects_take_the_whole_line(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"train.txt": "".join(f"{n} 1\n" for n in range(200)) + "3 4 x5 6\n9 9\n"}
    folder = write(tmp_path / "g", files)
    with pytest.raises(InputError, match=r"^train.txt line 201: expected whole numbers .*, found 'x5'$"):
        load(folder, tmp_path)
    with pytest.raises(InputError, match=r"^train.txt line 2: .* found '7,8'$"):
        load(write(tmp_path / "h", {"train.txt": "1 2 3 4 5\n6 7,8\n9 1 2 3 4\n"}), tmp_path)
    frames = load(folder, tmp_path, rejects=tmp_path / "bad.csv")
    assert frames.counts["interactions"] == 201
    assert frames.rejected == 1
    assert (tmp_path / "bad.csv").read_text().splitlines()[1].endswith(",3 4 x5 6")
