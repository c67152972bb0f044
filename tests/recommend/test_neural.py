"""Networks under the laws, and what each is there for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import laws
import numpy as np
import pyarrow as pa
import pytest
import torch
from scipy import sparse

from graphrec.errors import InputError
from graphrec.models import NEURAL, create
from graphrec.models.base import Block
from graphrec.models.neural.neumf import NeuMFNetwork, NeuMFSettings
from graphrec.models.neural.neural_model import Lessons, NeuralModel
from graphrec.models.neural.sasrec import _windows
from graphrec.models.training_part import block_of, in_order
from graphrec.privacy.policy import Policy
from graphrec.recommend.base import FittedRecommender, Profile
from graphrec.recommend.fitted import make_fitted
from graphrec.snapshot import Snapshot
from graphrec.snapshot.facts import Facts
from graphrec.versions.forgetting import forget_users, user_rows

torch.set_num_threads(1)

QUICK: dict[str, dict[str, Any]] = {
    "multvae": {"hidden_dim": 16, "latent_dim": 8, "epochs": 4},
    "sasrec": {"embedding_dim": 8, "max_length": 6, "num_layers": 1, "epochs": 3},
    "neumf": {"embedding_dim": 4, "epochs": 4},
    "two_tower": {"embedding_dim": 8, "hidden_dim": 8, "epochs": 4},
}

TAUGHT: dict[str, dict[str, Any]] = {
    "multvae": {"hidden_dim": 32, "latent_dim": 8, "epochs": 40, "anneal_cap": 0.01, "learning_rate": 0.01},
    "sasrec": {"embedding_dim": 16, "max_length": 12, "num_layers": 1, "epochs": 40, "learning_rate": 0.01},
    "neumf": {"embedding_dim": 8, "epochs": 80, "learning_rate": 0.02, "batch_size": 512},
    "two_tower": {"embedding_dim": 8, "hidden_dim": 16, "epochs": 40, "learning_rate": 0.02},
}
"""Few users teach little an epoch, and of 24 items 20 say nothing of when to stop."""
for _settings in TAUGHT.values():
    _settings["validation_share"] = 0


def some_data(seed: int = 3, n_users: int = 30, n_items: int = 24) -> Snapshot:
    """Two tastes, half of what fits liked; one user and one item without anything."""
    rng = np.random.default_rng(seed)
    user, item = np.meshgrid(np.arange(n_users), np.arange(n_items), indexing="ij")
    liked = (user % 2 == item % 2) & (rng.random(user.shape) < 0.6)
    return Snapshot.from_pairs(
        [laws.name(u) for u in user[liked]],
        [laws.name(i) for i in item[liked]],
        last_at=rng.integers(0, 99, liked.sum()),
        users=["newcomer"],
        items=["never seen"],
        item_tags=laws.tag_table([laws.name(i) for i in range(n_items)]),
    )


def everybody(data: Snapshot) -> Block:
    return block_of(data, in_order(data), np.arange(data.n_users))


def fitted(name: str, data: Snapshot, **settings: Any) -> NeuralModel:
    model = create(name, settings or QUICK[name]).fit(data)
    assert isinstance(model, NeuralModel)
    return model


@pytest.fixture(scope="module")
def cases() -> dict[str, laws.Case]:
    data = some_data()
    return laws.cases_of(data, {name: make_fitted(name, QUICK[name]).fit(data) for name in NEURAL})


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", NEURAL)
def test_neural_laws(name: str, law: Callable[[laws.Case], None], cases: dict[str, laws.Case]) -> None:
    law(cases[name])


@pytest.mark.parametrize("name", NEURAL)
def test_neural_laws_of_fitting(name: str, tmp_path: Path, cases: dict[str, laws.Case]) -> None:
    def fresh() -> FittedRecommender:
        return make_fitted(name, QUICK[name])

    laws.a_second_fit_forgets_the_first(fresh, some_data(3), some_data(4, 12, 9))
    laws.saved_and_loaded_it_answers_the_same(cases[name].recommender, cases[name], tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NEURAL)
def test_networks_tell_tastes_apart(name: str) -> None:
    data = some_data()
    table = make_fitted(name, TAUGHT[name]).fit(data).recommend([Profile(laws.name(u)) for u in range(30)], 2)
    fits = [(int(row.item_id.removeprefix("n°")) - row.profile) % 2 == 0 for row in table.itertuples()]
    assert np.mean(fits) > 0.9


@pytest.mark.parametrize("name", NEURAL)
def test_the_seed_alone_decides(name: str) -> None:
    torch.manual_seed(1)
    one = fitted(name, some_data())
    torch.manual_seed(2)
    same, other = fitted(name, some_data()), fitted(name, some_data(), **QUICK[name], seed=7)
    weights = [n for n in one.found if n.startswith("network.")]
    assert all(np.array_equal(one.found[n], same.found[n]) for n in weights)
    assert not all(np.array_equal(one.found[n], other.found[n]) for n in weights)


@pytest.mark.parametrize("name", NEURAL)
def test_training_ends_where_recall_no_longer_rises(name: str) -> None:
    told = []
    settings = {**QUICK[name], "epochs": 50, "patience": 2, "learning_rate": 1e-9}
    model = create(name, settings).fit(some_data(), told.append)
    assert len(told) < 10, "nothing is learnt at this rate"
    assert told[-1].recall is not None
    assert model.metrics["epochs"] <= len(told) - 2  # type: ignore[attr-defined]


def test_a_sequence_is_followed_by_what_comes_next() -> None:
    """Everybody goes round in a circle: what comes next hangs on the latest item alone, which no set of items tells."""
    n, rng = 12, np.random.default_rng(0)
    starts = rng.integers(0, n, 150)
    users = np.repeat(np.arange(150), 6)
    items = (np.repeat(starts, 6) + np.tile(np.arange(6), 150)) % n
    ids = [f"u{u:03d}" for u in users], [f"i{i:02d}" for i in items]
    data = Snapshot.from_pairs(*ids, last_at=np.tile(np.arange(6), 150))
    for loss in ({}, {"loss": "bce"}, {"n_negatives": 8}):
        model = fitted("sasrec", data, **{**TAUGHT["sasrec"], "max_length": 5, **loss})
        paths = tuple((np.arange(4) + start) % n for start in range(n))
        scores = np.asarray(model.scores(Block(data.matrix[: len(paths)], np.full(n, -1), paths)))
        assert (scores.argmax(axis=1) == (np.arange(n) + 4) % n).all(), loss


def test_windows_hold_every_item_once_as_the_next() -> None:
    rng, history = np.random.default_rng(0), np.arange(23)
    for _ in range(20):
        windows = _windows(history, 6, rng)
        followed = sorted(int(item) for window in windows for item in window[1:])
        assert set(followed) == set(range(1, 23))
        assert all(2 <= len(window) <= 6 for window in windows)
    assert _windows(np.arange(1), 6, rng) == []


def test_two_towers_know_items_by_their_tags() -> None:
    """Of items that nobody has seen, those with the tags of a taste stand higher with its users."""
    data = some_data()
    new = {f"new {n}": n % 2 for n in range(10)}
    cold = Snapshot.from_pairs(
        data.user_ids[data.pair_users()],
        data.item_ids[data.matrix.indices],
        last_at=data.last_at,
        item_tags=laws.tag_table([*(laws.name(i) for i in range(24)), *new]),
    )
    model = fitted("two_tower", cold, **TAUGHT["two_tower"])
    scores = np.asarray(model.scores(everybody(cold)))
    places = cold.item_idx(list(new))
    assert np.isfinite(scores[:, places]).all()
    tagged = {item: row.indices[0] for item, row in ((i, cold.tags[[cold.item_idx([i])[0]]]) for i in new)}
    assert len(set(tagged.values())) == 2
    for user in range(30):
        row = cold.user_idx([laws.name(user)])[0]
        mine = cold.tags[[cold.item_idx([laws.name(user % 2)])[0]]].indices[0]
        fits = [scores[row, cold.item_idx([i])[0]] for i, tag in tagged.items() if tag == mine]
        others = [scores[row, cold.item_idx([i])[0]] for i, tag in tagged.items() if tag != mine]
        assert min(fits) > max(others)


def told_data(n_users: int = 60, n_items: int = 24) -> Snapshot:
    """Likes tell nothing of a taste but for one or two of each user's; their plan tells all of it."""
    rng = np.random.default_rng(5)
    pairs = [(u, i) for u in range(n_users) for i in {0, 1, *rng.choice(np.arange(2 + u % 2, n_items, 2), 3)}]
    users, items = ([laws.name(int(n)) for n in column] for column in zip(*pairs, strict=True))
    found = Snapshot.from_pairs(users, items)
    plan = [("small", "large")[u % 2] for u in range(n_users)]
    rows = pa.table({"user_id": [laws.name(u) for u in range(n_users)], "plan": plan, "gender": plan})
    return replace(found, people=Facts.of_table(found.user_ids, rows, "users", Policy()))


def test_two_towers_know_users_by_what_is_said_of_them(tmp_path: Path) -> None:
    """Of who likes the same two things as everybody, the plan alone tells what comes next; of a visitor nothing."""
    data = told_data()
    model = fitted("two_tower", data, **TAUGHT["two_tower"])
    assert set(model.found["user_trait_names"].tolist()) == {"plan large", "plan small"}, "gender is sensitive"
    both = data.user_idx([laws.name(0), laws.name(1)])
    shared = np.zeros((2, data.n_items), dtype=np.float32)
    shared[:, data.item_idx([laws.name(0), laws.name(1)])] = 1
    block = Block(sparse.csr_array(shared), both, (np.zeros(0, np.int64),) * 2)
    fits = np.array([[int(item[2:]) % 2 == taste for item in data.item_ids] for taste in (0, 1)])
    others = data.item_idx([laws.name(0), laws.name(1)])

    def lead(scores: Any) -> list[float]:
        """How far what fits stands above what doesn't."""
        kept = np.delete(np.arange(data.n_items), others)
        return [
            float(row[kept][fit[kept]].mean() - row[kept][~fit[kept]].mean())
            for row, fit in zip(scores, fits, strict=True)
        ]

    assert min(lead(model.scores(block))) > 0.1
    visitors = np.asarray(model.scores(replace(block, users=np.full(2, -1))))
    np.testing.assert_allclose(visitors[0], visitors[1], atol=1e-12)
    model.save(tmp_path)
    assert user_rows(tmp_path / "model.npz", laws.name(1))["user_traits"] == ["plan large"]
    assert forget_users(tmp_path, {laws.name(1)}) == 1
    left = type(model).load(tmp_path)
    assert left.found["user_traits_indptr"][both[1]] == left.found["user_traits_indptr"][both[1] + 1]
    without = fitted("two_tower", data, **TAUGHT["two_tower"], user_traits=0)
    assert np.ptp(without.scores(block), axis=0).max() < 1e-9


def test_what_is_said_is_learnt_anew_where_it_changes() -> None:
    data = told_data()
    model = create("two_tower")
    assert isinstance(model, NeuralModel)
    other = replace(data, people=None)
    assert model.fingerprint(data) != model.fingerprint(other)
    assert create("multvae").fingerprint(data) == create("multvae").fingerprint(other)  # type: ignore[attr-defined]
    assert create("weighted", {"parts": "content+popular"}).needs_facts  # type: ignore[attr-defined]


def test_a_visitor_of_neumf_is_those_who_like_the_same() -> None:
    data = some_data()
    model = fitted("neumf", data, **TAUGHT["neumf"])
    block = everybody(data)
    visitors = np.asarray(model.scores(replace(block, users=np.full(data.n_users, -1))))
    known = np.asarray(model.scores(block))
    has_likes, items = np.diff(data.matrix.indptr) > 0, model.found["is_known"]
    pairs = zip(visitors[has_likes][:, items], known[has_likes][:, items], strict=True)
    alike = [np.corrcoef(a, b)[0, 1] for a, b in pairs]
    assert np.mean(alike) > 0.8


def test_neumf_compares_likes_with_what_the_user_does_not_like() -> None:
    liked = np.array([[1, 1, 1, 1, 1], [1, 0, 0, 1, 1], [0, 0, 0, 0, 0], [0, 1, 1, 1, 1]], dtype=np.float32)
    network = NeuMFNetwork(liked.shape, NeuMFSettings(embedding_dim=4, n_negatives=3))
    lessons = Lessons(sparse.csr_array(liked), ())
    batches = list(network.batches(lessons, 8, np.random.default_rng(1)))
    users, items, targets = (torch.cat(parts).numpy() for parts in zip(*batches, strict=True))
    np.testing.assert_array_equal(liked[users, items], targets)
    pairs = np.column_stack([users, items])[targets == 1]
    np.testing.assert_array_equal(np.unique(pairs, axis=0), np.argwhere(liked))
    assert len(pairs) == liked.sum()
    assert np.bincount(users[targets == 0]).tolist() == [0, 9, 0, 12], "who likes all has nothing to be compared with"


def test_who_is_forgotten_leaves_no_vector(tmp_path: Path) -> None:
    data = some_data()
    model = fitted("neumf", data)
    model.save(tmp_path)
    gone = laws.name(3)
    assert forget_users(tmp_path, {gone}) == 1
    left = type(model).load(tmp_path)
    assert gone not in set(left.user_ids)
    assert not left.found["user_vectors"][data.user_idx([gone])[0]].any()
    assert np.isfinite(np.asarray(left.scores(everybody(data)))[:, :-1]).any()


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("sasrec", {"num_heads": 5}, "multiple of num_heads"),
        ("sasrec", {"loss": "hinge"}, "one of softmax, bce"),
        ("multvae", {"learning_rate": 0}, "learning_rate above 0"),
        ("two_tower", {"temperature": 0}, "temperature above 0"),
        ("neumf", {"validation_share": 1}, "validation_share from 0"),
    ],
)
def test_settings_that_make_no_sense_are_told(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        create(name, settings)
