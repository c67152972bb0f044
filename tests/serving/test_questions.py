"""What new users are asked: what splits people most, and not the same twice."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from shelf import made_state

from graphrec.serving.questions import most_telling, work_out


def column(*people: int, n: int = 16) -> np.ndarray:
    found = np.zeros(n)
    found[list(people)] = 1
    return found


def test_what_splits_people_evenly_and_not_as_before_comes_first() -> None:
    half, twin, other, all_, rare = (
        column(*range(8)),
        column(*range(8)),
        column(*range(0, 16, 2)),
        column(*range(16)),
        column(3),
    )
    answers = sparse.csr_array(np.column_stack([all_, rare, half, twin, other]))
    found, bits = most_telling((answers,), np.ones(16), 5, 1.0)
    assert found.tolist() == [2, 4, 1], "the twin and what all know tell nothing"
    assert bits[:2].tolist() == [1.0, 1.0]
    assert 0 < bits[2] < 0.34


def test_dislikes_split_as_likes_do_and_not_knowing_counts_half() -> None:
    likes = sparse.csr_array(np.column_stack([column(*range(8)), column(*range(8))]))
    dislikes = sparse.csr_array(np.column_stack([column(*range(8, 16)), column()]))
    found, bits = most_telling((likes, dislikes), np.ones(16), 1, 0.5)
    assert found.tolist() == [0], "half like it and half don't; the other is liked by half and unknown to half"
    assert bits[0] == pytest.approx(1.2), "a bit, of three answers whose weights add up to 2.5"


def test_people_count_by_their_weights() -> None:
    answers = sparse.csr_array(np.column_stack([column(0, n=4), column(1, n=4)]))
    found, bits = most_telling((answers,), np.array([3.0, 1.0, 1.0, 1.0]), 1, 1.0)
    assert (found.tolist(), bits.tolist()) == ([0], [1.0])


def test_a_state_has_the_same_questions_each_time_and_none_of_nothing() -> None:
    state = made_state()
    found = state.questions()
    assert found is state.questions()
    again = made_state().questions()
    assert (found.items.tolist(), found.tags) == (again.items.tolist(), again.tags)
    assert found.items[0] == 0, "half of the people like it"
    assert set(found.tags) <= {"comedy", "drama", "horror"}
    assert (np.diff(found.item_bits) <= 1e-9).all()
    empty = sparse.csr_array((0, 0), dtype=np.float32)
    nothing = work_out(empty, empty.astype(bool), np.zeros(0, np.int64), (empty, ()))
    assert (len(nothing.items), nothing.tags) == (0, ())
