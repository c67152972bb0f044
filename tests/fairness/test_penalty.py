"""LightGCN's penalties for following popularity and a group: what they say, their gradients, what they do."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import torch

from graphrec.errors import InputError
from graphrec.models.lightgcn.losses import Scores, group_penalty, popularity_penalty
from graphrec.models.lightgcn.model import LightGCN
from graphrec.models.lightgcn.settings import LightGCNSettings
from graphrec.snapshot import Snapshot
from graphrec.snapshot.members import members


def scores(users: torch.Tensor, items: torch.Tensor) -> Scores:
    """Four users who like five of six items between them."""
    row, column = torch.tensor([0, 0, 1, 2, 3]), torch.tensor([0, 1, 2, 3, 5])
    return Scores(users, items, row, column, column.flip(0), 0.5)


def made(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.rand(n, 3, generator=generator, dtype=torch.float64, requires_grad=True) for n in (4, 6))  # type: ignore[return-value]


POPULAR = torch.tensor([3.0, 1.0, 0.5, 2.0, 9.0, 0.1], dtype=torch.float64)


def test_it_is_the_squared_correlation_times_the_likes() -> None:
    told = scores(*made())
    known = np.corrcoef(told.liked.detach().numpy(), POPULAR[told.column].numpy())[0, 1]
    assert float(popularity_penalty(told, POPULAR).detach()) == pytest.approx(5 * known**2)
    assert float(popularity_penalty(told, torch.ones(6, dtype=torch.float64)).detach()) == 0.0


def test_its_gradient_is_that_of_differences() -> None:
    users, items = made(1)
    assert torch.autograd.gradcheck(lambda u, i: popularity_penalty(scores(u, i), POPULAR), (users, items))


def test_that_of_a_group_is_the_squared_correlation_of_how_clearly_likes_win() -> None:
    told, member = scores(*made()), torch.tensor([1.0, 0, 0, 1, 0, 1], dtype=torch.float64)
    margin = (told.liked - told.disliked).detach().numpy()
    known = np.corrcoef(margin, member[told.column].numpy())[0, 1]
    assert float(group_penalty(told, member).detach()) == pytest.approx(5 * known**2)
    users, items = made(1)
    assert torch.autograd.gradcheck(lambda u, i: group_penalty(scores(u, i), member), (users, items))


def test_a_training_with_it_lets_both_sides_win_as_clearly() -> None:
    """Two tastes of one size; items of the rare tag are liked by few, and lie apart less clearly."""
    rng = np.random.default_rng(3)
    chance = np.r_[np.full(10, 0.6), np.full(20, 0.08)]
    pairs = [(f"u{u:03}", f"i{i:02}") for u in range(120) for i in np.flatnonzero(rng.random(30) < chance).tolist()]
    tags = pa.table({"item_id": [f"i{n}" for n in range(10, 30)], "tag": ["rare"] * 20, "weight": [1.0] * 20})
    snapshot = Snapshot.from_pairs([u for u, _ in pairs], [i for _, i in pairs], item_tags=tags)
    is_rare = members(snapshot, "tag:rare")
    assert is_rare.sum() == 20
    found = []
    for penalty in (0.0, 20.0):
        asked = {"epochs": 8, "patience": 8, "embedding_dim": 8, "group_penalty": penalty, "group": "tag:rare"}
        vectors = LightGCN.of({**asked, "seed": 1}).fit(snapshot).scored()
        every = vectors.user_vectors @ vectors.item_vectors.T
        apart = (every - every.mean(axis=1, keepdims=True))[snapshot.pair_users(), snapshot.matrix.indices]
        found.append(abs(np.corrcoef(apart, is_rare[snapshot.matrix.indices])[0, 1]))
    assert found[1] < 0.8 * found[0], found
    with pytest.raises(InputError, match="needs a group of items"):
        LightGCNSettings(group_penalty=1.0)
    plain, named = LightGCN(), LightGCN.of({"group": "tag:rare"})
    assert plain.fingerprint(snapshot) != named.fingerprint(snapshot)
    assert (plain.needs_facts, named.needs_facts) == (False, True)


def test_a_training_with_it_follows_popularity_less() -> None:
    rng = np.random.default_rng(2)
    chance = np.linspace(0.9, 0.05, 30) ** 2
    pairs = [(f"u{u:03}", f"i{i:02}") for u in range(120) for i in np.flatnonzero(rng.random(30) < chance).tolist()]
    snapshot = Snapshot.from_pairs([u for u, _ in pairs], [i for _, i in pairs])
    popular = np.log1p(snapshot.n_likers())
    users = snapshot.pair_users()
    found = []
    for penalty in (0.0, 20.0):
        asked = {"epochs": 8, "patience": 8, "embedding_dim": 8, "popularity": 0.6, "popularity_penalty": penalty}
        model = LightGCN.of({**asked, "seed": 1}).fit(snapshot)
        vectors = model.scored()
        liked = (vectors.user_vectors[users] * vectors.item_vectors[snapshot.matrix.indices]).sum(axis=1)
        found.append(abs(np.corrcoef(liked, popular[snapshot.matrix.indices])[0, 1]))
    assert found[1] < 0.8 * found[0], found
    with pytest.raises(InputError, match="popularity_penalty of at least 0"):
        LightGCNSettings(popularity_penalty=-1.0)
