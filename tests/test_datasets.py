"""The packaged data set is fetched as locked, and a broken copy in the cache is fetched again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from graphrec.datasets import MOVIELENS_100K, fetch
from graphrec.errors import InputError


def test_a_broken_copy_is_fetched_again_and_a_whole_one_is_kept(tmp_path: Path) -> None:
    broken = tmp_path / MOVIELENS_100K.wheel
    broken.write_bytes(b"half a file")
    path = fetch(MOVIELENS_100K, tmp_path)
    assert path == broken
    assert path.stat().st_size > 1_000_000
    changed = path.stat().st_mtime_ns
    assert fetch(MOVIELENS_100K, tmp_path).stat().st_mtime_ns == changed


def test_a_package_other_than_locked_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="sha256"):
        fetch(replace(MOVIELENS_100K, sha256="0" * 64), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_does_not_exist_is_told_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="pip could not download recbole"):
        fetch(replace(MOVIELENS_100K, version="0.0.0"), tmp_path)
