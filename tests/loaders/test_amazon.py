"""Amazon reviews of every year's notation."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from small import load, rows, write

USER, ITEM = "A3SGXH7AUHU8GW", "B001E4KFG0"


def lines(*objects: object) -> str:
    return "".join(json.dumps(one) + "\n" for one in objects)


def test_ratings_only_either_way_round(tmp_path: Path) -> None:
    expected = [(USER, ITEM, "rating", 5.0, 1303862400000)]
    for n, content in enumerate([f"{USER},{ITEM},5.0,1303862400\n", f"{ITEM},{USER},5.0,1303862400\n"]):
        frames = load(write(tmp_path / str(n), {"Books.csv": content}), tmp_path)
        assert frames.format == "Amazon reviews"
        assert rows(frames) == expected


def test_json_lines_of_2018_compressed_with_metadata(tmp_path: Path) -> None:
    review = {"overall": 4.0, "reviewerID": USER, "asin": ITEM, "unixReviewTime": 1303862400, "style": {"a": 1}}
    other = {"overall": 1, "reviewerID": "A1", "asin": "0000031852", "unixReviewTime": 1303862401, "verified": True}
    meta = {"asin": ITEM, "title": "Vitality", "brand": "B", "main_cat": "Pets", "category": ["x", "y"]}
    files: dict[str, str | bytes] = {
        "reviews.json.gz": gzip.compress(lines(review, other).encode()),
        "meta.json.gz": gzip.compress(lines(meta).encode()),
    }
    frames = load(write(tmp_path / "a", files), tmp_path)
    assert rows(frames) == [
        ("A1", "0000031852", "rating", 1.0, 1303862401000),
        (USER, ITEM, "rating", 4.0, 1303862400000),
    ]
    assert rows(frames, "items") == [(ITEM, "Vitality", "B", "Pets")]
    assert rows(frames, "item_tags") == [(ITEM, "Pets")]


def test_json_lines_of_2023_in_milliseconds(tmp_path: Path) -> None:
    review = {
        "rating": 5.0,
        "title": "x",
        "asin": "B1",
        "parent_asin": "B2",
        "user_id": "AG",
        "timestamp": 1588687728923,
    }
    frames = load(write(tmp_path / "a", {"All_Beauty.jsonl": lines(review)}), tmp_path)
    assert rows(frames) == [("AG", "B2", "rating", 5.0, 1588687728923)]


def test_the_splits_of_2023(tmp_path: Path) -> None:
    head = "user_id,parent_asin,rating,timestamp\n"
    files: dict[str, str | bytes] = {
        f"Beauty.{part}.csv": f"{head}AG,B{n},5.0,1588687728923\n" for n, part in enumerate(("train", "valid", "test"))
    }
    frames = load(write(tmp_path / "a", files), tmp_path)
    assert [rows(frames, table)[0][1] for table in ("interactions", "valid", "test")] == ["B0", "B1", "B2"]


def test_metadata_in_pythons_notation(tmp_path: Path) -> None:
    review = {"overall": 4.0, "reviewerID": USER, "asin": ITEM, "unixReviewTime": 1303862400}
    files: dict[str, str | bytes] = {"r.json": lines(review), "m.json": f"{{'asin': '{ITEM}', 'title': \"Dog's\"}}\n"}
    assert rows(load(write(tmp_path / "a", files), tmp_path), "items") == [(ITEM, "Dog's")]
