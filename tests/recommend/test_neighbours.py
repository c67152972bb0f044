"""Neighbours by Cypher and in memory: the same lists and ratings, to 1e-9, by every measure, and both by hand."""

from __future__ import annotations

import itertools
from pathlib import Path

import laws
import numpy as np
import pytest
from scipy import sparse

from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.models import create, load_model
from graphrec.models.base import Block
from graphrec.models.neighbours.similarity import MEASURES, Likeness, Side
from graphrec.recommend.base import Candidates, Profile
from graphrec.recommend.fitted import make_fitted
from graphrec.recommend.registry import get
from graphrec.snapshot import Snapshot

WRITE = """
UNWIND $rows AS row
MERGE (u:User {user_id: row.user_id})
MERGE (i:Item {item_id: row.item_id}) SET i.title = row.title
CREATE (u)-[:INTERACTED {kind: row.kind, count: 1, rating: row.rating, last_at: row.at}]->(i)
"""

VARIANTS: list[dict[str, object]] = [
    {},
    {"measure": "cosine", "shrinkage": 0.5},
    {"measure": "jaccard", "shrinkage": 2.5, "n_neighbours": 4},
    {"measure": "pearson", "shrinkage": 1.0, "significance": 5, "n_neighbours": 7},
]


def fill(graph: Graph) -> Snapshot:
    """Pairs of several kinds, some without a rating or a time, some rated twice, disliked ones among them."""
    rng = np.random.default_rng(4)
    kinds = ["listen", "view", "skip"]
    rows = {}
    for u, i, kind, rating, at in zip(*(rng.integers(0, n, 420) for n in (24, 18, 3, 6, 90)), strict=True):
        rows[u, i, kind] = {
            "user_id": laws.name(u),
            "item_id": laws.name(i),
            "title": f"Film {i}",
            "kind": kinds[kind],
            "rating": None if rating == 5 else 1.0 + rating,
            "at": None if at < 9 else int(at),
        }
    with graph.session() as session:
        session.run(WRITE, rows=list(rows.values())).consume()
        session.run("MATCH (g:Graph) SET g.kinds = ['listen', 'skip', 'view']").consume()
    return Snapshot.from_graph(graph)


def test_the_graph_and_the_memory_say_the_same(graph: Graph) -> None:
    data = fill(graph)
    titles = {item_id: f"Film {item_id[2:]}" for item_id in data.item_ids}
    for name, settings in itertools.product(("user_neighbours", "item_neighbours"), VARIANTS):
        memory = make_fitted(name, settings, titles=titles).fit(data)
        live = get(name, graph, **settings)
        _lists(memory, live, data, visitors=settings.get("measure") != "pearson")
        _ratings(memory, get(name, graph, **{k: v for k, v in settings.items() if k != "n_neighbours"}), data)
    with pytest.raises(InputError, match="no setting"):
        get("user_neighbours", graph, n_neighbors=3)


def _lists(memory, live, data: Snapshot, visitors: bool) -> None:  # type: ignore[no-untyped-def]
    profiles = [Profile(user) for user in data.user_ids[:9]]
    if visitors:
        profiles += [Profile(items={data.item_ids[n]: 1.0, data.item_ids[n + 3]: 0.5}) for n in range(1)]
    for candidates in (Candidates(), Candidates(allowed=frozenset(data.item_ids[::2]), seen=True)):
        here, there = (r.recommend(profiles, 5, candidates) for r in (memory, live))
        assert laws.pairs(here) == laws.pairs(there)
        assert len(here) > 20
        np.testing.assert_allclose(here["score"], there["score"], atol=1e-9)
        assert here["reason"].tolist() == there["reason"].tolist()
    here, there = (r.similar_items(list(data.item_ids[:5]), 4) for r in (memory, live))
    assert here["similar_id"].tolist() == there["similar_id"].tolist()
    np.testing.assert_allclose(here["score"], there["score"], atol=1e-9)


def _ratings(memory, live, data: Snapshot) -> None:  # type: ignore[no-untyped-def]
    """Without the bounds, which the graph is not asked for."""
    users, items = np.meshgrid(np.arange(3), np.arange(data.n_items), indexing="ij")
    told = live.predict(list(data.user_ids[users.ravel()]), list(data.item_ids[items.ravel()]))
    found = memory._model.estimate(users.ravel(), items.ravel())
    whole = found + memory._model.scale.scaling.offset[users.ravel()]
    assert len(told) == 3 * data.n_items
    np.testing.assert_allclose(told, whole, atol=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
def test_likeness_by_hand(measure: str) -> None:
    rng = np.random.default_rng(1)
    dense = rng.integers(0, 6, (7, 12)).astype(float)
    rows = Side(sparse.csr_array(dense))
    found = Likeness(measure, 3.0, 4).between(rows, rows)
    for a, b in itertools.product(range(7), repeat=2):
        x, y = dense[a], dense[b]
        both = (x > 0) & (y > 0)
        n = both.sum()
        plain = {
            "cosine": x @ y / np.linalg.norm(x) / np.linalg.norm(y),
            "jaccard": n / ((x > 0) | (y > 0)).sum(),
            "pearson": np.corrcoef(x[both], y[both])[0, 1] if min(x[both].std(), y[both].std()) > 0 else 0.0,
        }[measure]
        assert found[a, b] == pytest.approx(plain * n / (n + 3) * min(n, 4) / 4, abs=1e-12)


def test_ratings_of_one_person_who_is_not_constant_count_and_those_of_one_who_is_do_not() -> None:
    data = Snapshot.from_pairs(
        list("aaabbbccc"), list("xyzxyzxyz"), rating=[1, 2, 3, 2, 4, 6, 5, 5, 5], users=["nobody"]
    )
    model = create("user_neighbours", {"measure": "pearson", "shrinkage": 0.0}).fit(data)
    alike = model.likeness.between(model.people, model.people)  # type: ignore[attr-defined]
    assert alike[0, 1] == pytest.approx(1)
    assert alike[2].tolist() == [0, 0, 0, 0]
    told = model.predict(np.array([0, 2, 3, -1]), np.array([2, 0, 1, 1]))  # type: ignore[attr-defined]
    assert told.tolist() == pytest.approx([2 + 2, 5, 11 / 3, 11 / 3]), "a's mean and b's deviation; what there is else"


def test_predictions_are_those_of_surprise() -> None:
    """KNNWithMeans, which takes Pearson over common items too, and no neighbour below 0."""
    import pandas as pd
    import surprise

    data = laws.rated_checkerboard()
    users = np.repeat(np.arange(data.n_users), np.diff(data.rated.indptr))
    noise = np.clip(data.rated.data + np.random.default_rng(0).integers(-1, 2, data.rated.nnz), 1, 5).astype(float)
    rows = pd.DataFrame({"user": users, "item": data.rated.indices, "rating": noise})
    noisy = Snapshot.from_pairs(data.user_ids[users], data.item_ids[data.rated.indices], rating=noise)
    whole = surprise.Dataset.load_from_df(rows, surprise.Reader(rating_scale=(1, 5))).build_full_trainset()
    for name, by_user in (("user_neighbours", True), ("item_neighbours", False)):
        options = {"name": "pearson", "user_based": by_user, "min_support": 1}
        theirs = surprise.KNNWithMeans(sim_options=options, verbose=False).fit(whole)
        ours = create(name, {"measure": "pearson", "shrinkage": 0.0, "n_rating": 40}).fit(noisy)
        wanted = np.array([theirs.predict(u, i).est for u, i in itertools.product(range(20), range(20))])
        told = ours.predict(np.repeat(np.arange(20), 20), np.tile(np.arange(20), 20))  # type: ignore[attr-defined]
        unrated = noisy.rated.toarray().ravel() == 0  # of what somebody rated, their own rating counts there
        np.testing.assert_allclose(told[unrated], wanted[unrated], atol=1e-9)


@pytest.mark.parametrize("name", ["user_neighbours", "item_neighbours"])
def test_matrices_are_made_once_for_all_answers(name: str, tmp_path: Path) -> None:
    """A service answers one request after the other from a model that it has loaded."""
    data = laws.rated_checkerboard()
    create(name).fit(data).save(tmp_path)
    model = load_model(name, tmp_path)
    places, block = np.arange(5), Block(data.matrix[:5], np.arange(5), ())
    questions = {
        "scores": lambda: model.scores(block),  # type: ignore[attr-defined]
        "closeness": lambda: model.closeness(places),  # type: ignore[attr-defined]
        "ratings": lambda: model.predict(places, places),  # type: ignore[attr-defined]
    }
    before = {question: ask() for question, ask in questions.items()}
    model.found = {}  # type: ignore[attr-defined]
    for question, ask in questions.items():
        np.testing.assert_array_equal(ask(), before[question], err_msg=question)
