"""Models that score items, under the laws, and against what the libraries that fit them say themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import laws
import numpy as np
import pytest

from graphrec.errors import InputError, ModelError
from graphrec.models import LIVE, SCORING_NAMES, create
from graphrec.models.base import RatingModel, ScoringModel
from graphrec.models.factors.likes import confidences
from graphrec.recommend.base import Profile, RatingPredictor
from graphrec.recommend.fitted import make_fitted
from graphrec.snapshot import Snapshot

QUICK: dict[str, dict[str, object]] = {
    "svd": {"n_factors": 6, "n_epochs": 5},
    "svdpp": {"n_factors": 6, "n_epochs": 3},
    "als": {"factors": 6, "iterations": 4},
    "bpr": {"factors": 6, "iterations": 15},
    "nmf": {"n_components": 6, "max_iter": 20},
    "content": {},
    "user_neighbours": {},
    "item_neighbours": {},
}
"""Settings with which a fit takes a moment. Models that aren't here are quick by themselves."""

TAUGHT = {"n_factors": 10, "n_epochs": 150, "learning_rate": 0.02}
"""Twenty users teach little an epoch."""

NAMES = [name for name in SCORING_NAMES if name in QUICK]
RATED = [name for name in NAMES if isinstance(create(name), RatingModel)]


def rated_data(seed: int = 3, n_users: int = 30, n_items: int = 25, ratings: bool = True) -> Snapshot:
    """Two tastes with noise; ratings from 1 to 5, some of them dislikes; one user and one item without anything."""
    rng = np.random.default_rng(seed)
    users, items = rng.integers(0, n_users, 400), rng.integers(0, n_items, 400)
    fits = (users + items) % 2 == 0
    rating = np.clip(np.round(2.5 + 1.5 * fits + rng.normal(0, 0.7, 400)), 1, 5)
    weight = np.where(rating > 1, np.where(rating > 3, 1.0, 0.5), -1.0)
    names = [laws.name(u) for u in users], [f"i'{i}" for i in items]
    tags = laws.tag_table([f"i'{i}" for i in range(n_items)])
    return Snapshot.from_pairs(
        *names,
        weight=weight,
        rating=rating if ratings else None,
        last_at=rng.integers(0, 99, 400),
        users=["newcomer"],
        items=["never seen"],
        item_tags=tags,
    )


def make(name: str) -> ScoringModel:
    model = create(name, QUICK[name])
    assert isinstance(model, ScoringModel)
    return model


@pytest.fixture(scope="module")
def cases() -> dict[str, laws.Case]:
    data = rated_data()
    return laws.cases_of(data, {name: make_fitted(name, QUICK[name]).fit(data) for name in NAMES})


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_scoring_laws(name: str, law: Callable[[laws.Case], None], cases: dict[str, laws.Case]) -> None:
    law(cases[name])


@pytest.mark.parametrize("name", NAMES)
def test_scoring_laws_of_fitting(name: str, tmp_path: Path, cases: dict[str, laws.Case]) -> None:
    def fresh() -> laws.FittedRecommender:
        return make_fitted(name, QUICK[name])

    laws.a_second_fit_forgets_the_first(fresh, rated_data(3), rated_data(4, 12, 9))
    laws.saved_and_loaded_it_answers_the_same(cases[name].recommender, cases[name], tmp_path)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="fit"):
        fresh().recommend([Profile("1")], 3)
    with pytest.raises(ModelError, match="expected a saved recommender"):
        type(fresh()).load(tmp_path / "nothing")


@pytest.mark.parametrize("name", NAMES)
def test_two_tastes_are_told_apart(name: str) -> None:
    """Of what a user hasn't seen, what fits their taste stands higher than what doesn't."""
    data = laws.rated_checkerboard()
    table = (
        make_fitted(name, {} if not name.startswith("svd") else TAUGHT)
        .fit(data)
        .recommend([Profile(laws.name(u)) for u in range(20)], 1)
    )
    fits = [(int(row.item_id[2:]) - row.profile) % 2 == 0 for row in table.itertuples()]
    assert np.mean(fits) == 1.0


@pytest.mark.parametrize("name", NAMES)
def test_reasons_name_what_was_liked(name: str, cases: dict[str, laws.Case]) -> None:
    case = cases[name]
    table = case.recommender.recommend(case.profiles, 3)
    for row in table.itertuples():
        assert (
            any(f"'{item}'" in row.reason for item in case.seen[case.users[row.profile]])
            or "taste" in row.reason
            or "tag" in row.reason
        )


@pytest.mark.parametrize("name", RATED)
def test_ratings_are_predicted_for_anybody_and_anything(name: str, cases: dict[str, laws.Case]) -> None:
    recommender = cases[name].recommender
    assert isinstance(recommender, RatingPredictor)
    data = rated_data()
    users = data.user_ids[np.repeat(np.arange(data.n_users), np.diff(data.rated.indptr))]
    told = recommender.predict(list(users), list(data.item_ids[data.rated.indices]))
    assert told.dtype == np.float64
    assert 1 <= told.min() <= told.max() <= 5
    odd = recommender.predict(["?", "newcomer", data.user_ids[0], "?"], ["?", data.item_ids[0], "never seen", "x"])
    assert np.isfinite(odd).all()
    assert odd[0] == odd[3]


@pytest.mark.parametrize("name", RATED)
def test_ratings_that_were_withheld_are_told_better_than_by_the_mean(name: str) -> None:
    board = laws.rated_checkerboard()
    users = board.user_ids[np.repeat(np.arange(board.n_users), np.diff(board.rated.indptr))]
    items, ratings = board.item_ids[board.rated.indices], board.rated.data
    test = np.arange(len(ratings)) % 5 == 0
    train = Snapshot.from_pairs(users[~test], items[~test], rating=ratings[~test])
    settings = TAUGHT if name.startswith("svd") else {"measure": "pearson"} if name in LIVE else QUICK[name]
    told = make_fitted(name, settings).fit(train).predict(list(users[test]), list(items[test]))  # type: ignore[attr-defined]
    assert np.sqrt(np.mean((told - ratings[test]) ** 2)) < 0.7 * ratings[test].std()


@pytest.mark.parametrize("scaling", ["mean_centre", "min_max", "z_score"])
@pytest.mark.parametrize("name", RATED)
def test_scaling_by_user_is_taken_back(name: str, scaling: str) -> None:
    data = rated_data()
    twice = Snapshot.from_pairs(
        data.user_ids[np.repeat(np.arange(data.n_users), np.diff(data.rated.indptr))],
        data.item_ids[data.rated.indices],
        rating=data.rated.data * 20,
    )
    recommender = make_fitted(name, {**QUICK[name], "scaling": scaling}).fit(twice)
    told = recommender.predict([data.user_ids[0]] * data.n_items, list(data.item_ids))  # type: ignore[attr-defined]
    assert 20 <= told.min() < told.max() <= 100
    with pytest.raises(InputError, match="as the scaling"):
        create(name, {"scaling": "by mood"})


@pytest.mark.parametrize("name", [name for name in RATED if name not in LIVE])
def test_a_model_of_ratings_says_that_it_needs_them(name: str) -> None:
    with pytest.raises(InputError, match="learns from ratings"):
        make_fitted(name, QUICK[name]).fit(rated_data(ratings=False))


@pytest.mark.parametrize(("name", "algorithm"), [("svd", "SVD"), ("svdpp", "SVDpp")])
def test_predictions_are_those_of_surprise(name: str, algorithm: str) -> None:
    import pandas as pd
    import surprise

    data = rated_data()
    users = np.repeat(np.arange(data.n_users), np.diff(data.rated.indptr))
    rows = pd.DataFrame({"user": users, "item": data.rated.indices, "rating": data.rated.data.astype(float)})
    whole = surprise.Dataset.load_from_df(rows, surprise.Reader(rating_scale=(1, 5))).build_full_trainset()
    theirs = getattr(surprise, algorithm)(6, 5, lr_all=0.01, reg_all=0.03, random_state=1).fit(whole)
    ours = create(name, {"n_factors": 6, "n_epochs": 5, "learning_rate": 0.01, "regularization": 0.03, "seed": 1})
    ours.fit(data)
    pairs = [(u, i) for u in whole.all_users() for i in whole.all_items()]
    wanted = [theirs.estimate(u, i) for u, i in pairs]
    raw = np.array([(whole.to_raw_uid(u), whole.to_raw_iid(i)) for u, i in pairs])
    told = ours.predict(raw[:, 0], raw[:, 1])  # type: ignore[attr-defined]
    np.testing.assert_allclose(told, np.clip(wanted, 1, 5), atol=1e-9)
    nobody = ours.item_ids.tolist().index("never seen")  # type: ignore[attr-defined]
    assert not ours.item_vectors[nobody].any(), "nothing is known of it, so it is near to nothing"  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["svd", "svdpp"])
def test_who_has_rated_nothing_is_known_by_likes(name: str) -> None:
    """As a visitor is, not by the vector that the fit would start with."""
    data = Snapshot.from_pairs(
        list("aabbccd"), list("xyxzyzx"), rating=[5, 1, 4, 2, 1, 5, float("nan")], users=["nobody"]
    )
    recommender = make_fitted(name, QUICK[name]).fit(data)
    here, there = (recommender.recommend([profile], 3) for profile in (Profile("d"), Profile(items={"x": 1.0})))
    assert here["item_id"].tolist() == there["item_id"].tolist()
    assert here["score"].tolist() == there["score"].tolist()
    told = recommender.predict(["d", "?"], ["y", "y"])  # type: ignore[attr-defined]
    assert told[0] == told[1]


def test_als_solves_what_implicit_solves_and_weights_are_confidence() -> None:
    import implicit.cpu.als as library
    from scipy import sparse

    from graphrec.models.base import Block

    data = rated_data()
    ours = make("als").fit(data)
    options = {"factors": 6, "regularization": 0.1, "alpha": 5.0, "iterations": 4, "random_state": 42}
    theirs = library.AlternatingLeastSquares(**options, num_threads=1)
    theirs.fit(sparse.csr_matrix(data.matrix), show_progress=False)
    solved = theirs.recalculate_user(np.arange(data.n_users), sparse.csr_matrix(data.matrix))
    nobody = np.full(data.n_users, -1)
    scores = ours.scores(Block(data.matrix, nobody, ()))  # type: ignore[attr-defined]
    known = data.n_likers() > 0
    np.testing.assert_allclose(scores[:, known], (solved @ theirs.item_factors.T)[:, known], atol=2e-4)
    heavier = ours.scores(Block(data.matrix * 3, nobody, ()))  # type: ignore[attr-defined]
    assert abs(heavier[:, known] - scores[:, known]).max() > 0.01


def test_weights_that_the_data_state_reach_als() -> None:
    """Two kinds of one pair add up; a decayed weight counts as it was stated, a count as often as it was done."""
    data = Snapshot.from_pairs(
        ["a", "a", "a", "b"], ["x", "x", "y", "x"], weight=[1, 0.5, 1, -1], extent=[0.25, None, 8, None]
    )
    assert data.extent is not None
    assert data.extent.tolist() == [0.75, 8]
    assert confidences(data, "likes").data.tolist() == [1, 1]
    assert confidences(data, "stated").data.tolist() == pytest.approx([0.75 / 4.375, 8 / 4.375])
    logs = np.log1p([0.75, 8])
    assert confidences(data, "log").data.tolist() == pytest.approx(list(logs / logs.mean()))
    plain = rated_data()
    heavy = replace(plain, extent=np.where(plain.matrix.indices % 2, 9, 1).astype(np.float32))
    one, other = (create("als", {**QUICK["als"], "confidence": "stated"}).fit(d) for d in (plain, heavy))
    assert not np.allclose(one.found["item_vectors"], other.found["item_vectors"])  # type: ignore[attr-defined]
    assert one.fingerprint(plain) != one.fingerprint(heavy)  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="as confidence"):
        create("als", {"confidence": "much"})


@pytest.mark.parametrize("name", ["als", "bpr", "nmf"])
def test_the_same_seed_learns_the_same(name: str) -> None:
    one, other = (make(name).fit(rated_data()) for _ in range(2))
    np.testing.assert_array_equal(one.found["item_vectors"], other.found["item_vectors"])  # type: ignore[attr-defined]
