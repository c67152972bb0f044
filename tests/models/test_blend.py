"""The blend: its score written out, its weights, what it picks, and what it keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from graphrec.errors import InputError
from graphrec.models import create
from graphrec.models.blend.choice import TRIED, choose, qualities
from graphrec.models.blend.learning import Candidates, candidates, is_certain, learn
from graphrec.models.blend.mixture import Mixture, Weights, add, popularity_of
from graphrec.models.blend.model import Blend
from graphrec.models.filters.model import FILTERS
from graphrec.models.validation import Validation
from graphrec.snapshot import Snapshot

POPULARITY = (1 / np.arange(1, 101)) / (1 / np.arange(1, 101)).sum()

SMALL = {"filter": "chebyshev", "lightgcn.embedding_dim": 8, "lightgcn.epochs": 3}


@pytest.fixture(scope="module")
def fitted(tastes: Snapshot) -> Blend:
    return Blend.of(SMALL).fit(tastes)


def test_a_score_is_its_parts_written_out(fitted: Blend, tastes: Snapshot) -> None:
    mixture = replace(fitted.mixture, weights=Weights(0.5, 0.3, 0.2), spread=0.4)
    rows = tastes.matrix[:9]
    found = mixture.scores(rows, fitted.user_vectors[:9])
    graph = mixture.graph.scores(rows).astype(np.float64)
    for user in range(9):
        size = np.sqrt((graph[user] ** 2).mean()) or 1
        cosines = fitted.item_vectors @ fitted.user_vectors[user]
        wanted = 0.5 * graph[user] / size + 0.3 * cosines / 0.4 + 0.2 * mixture.popularity
        np.testing.assert_allclose(found[user], wanted, rtol=1e-4, atol=1e-5)


def test_two_filters_added_score_as_the_sum_of_both(tastes: Snapshot) -> None:
    matrix, rows = tastes.matrix, tastes.matrix[:5]
    parts = [FILTERS[name].of({}).fit(tastes).found for name in ("chebyshev", "p3alpha")]
    wanted = 0.7 * parts[0].scores(rows) + 0.3 * parts[1].scores(rows)
    np.testing.assert_allclose(add(*parts, 0.7, 0.3).scores(rows), wanted, rtol=1e-4, atol=1e-6)
    assert matrix.shape[1] == add(*parts, 0.7, 0.3).n_items


def planted(good: str, n_users: int = 60, n_items: int = 50) -> Candidates:
    """Candidates of which one part alone knows what was withheld; the others are noise."""
    rng = np.random.default_rng(5)
    hits = np.zeros((n_users, n_items), dtype=bool)
    hits[np.arange(n_users), rng.integers(0, n_items, n_users)] = True
    parts = {
        name: rng.normal(size=hits.shape).astype(np.float32) for name in ("graph", "walk", "vectors", "popularity")
    }
    parts[good] += 2 * hits
    allowed = np.zeros(hits.shape, dtype=np.float32)
    products = np.stack([(a * b).mean(axis=1) for a, b in _pairs(parts["graph"], parts["walk"])], axis=1)
    squares = (parts["vectors"].astype(np.float64) ** 2).mean(axis=1)
    return Candidates(allowed, **parts, products=products, squares=squares, hits=hits, n_withheld=hits.sum(axis=1))


def _pairs(graph: np.ndarray, walk: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    one, other = graph.astype(np.float64), walk.astype(np.float64)
    return [(one, one), (one, other), (other, other)]


@pytest.mark.parametrize("good", ["graph", "walk", "vectors", "popularity"])
def test_the_part_that_knows_gets_the_weight(good: str) -> None:
    found = planted(good)
    weights, quality = learn(found, Weights())
    assert quality > found.quality(Weights()) + 0.01
    assert quality == pytest.approx(found.quality(weights), abs=0.01)
    share = {
        "graph": weights.graph * (1 - weights.walk),
        "walk": weights.graph * weights.walk,
        "vectors": weights.vectors,
        "popularity": weights.popularity,
    }
    assert max(share, key=lambda name: share[name]) == good


def test_candidates_score_as_the_mixture_does(fitted: Blend, tastes: Snapshot) -> None:
    """The lists by candidates alone are those over all items."""
    validation = Validation.of(tastes, 0.1, 42)
    parts = [
        FILTERS[name].of({}).form.solve(validation.train, FILTERS[name].settings()) for name in ("gfcf", "p3alpha")
    ]
    told = fitted.lightgcn.untold_scored().unit("dot")
    unit = told.user_vectors, told.item_vectors
    popularity = popularity_of(validation.train)
    found = candidates(validation, *parts, unit, popularity)
    weights = Weights(0.5, 0.4, 0.1, 0.25)
    mixture = Mixture(add(*parts, 0.75, 0.25), unit[1], popularity, weights, found.spread)
    whole = mixture.scores(validation.train[validation.users], unit[0][validation.users])
    whole[:, popularity == 0] = -np.inf
    whole[validation.train[validation.users].nonzero()] = -np.inf
    best = np.sort(whole, axis=1)[:, :-21:-1]
    np.testing.assert_allclose(np.sort(found.scores(weights), axis=1)[:, :-21:-1], best, rtol=1e-3, atol=1e-4)


def test_a_named_filter_is_taken_and_auto_takes_none_that_is_surely_worse(tastes: Snapshot) -> None:
    validation = Validation.of(tastes, 0.1, 42)
    named, _ = choose(validation, "gfcf", {"gfcf": {"rank": 3}})
    assert named.settings.as_dict()["rank"] == 3
    _, found = choose(validation, "auto", {})
    for name, values in TRIED:
        other = FILTERS[name].of(values)
        gains = qualities(validation, other.form.solve(validation.train, other.settings)) - qualities(validation, found)
        assert not is_certain(gains), name


def test_auto_takes_another_filter_where_the_first_finds_little() -> None:
    """Twins: who likes one likes the other. A filter that gives most to what nobody likes doesn't find them."""
    rng = np.random.default_rng(1)
    twins = np.concatenate([2 * rng.choice(100, 8, replace=False, p=POPULARITY) for _ in range(80)])
    users = np.repeat(np.arange(80), 8)
    twice = Snapshot.from_pairs(
        [f"u{n}" for n in np.tile(users, 2)], [f"i{n}" for n in np.concatenate([twins, twins + 1])]
    )
    validation = Validation.of(twice, 0.1, 42)
    assert choose(validation, "auto", {"chebyshev": {"popularity": -20.0}})[0].name == "ease"


@pytest.mark.parametrize(
    ("gains", "certain"),
    [([1.0, 1.0, 1.0], True), ([0.0, 0.0], False), ([-1.0, -1.0], False), ([3.0, -2.0, 1.0], False)],
)
def test_a_gain_is_certain_that_chance_would_not_give(gains: list[float], certain: bool) -> None:
    assert is_certain(np.array(gains)) is certain


def test_what_knows_nothing_stays_out() -> None:
    for good in ("graph", "vectors"):
        weights, _ = learn(planted(good), Weights())
        assert (weights.walk, weights.popularity) == (0, 0), good


def test_a_blend_is_the_same_again_and_after_loading(fitted: Blend, tastes: Snapshot, tmp_path: Path) -> None:
    again = Blend.of(SMALL).fit(tastes)
    fitted.save(tmp_path)
    loaded = Blend.load(tmp_path)
    rows = tastes.matrix[:9]
    wanted = fitted.mixture.scores(rows, fitted.user_vectors[:9])
    for other in (again, loaded):
        np.testing.assert_array_equal(other.mixture.scores(rows, other.user_vectors[:9]), wanted)
        assert other.metrics == fitted.metrics
        assert other.fingerprint(tastes) == fitted.fingerprint(tastes)
    assert loaded.filter_settings == fitted.filter_settings


def test_its_settings_and_those_of_its_parts(tastes: Snapshot) -> None:
    found = Blend.of({"seed": "7", "lightgcn.epochs": "2"})
    assert found.lightgcn.settings.epochs == 2
    assert found.lightgcn.settings.seed == 7
    assert found.fingerprint(tastes) != Blend.of({"seed": "7", "lightgcn.epochs": "3"}).fingerprint(tastes)
    with pytest.raises(InputError, match="no part 'gcn' of a blend; there are lightgcn, p3alpha"):
        Blend.of({"gcn.epochs": 2})
    with pytest.raises(InputError, match="no setting epochs; there are filter"):
        create("blend", {"epochs": 2})


def test_without_anything_to_withhold_the_weights_are_the_defaults() -> None:
    lonely = Snapshot.from_pairs(["a", "b"], ["x", "y"])
    assert Blend.of({**SMALL, "lightgcn.embedding_dim": 2}).fit(lonely).mixture.weights == Weights()


def test_popularity_lies_between_0_and_1() -> None:
    found = popularity_of(sparse.csr_array(np.array([[1, 1, 0], [1, 0, 0]], dtype=np.float32)))
    assert found[0] == 1
    assert 0 < found[1] < 1
    assert found[2] == 0
