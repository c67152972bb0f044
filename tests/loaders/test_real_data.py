"""The real data sets, with the counts that their publishers give."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from small import load

pytestmark = pytest.mark.data


@pytest.fixture
def data() -> Path:
    """The folder of real data sets."""
    folder = os.environ.get("GRAPHREC_DATA")
    if not folder:
        pytest.skip("GRAPHREC_DATA isn't set: it names the folder with the real data sets")
    return Path(folder)


def n_different(path: Path, tmp_path: Path, column: str) -> int:
    frames = load(path, tmp_path)
    with frames.database() as db:
        row = db.execute(f"SELECT count(DISTINCT {column}) FROM interactions").fetchone()
    assert row is not None
    return int(row[0])


def test_gowalla(data: Path, tmp_path: Path) -> None:
    frames = load(data / "gowalla", tmp_path)
    assert frames.counts == {"interactions": 810_128, "test": 217_242}
    with frames.database() as db:
        found = db.execute("SELECT count(DISTINCT user_id), count(DISTINCT item_id), count(*) FROM sums").fetchone()
    assert found == (29_858, 40_981, 810_128)


def test_movielens_latest_small(data: Path, tmp_path: Path) -> None:
    frames = load(data / "ml-latest-small", tmp_path)
    counts = {"interactions": 100_836, "items": 9_742, "taggings": 3_683, "item_tags": 22_050}
    assert frames.counts == counts
    assert n_different(data / "ml-latest-small", tmp_path, "user_id") == 610


def test_lastfm(data: Path, tmp_path: Path) -> None:
    frames = load(data / "hetrec2011-lastfm-2k", tmp_path)
    counts = {"interactions": 92_834, "items": 17_632, "taggings": 186_478, "follows": 25_434}
    assert {name: frames.counts[name] for name in counts} == counts
    assert sum(frames.duplicates.values()) == 0
