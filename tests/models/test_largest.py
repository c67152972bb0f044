"""The largest entries of rows against a full sort."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec.models.largest import CHUNK, largest


@pytest.mark.parametrize("width", [1, CHUNK - 1, CHUNK, 5 * CHUNK + 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_they_are_those_of_a_full_sort(width: int, dtype: type) -> None:
    rng = np.random.default_rng(width)
    scores = rng.normal(size=(50, width)).astype(dtype)
    scores[rng.random(scores.shape) < 0.3] = -np.inf
    for k in (1, 4, width):
        row, column = largest(scores, k)
        for n, values in enumerate(scores):
            finite = int(np.isfinite(values).sum())
            wanted = np.argsort(-values, kind="stable")[: min(k, finite)]
            assert sorted(column[row == n]) == sorted(wanted)


def test_equal_ones_and_those_within_the_margin_come_as_well() -> None:
    scores = np.zeros((3, 300))
    scores[1, ::2] = 1.0
    scores[2] = np.arange(300) / 300
    row, _ = largest(scores, 2)
    assert np.bincount(row).tolist() == [300, 150, 2]
    row, column = largest(scores, 2, margin=0.01)
    assert sorted(column[row == 2]) == [295, 296, 297, 298, 299]


def test_nothing_is_found_where_there_is_nothing() -> None:
    for shape, k in (((2, 5), 0), ((0, 5), 3), ((2, 0), 3)):
        assert not len(largest(np.zeros(shape), k)[0])
    assert not len(largest(np.full((2, 5), -np.inf), 3)[0])
