"""Ratings on each user's own scale: as scikit-learn scales columns, and back again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from graphrec.errors import InputError
from graphrec.features import METHODS, fit_scaling

ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.one_of(st.floats(-1e6, 1e6), st.sampled_from([1.0, 2.5, 5.0]))), max_size=40
)
ORACLES = {
    "mean_centre": lambda: StandardScaler(with_std=False),
    "min_max": MinMaxScaler,
    "z_score": StandardScaler,
}


@given(ROWS, st.sampled_from(METHODS))
def test_inverting_gives_the_ratings_back(rows: list[tuple[int, float]], method: str) -> None:
    users = np.array([user for user, _ in rows], dtype=np.int64)
    ratings = np.array([rating for _, rating in rows])
    scaling = fit_scaling(users, ratings, 7, method)
    there_and_back = scaling.invert(users, scaling.apply(users, ratings))
    np.testing.assert_allclose(there_and_back, ratings, rtol=1e-9, atol=1e-9 * np.abs(ratings).max(initial=1))


@pytest.mark.parametrize("method", METHODS)
def test_a_user_is_scaled_as_scikit_learn_scales_a_column(method: str) -> None:
    rng = np.random.default_rng(4)
    users, ratings = rng.integers(0, 30, 500), rng.integers(1, 11, 500) / 2
    ratings[users == 7] = 3.5  # all equal
    scaling = fit_scaling(users, ratings, 31, method)
    for user in range(30):
        column = ratings[users == user].reshape(-1, 1)
        oracle = ORACLES[method]().fit(column)
        own = np.full(len(column), user)
        np.testing.assert_allclose(scaling.apply(own, column[:, 0]), oracle.transform(column)[:, 0], atol=1e-12)
    everyone = ORACLES[method]().fit(ratings.reshape(-1, 1))
    np.testing.assert_allclose(scaling.apply([30], [2.0]), everyone.transform([[2.0]])[0], atol=1e-12)


def test_missing_ratings_tell_nothing_and_stay_missing() -> None:
    scaling = fit_scaling([0, 0, 0, 1], [1.0, np.nan, 3.0, np.nan], 2, "mean_centre")
    assert scaling.apply([0, 0], [3.0, np.nan]).tolist()[0] == 1.0
    assert np.isnan(scaling.apply([0], [np.nan])[0])
    assert scaling.offset.tolist() == [2.0, 2.0]
    assert fit_scaling([], [], 2, "z_score").apply([1], [4.0]).tolist() == [4.0]


def test_other_methods_and_users_are_refused() -> None:
    with pytest.raises(InputError, match="expected one of mean_centre, min_max, z_score as the scaling, found 'log'"):
        fit_scaling([0], [1.0], 1, "log")
    with pytest.raises(InputError, match="expected positions of 1 users, found 3"):
        fit_scaling([3], [1.0], 1, "min_max")
    with pytest.raises(InputError, match="positions of users from 0 to 0"):
        fit_scaling([0], [1.0], 1, "min_max").apply([1], [1.0])
