"""Staging: equal rows leave, sums are right, memory and files are bounded, failures leave nothing."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.errors import InputError
from graphrec.frames import SCHEMAS, Frames, FramesWriter, events, read_manifest, write_manifest

Row = tuple[str, str, str, int | None, float | None, float | None, int | None]
NAMES = ("user_id", "item_id", "kind", "count", "weight", "rating", "at")


def table(rows: list[Row]) -> pa.Table:
    schema = pa.schema(list(SCHEMAS["interactions"].items()))
    return pa.Table.from_pylist([dict(zip(NAMES, row, strict=True)) for row in rows], schema)


def stage(folder: Path, *pieces: list[Row], name: str = "interactions") -> Frames:
    with FramesWriter(folder, "toy", "table") as writer:
        for piece in pieces:
            writer.add(name, table(piece))
        return writer.finish()


def sums(frames: Frames) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    with frames.database() as db:
        return {tuple(row[:3]): tuple(row[3:]) for row in db.execute("SELECT * FROM sums").fetchall()}


def test_sums_worked_by_hand(tmp_path: Path) -> None:
    frames = stage(
        tmp_path / "f",
        [("u", "a", "rating", None, None, 3.0, 10), ("u", "a", "rating", 4, 0.5, 5.0, 20)],
        [("u", "a", "rating", None, 0.25, 2.0, 20), ("u", "a", "view", None, None, None, None)],
    )
    assert sums(frames) == {
        ("u", "a", "rating"): (1 + 4 + 1, 0.75, 5.0, 10, 20),
        ("u", "a", "view"): (1, None, None, None, None),
    }


def test_the_rating_is_the_latest_known_one(tmp_path: Path) -> None:
    rows: list[Row] = [
        ("u", "a", "r", None, None, 1.0, 5),
        ("u", "a", "r", None, None, None, 9),
        ("u", "a", "r", None, None, 4.0, None),
    ]
    assert sums(stage(tmp_path / "f", rows))["u", "a", "r"] == (3, None, 1.0, 5, 9)


def test_equal_rows_leave_and_are_counted(tmp_path: Path) -> None:
    row: Row = ("u", "a", "rating", None, None, -0.0, None)
    other: Row = ("u", "a", "rating", None, None, 0.0, None)
    frames = stage(tmp_path / "f", [row, ("v", "a", "rating", None, None, 1.0, 3)], [row, other])
    assert frames.counts["interactions"] == 2
    assert frames.duplicates["interactions"] == 2
    assert sums(frames)["u", "a", "rating"][0] == 1


few = st.sampled_from
ROWS = st.lists(
    st.tuples(
        few(["u", "v", "w", "é"]),
        few(["a", "b", "ü🎬"]),
        few(["rating", "view"]),
        few([None, 1, 3]),
        few([None, 0.5, -2.0]),
        few([None, 0.0, 2.5, 5.0]),
        few([None, -7, 0, 1_600_000_000_000]),
    ),
    min_size=1,
    max_size=40,
)


def expected_sums(rows: list[Row]) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in set(rows):
        groups[row[:3]].append(row)
    found = {}
    for key, group in groups.items():
        rated = [(row[6] if row[6] is not None else -(2**63), row[5]) for row in group if row[5] is not None]
        weights = [row[4] for row in group if row[4] is not None]
        times = [row[6] for row in group if row[6] is not None]
        found[key] = (
            sum(row[3] or 1 for row in group),
            sum(weights) if weights else None,
            max(rated)[1] if rated else None,
            min(times, default=None),
            max(times, default=None),
        )
    return found


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, cut=st.integers(0, 40), seed=st.integers(0, 99))
def test_any_rows_in_any_pieces_give_the_set_and_its_sums(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], cut: int, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("frames")
    frames = stage(folder / "a", rows[:cut], rows[cut:])
    staged = [tuple(row.values()) for row in frames.table("interactions").to_pylist()]
    assert sorted(staged, key=repr) == sorted(set(rows), key=repr)
    assert frames.duplicates["interactions"] == len(rows) - len(set(rows))
    assert sums(frames) == expected_sums(rows)
    again = stage(folder / "b", random.Random(seed).sample(rows, len(rows)))
    assert again.table("interactions") == frames.table("interactions")


def test_partitions_follow_each_other_in_the_order_of_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PARTITION_ROWS", 50)
    monkeypatch.setattr(events, "SLICE_ROWS", 70)
    monkeypatch.setattr(events, "PENDING_WORDS", 10)
    rng = random.Random(3)
    rows: list[Row] = [
        (f"u{rng.randrange(90)}", f"i{rng.randrange(40)}", "r", None, None, None, n) for n in range(1000)
    ]
    frames = stage(tmp_path / "f", *(rows[n : n + 100] for n in range(0, 1000, 100)))
    assert len(list((tmp_path / "f" / "sums").glob("*.parquet"))) > 5
    staged = [row for batch in frames.batches("sums") for row in batch.to_pylist()]
    found = [(row["user_id"], row["item_id"], row["kind"]) for row in staged]
    assert found == sorted({row[:3] for row in rows})
    assert frames.table("interactions").num_rows == 1000
    assert sums(frames) == expected_sums(rows)


def test_a_column_that_comes_up_late_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PENDING_WORDS", 0)
    frames = stage(
        tmp_path / "f",
        [("u", "a", "x", None, None, None, None)],
        [("u", "b", "y", None, None, 4.5, None)],
        [("u", "c", "x", 2, 1.5, None, 9)],
    )
    assert [tuple(row.values()) for row in frames.table("interactions").to_pylist()] == [
        ("u", "a", "x", None, None, None, None),
        ("u", "b", "y", None, None, 4.5, None),
        ("u", "c", "x", 2, 1.5, None, 9),
    ]


def test_frames_without_staged_sums_compute_them(tmp_path: Path) -> None:
    frames = stage(tmp_path / "f", [("u", "a", "r", None, None, 1.0, 5), ("u", "a", "r", None, None, 2.0, 5)])
    staged = sums(frames)
    for path in (tmp_path / "f" / "sums").iterdir():
        path.unlink()
    assert sums(frames) == staged == {("u", "a", "r"): (2, None, 2.0, 5, 5)}


def test_one_row_an_item_with_the_last_known_values(tmp_path: Path) -> None:
    with FramesWriter(tmp_path / "f", "toy", "table") as writer:
        writer.add("items", pa.table({"item_id": ["a", "b"], "title": ["Old", "B"], "year": [1990, 1991]}))
        writer.add("items", pa.table({"item_id": ["a"], "title": ["New"]}))
        writer.add("items", pa.table({"item_id": ["b"], "title": ["B"], "year": [1991]}))
        frames = writer.finish()
    assert frames.table("items").to_pylist() == [
        {"item_id": "a", "title": "New", "year": 1990},
        {"item_id": "b", "title": "B", "year": 1991},
    ]
    assert frames.counts == {"items": 2}
    assert frames.duplicates == {"items": 1}


def test_every_table_is_a_view_even_when_empty(tmp_path: Path) -> None:
    with stage(tmp_path / "f", [("u", "a", "r", None, None, None, None)]).database() as db:
        for name, schema in SCHEMAS.items():
            described = db.execute(f"DESCRIBE {name}").fetchall()
            assert [row[0] for row in described] == list(schema)


def test_an_error_inside_leaves_nothing(tmp_path: Path) -> None:
    good: list[Row] = [("u", "a", "r", None, None, None, None)]
    bad: list[Row] = [("", "a", "r", None, None, None, None)]
    with pytest.raises(InputError, match="1 values of user_id"):
        stage(tmp_path / "f", good, bad)
    assert not (tmp_path / "f").exists()


def test_no_rows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no rows in x"), FramesWriter(tmp_path / "f", "x", "y") as writer:
        writer.finish()


def test_a_column_that_no_table_has_is_an_error(tmp_path: Path) -> None:
    rows = pa.table({"user_id": ["u"], "followee_id": ["v"], "since": [1]})
    with pytest.raises(InputError, match="found also since"), FramesWriter(tmp_path / "f", "x", "y") as writer:
        writer.add("follows", rows)


def test_the_manifest_gives_the_frames_back(tmp_path: Path) -> None:
    frames = stage(tmp_path / "f", [("u", "a", "r", None, None, None, None)])
    write_manifest(frames)
    assert read_manifest(tmp_path / "f") == frames
