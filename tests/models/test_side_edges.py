"""LightGCN over users who follow each other, and over tags: more nodes and edges, and nothing else without them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from scipy import sparse
from torch_geometric.nn.models import LightGCN as PyGLightGCN

from graphrec.errors import InputError
from graphrec.models.lightgcn.model import LightGCN
from graphrec.models.lightgcn.network import new_network
from graphrec.models.lightgcn.prior import expected
from graphrec.models.lightgcn.propagation import Adjacency
from graphrec.models.lightgcn.settings import LightGCNSettings
from graphrec.models.lightgcn.side_edges import SideEdges
from graphrec.recommend.base import Candidates, Profile
from graphrec.recommend.fitted import make_fitted
from graphrec.snapshot import Snapshot
from graphrec.versions.forgetting import forget_users

SMALL = {"embedding_dim": 8, "epochs": 3, "seed": 1}


@pytest.fixture(scope="module")
def told(tastes: Snapshot) -> Snapshot:
    """The two tastes, a tag for each, new items with a tag, and users who follow others of their taste."""
    items = [*tastes.item_ids[:-1], *(f"new{n}" for n in range(8))]
    tags = [f"taste {int(item[-1]) % 2}" for item in items]
    follows = pa.table({"user_id": ["alone", "alone", "u000"], "followee_id": ["u001", "u003", "u002"]})
    return Snapshot.from_pairs(
        tastes.user_ids[tastes.pair_users()],
        tastes.item_ids[tastes.matrix.indices],
        last_at=tastes.last_at,
        items=["bare"],
        item_tags=pa.table({"item_id": items, "tag": tags}),
        follows=follows,
    )


def settings(**values: object) -> LightGCNSettings:
    return LightGCNSettings().changed({**SMALL, **values})


def test_propagation_over_all_edges_is_that_of_pyg(told: Snapshot) -> None:
    beside = SideEdges.of(told, settings(follow_edges=0.5, tag_edges=2.0))
    assert beside is not None
    adjacency = Adjacency.of(told.matrix, beside)
    n_nodes = told.n_users + told.n_items + 2
    assert adjacency.rows.shape == (n_nodes, n_nodes)
    network = new_network(n_nodes, 6, 2, seed=1)
    theirs = PyGLightGCN(n_nodes, 6, 2)
    theirs.load_state_dict(network.state_dict())
    whole = beside.whole(told.matrix).tocoo()
    edges = torch.from_numpy(np.stack([whole.row, whole.col]).astype(np.int64))
    wanted = theirs.get_embedding(edges, torch.from_numpy(whole.data))
    torch.testing.assert_close(network.get_embedding(adjacency), wanted, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(network.get_embedding(*adjacency.edges), wanted, atol=1e-6, rtol=1e-5)


def test_tags_of_an_item_weigh_as_many_likes_as_asked(told: Snapshot) -> None:
    beside = SideEdges.of(told, settings(follow_edges=0.5, tag_edges=2.0))
    assert beside is not None
    np.testing.assert_allclose(beside.tags.sum(axis=1), np.where(beside.is_tagged, 2, 0))
    assert (beside.follows - beside.follows.T).nnz == 0
    assert set(beside.follows.data.tolist()) == {0.5}
    assert SideEdges.of(told, settings()) is None


def test_without_side_edges_follows_and_tags_change_nothing(tastes: Snapshot, told: Snapshot) -> None:
    bare = replace(told, tags=told.tags[:, :0], tag_names=told.tag_names[:0], follows=told.follows * False)
    one, other = (LightGCN.of(SMALL).fit(data) for data in (told, bare))
    np.testing.assert_array_equal(one.item_vectors, other.item_vectors)
    assert "tag_edges" not in settings().told()
    assert settings(tag_edges=1).told()["tag_edges"] == 1


def test_new_items_are_found_by_their_tags(told: Snapshot) -> None:
    recommender = make_fitted("lightgcn", {**SMALL, "tag_edges": 5.0}).fit(told)
    new = frozenset(item for item in told.item_ids if item.startswith("new"))
    users = [f"u{n:03d}" for n in range(20)]
    table = recommender.recommend([Profile(user) for user in users], 4, Candidates(allowed=new))
    assert len(table) == 80, "every new item has a vector"
    fits = [int(row.item_id[-1]) % 2 == row.profile % 2 for row in table.itertuples()]
    assert np.mean(fits) == 1
    everything = recommender.recommend([Profile(users[0])], 1000)
    assert "bare" not in set(everything["item_id"]), "of an item without tags nothing is known"
    assert make_fitted("lightgcn", SMALL).fit(told).recommend([Profile("u000")], 9, Candidates(allowed=new)).empty


def test_an_item_without_likes_is_as_popular_as_its_tags_let_expect() -> None:
    tags = sparse.csr_array(np.array([[1, 0], [1, 1], [0, 2], [1, 1], [0, 0]], dtype=np.float32))
    found = expected(np.array([3, 15, 0, 0, 0]), tags, 1.0)
    log = np.log1p([3, 15])
    np.testing.assert_allclose(found, [3, 15, 15, np.expm1((log.mean() + log[1]) / 2), 0])
    assert expected(np.array([3, 15, 0, 0, 0]), tags, 0.0).tolist() == [3, 15, 0, 0, 0]


def test_new_items_come_into_lists_of_all_by_their_tags(told: Snapshot) -> None:
    """Among all items those without a like stand where their tags let expect, or below all others."""
    places = {}
    for share in (0.0, 1.0):
        recommender = make_fitted("lightgcn", {**SMALL, "tag_edges": 5.0, "tag_popularity": share}).fit(told)
        table = recommender.recommend([Profile(f"u{n:03d}") for n in range(20)], 1000)
        places[share] = table[table["item_id"].str.startswith("new")]["rank"].mean()
    assert places[1.0] < places[0.0] - 1


def test_a_user_without_likes_is_known_by_whom_they_follow(told: Snapshot) -> None:
    model = LightGCN.of({**SMALL, "follow_edges": 1.0}).fit(told)
    alone = model.user_vectors[told.user_idx(["alone"])[0]]
    scores = model.item_vectors @ alone
    odd = np.array([item[0] == "i" and int(item[-1]) % 2 == 1 for item in told.item_ids])
    even = np.array([item[0] == "i" and int(item[-1]) % 2 == 0 for item in told.item_ids])
    assert scores[odd].mean() > scores[even].mean()


def test_side_edges_are_kept_and_forgotten(told: Snapshot, tmp_path: Path) -> None:
    model = LightGCN.of({**SMALL, "follow_edges": 1.0, "tag_edges": 1.0}).fit(told)
    model.save(tmp_path)
    loaded = LightGCN.load(tmp_path)
    for ours, theirs in zip(model.untold_vectors(), loaded.untold_vectors(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    forget_users(tmp_path, {"alone"})
    left = LightGCN.load(tmp_path).beside
    assert left is not None
    row = told.user_idx(["alone"])[0]
    assert not left.follows[[row]].nnz
    assert not left.follows[:, [row]].nnz
    assert left.tags.nnz == told.tags.nnz


def test_a_warm_start_goes_on_with_side_edges(told: Snapshot, tmp_path: Path) -> None:
    values = settings(follow_edges=1.0, tag_edges=1.0)
    LightGCN(values).fit(told).save(tmp_path)
    warm = LightGCN(values, previous=tmp_path).fit(told)
    assert warm.weight.shape == (told.n_users + told.n_items + 2, 8)
    assert np.isfinite(warm.item_vectors).all()


def test_training_may_start_at_the_tags(tastes: Snapshot, told: Snapshot) -> None:
    one = LightGCN.of({**SMALL, "warm_start": "content"}).fit(told)
    other = LightGCN.of({**SMALL, "warm_start": "content", "tag_edges": 1.0}).fit(told)
    assert one.metrics["validation_recall@20"] > 0
    assert len(other.weight) == len(one.weight) + 2
    with pytest.raises(InputError, match="expected items with tags"):
        LightGCN.of({**SMALL, "warm_start": "content"}).fit(tastes)
