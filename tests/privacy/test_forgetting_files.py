"""Files of versions without a user: every other row, id and pair stays where it was, and what is gone can't be told."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from graphrec.holdings.search import files_with_text
from graphrec.nightly.kept import read_snapshot, write_snapshot
from graphrec.snapshot import Snapshot
from graphrec.snapshot.columns import positions
from graphrec.versions.arrays import matrix_arrays, matrix_of, read_arrays, read_ids, write_arrays
from graphrec.versions.forgetting import GONE, files_with, forget_missing, forget_users, placeholders, user_rows

WORDS = st.lists(st.text(st.sampled_from("ab\u0001é🎈"), min_size=1, max_size=3), unique=True, min_size=1, max_size=8)


def objects(words: list[str]) -> np.ndarray:
    return np.array([*words, None], dtype=object)[:-1]


@given(WORDS, st.data())
def test_ids_stay_sorted_and_findable_whoever_goes_in_whatever_order(words: list[str], data: st.DataObject) -> None:
    ids = objects(sorted(words))
    left = set(words)
    for gone in data.draw(st.permutations(words)):
        ids = placeholders(ids, {gone})
        left.discard(gone)
        told = ids.tolist()
        assert told == sorted(told)
        assert len(set(told)) == len(words)
        assert {word for word in told if GONE not in word} == left
        assert not any(word.startswith(gone + "\0") for word in told), "a placeholder tells nobody who is gone"
        found = positions(ids, objects(sorted(words)))
        assert [place >= 0 for place in found] == [word in left for word in sorted(words)]
        assert [sorted(words)[place] for place in found if place >= 0] == sorted(left), "each at its place"


def written(path: Path) -> None:
    """Three users, two items: vectors, a matrix of pairs, and a filter's step in which all users stand twice."""
    pairs = sparse.csr_array(np.array([[1, 2], [0, 3], [4, 5]], dtype=np.float32))
    twice = sparse.vstack([pairs, pairs], format="csr")
    arrays = {
        "user_vectors": np.arange(6, dtype=np.float32).reshape(3, 2) + 1,
        "weight": np.arange(10, dtype=np.float32).reshape(5, 2) + 1,
        "left": np.ones((2, 1)),
        **matrix_arrays("learnt", pairs),
        **matrix_arrays("back", twice),
        **matrix_arrays("there", sparse.csr_array(twice.T)),
    }
    write_arrays(path, arrays, {"user_ids": objects(["ada", "bob", "eve"]), "item_ids": objects(["x", "y"])})


def test_rows_of_one_user_become_zeros_and_all_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "model" / "blend.npz"
    written(path)
    assert files_with(tmp_path, "bob") == [path]
    assert user_rows(path, "bob")["user_vectors"] == [3, 4]
    assert user_rows(path, "bob")["learnt"] == ["y"]
    before = read_arrays(path)
    assert forget_users(tmp_path, {"bob", "nobody"}) == 1
    assert forget_users(tmp_path, {"bob"}) == 0
    after = read_arrays(path)
    assert files_with(tmp_path, "bob") == []
    assert read_ids(after, "user_ids").tolist() == ["ada", "ada" + GONE, "eve"]
    assert read_ids(after, "item_ids").tolist() == ["x", "y"]
    assert after["user_vectors"].tolist() == [[1, 2], [0, 0], [5, 6]]
    assert after["weight"].tolist() == [[1, 2], [0, 0], [5, 6], [7, 8], [9, 10]]
    assert matrix_of(after, "learnt", (3, 2)).toarray().tolist() == [[1, 2], [0, 0], [4, 5]]
    assert matrix_of(after, "back", (6, 2)).toarray().tolist() == [[1, 2], [0, 0], [4, 5]] * 2
    assert (matrix_of(after, "there", (2, 6)).toarray() == matrix_of(after, "back", (6, 2)).toarray().T).all()
    assert {name: array.dtype for name, array in after.items()} == {name: array.dtype for name, array in before.items()}


def test_whoever_is_not_in_the_graph_any_more_is_taken_out_of_a_new_version(tmp_path: Path) -> None:
    written(tmp_path / "a.npz")
    write_arrays(tmp_path / "b.npz", {"x": np.ones(2)}, {"item_ids": objects(["x"])})
    assert forget_missing(tmp_path, {"ada", "eve", "x"}) == 1
    assert forget_missing(tmp_path, {"ada", "eve", "x"}) == 0
    assert forget_missing(tmp_path, {"eve"}) == 1
    assert read_ids(read_arrays(tmp_path / "a.npz"), "user_ids").tolist() == [GONE, GONE + GONE, "eve"]


def test_the_snapshot_of_a_night_can_be_gone_on_with(tmp_path: Path) -> None:
    matrix = sparse.csr_array(np.array([[1, 1], [1, 0], [0, 1]], dtype=np.float32))
    follows = sparse.csr_array(np.array([[0, 1, 1], [1, 0, 0], [0, 0, 0]], dtype=bool))
    tags = sparse.csr_array((2, 0), dtype=np.float32)
    rating, last_at = np.array([1, 2, 3, 4], dtype=np.float32), np.array([10, 20, 30, 40])
    users, items, none = objects(["ada", "bob", "eve"]), objects(["x", "y"]), objects([])
    snapshot = Snapshot(users, items, matrix, rating, last_at, matrix.astype(bool), none, tags, follows, matrix)
    write_snapshot(tmp_path / "snapshot.npz", snapshot)
    forget_users(tmp_path, {"bob"})
    found = read_snapshot(tmp_path / "snapshot.npz")
    assert found.matrix.toarray().tolist() == [[1, 1], [0, 0], [0, 1]]
    assert found.rating.tolist() == [1, 2, 4]
    assert found.last_at.tolist() == [10, 20, 40]
    assert found.seen.toarray().tolist() == [[1, 1], [0, 0], [0, 1]]
    assert found.rated.toarray().tolist() == [[1, 1], [0, 0], [0, 1]]
    assert found.follows.toarray().tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_text_is_found_in_whatever_holds_it(tmp_path: Path, encoding: str) -> None:
    text = "kqzvjxwpbnmtrdhgfsclqeyuioazwxsd"
    inside = b"\0" * ((1 << 22) - 20) + text.encode(encoding) + b"\0\0"
    (tmp_path / "plain").write_bytes(inside)
    (tmp_path / "nothing").write_bytes(text[:-1].encode(encoding))
    with zipfile.ZipFile(tmp_path / "packed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", inside)
    held = io.BytesIO()
    np.savez_compressed(held, a=np.frombuffer(inside, dtype=np.uint8))
    (tmp_path / "packed.npz").write_bytes(held.getvalue())
    (tmp_path / f"{text}.json").write_text("")
    names = [path.name for path in files_with_text(tmp_path, text)]
    assert names == [f"{text}.json", "packed.npz", "packed.zip", "plain"]
