"""Hybrids under the laws, joined as declared, and told apart again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import laws
import numpy as np
import pytest

from graphrec.errors import InputError
from graphrec.models import HYBRIDS, create
from graphrec.models.base import Block
from graphrec.models.hybrids.declared import read_hybrid
from graphrec.models.hybrids.hybrid import Hybrid
from graphrec.models.hybrids.scorers import scorer, standardised
from graphrec.models.hybrids.switching import holds
from graphrec.models.training_part import block_of, in_order, training_part
from graphrec.models.validation import Validation
from graphrec.recommend.base import FittedRecommender, Profile
from graphrec.recommend.fitted import make_fitted
from graphrec.snapshot import Snapshot

SETTINGS: dict[str, dict[str, Any]] = {
    "weighted": {"parts": "chebyshev+p3alpha+popular"},
    "switching": {"parts": "popular+p3alpha+chebyshev", "least": "0+3+6"},
    "cascade": {"parts": "p3alpha+chebyshev+popular", "depths": "8+3"},
    "augmented": {"parts": "p3alpha+chebyshev", "n_added": 3},
    "stacked": {"parts": "chebyshev+p3alpha+popular", "depth": 10, "min_child_samples": 2, "n_estimators": 10},
}


def some_data(seed: int = 3, n_users: int = 40, n_items: int = 30) -> Snapshot:
    """Two tastes with noise, tags that tell them apart, one user and one item without anything."""
    rng = np.random.default_rng(seed)
    users, items = rng.integers(0, n_users, 500), rng.integers(0, n_items, 500)
    likes = (users + items) % 2 == 0
    names = [laws.name(u) for u in users], [f"i'{i}" for i in items]
    return Snapshot.from_pairs(
        *names,
        weight=np.where(likes, rng.choice([1.0, 0.5], 500), rng.choice([0.5, -1.0], 500)),
        last_at=rng.integers(0, 99, 500),
        users=["newcomer"],
        items=["never seen"],
        item_tags=laws.tag_table([f"i'{i}" for i in range(n_items)]),
    )


def fitted(name: str, data: Snapshot, **settings: Any) -> Hybrid:
    model = create(name, {**SETTINGS[name], **settings}).fit(data)
    assert isinstance(model, Hybrid)
    return model


def everybody(data: Snapshot) -> Block:
    return block_of(data, in_order(data), np.arange(data.n_users))


@pytest.fixture(scope="module")
def cases() -> dict[str, laws.Case]:
    data = some_data()
    return laws.cases_of(data, {name: make_fitted(name, SETTINGS[name]).fit(data) for name in HYBRIDS})


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", HYBRIDS)
def test_hybrid_laws(name: str, law: Callable[[laws.Case], None], cases: dict[str, laws.Case]) -> None:
    law(cases[name])


@pytest.mark.parametrize("name", HYBRIDS)
def test_hybrid_laws_of_fitting(name: str, tmp_path: Path, cases: dict[str, laws.Case]) -> None:
    def fresh() -> FittedRecommender:
        return make_fitted(name, SETTINGS[name])

    laws.a_second_fit_forgets_the_first(fresh, some_data(3), some_data(4, 12, 9))
    laws.saved_and_loaded_it_answers_the_same(cases[name].recommender, cases[name], tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["weighted", "augmented", "stacked"])
def test_parts_add_up_to_the_score(name: str) -> None:
    data = some_data()
    model, block = fitted(name, data), everybody(data)
    scores = np.asarray(model.scores(block))
    row, column = np.nonzero(np.isfinite(scores) & (scores > -0.5 if name == "stacked" else True))
    parts = model.parts_of(block, row, column)
    assert set(model.settings.names) <= set(parts)
    total = np.sum([*parts.values()], axis=0)
    if name == "stacked":  # the score is a rising function of the sum of the trees
        order = np.argsort(total)
        ranked = scores[row, column][order]
        assert (np.diff(ranked)[np.diff(total[order]) > 1e-3] > 0).all()
    else:
        np.testing.assert_allclose(total, scores[row, column], atol=1e-6)


def test_weights_are_learnt_where_only_one_part_knows() -> None:
    """A part that knows nothing of tastes gets no weight beside one that does."""
    model = fitted("weighted", some_data(), parts="popular+chebyshev")
    assert model.metrics["weight_chebyshev"] == pytest.approx(1)
    assert fitted("weighted", some_data(), weights="3+1+0").found["weights"].tolist() == [0.75, 0.25, 0]


def test_weights_are_learnt_without_what_is_withheld() -> None:
    data = some_data()
    validation = Validation.of(data, 0.2, 42)
    part = training_part(data, validation)
    assert part.matrix.nnz + validation.withheld.nnz == data.matrix.nnz
    assert part.seen.nnz == data.seen.nnz - validation.withheld.nnz
    assert len(part.last_at) == len(part.rating) == part.matrix.nnz
    row = int(validation.users[0])
    gone = set(validation.withheld[[0]].indices)
    assert not gone & set(part.seen[[row]].indices)
    assert not gone & set(in_order(part)[row])


def test_a_switch_answers_as_the_part_that_it_falls_to() -> None:
    data = some_data()
    model, block = fitted("switching", data), everybody(data)
    scores, n_liked = model.scores(block), np.diff(block.rows.indptr)
    for name, fits in (
        ("popular", n_liked < 3),
        ("p3alpha", (n_liked >= 3) & (n_liked < 6)),
        ("chebyshev", n_liked >= 6),
    ):
        assert fits.any()
        np.testing.assert_allclose(scores[fits], scorer(model.parts[name])(block)[fits], rtol=1e-4, atol=1e-6)


def test_a_switch_goes_by_the_context() -> None:
    data = some_data()
    told = {"parts": "popular+chebyshev", "context": "device", "values": "telephone"}
    recommender = make_fitted("switching", told).fit(data)
    user = laws.name(1)
    small, large = ({"device": device} for device in ("telephone", "desk"))
    table = recommender.recommend([Profile(user, context=small), Profile(user, context=large), Profile(user)], 3)
    reasons = table.groupby("profile")["reason"].first().tolist()
    assert reasons[0] == "popular answers where device is telephone"
    assert reasons[1] == reasons[2] == "chebyshev answers otherwise"


@pytest.mark.parametrize(
    ("value", "told", "is_in"),
    [
        ("tv", "tv", True),
        ("tv", "None", False),
        ("18..23", "18", True),
        ("18..23", "17", False),
        ("22..5", "23", True),
        ("22..5", "5", True),
        ("22..5", "6", False),
        ("18..23", "late", False),
    ],
)
def test_a_value_of_the_context_may_be_a_range(value: str, told: str, is_in: bool) -> None:
    assert holds(value, told) == is_in


def test_a_cascade_orders_the_best_anew_and_leaves_the_rest() -> None:
    data = some_data()
    model, block = fitted("cascade", data, parts="popular+chebyshev", depths="5"), everybody(data)
    scores, first, second = (
        model.scores(block),
        scorer(model.parts["popular"])(block),
        scorer(model.parts["chebyshev"])(block),
    )
    for row in range(12):
        liked = block.rows.indices[block.rows.indptr[row] : block.rows.indptr[row + 1]]
        free = np.setdiff1d(np.flatnonzero(np.isfinite(first[row])), liked)
        anew = free[np.flatnonzero(scores[row, free] >= 1)]
        assert len(anew) == 5
        assert first[row, anew].min() >= np.delete(first[row], np.union1d(anew, liked)).max()
        assert second[row, anew[scores[row, anew].argmax()]] == second[row, anew].max()


def test_what_one_part_adds_counts_in_the_next() -> None:
    data = some_data()
    model, block = fitted("augmented", data), everybody(data)
    alone = create("chebyshev").fit(data)
    whole, plain = model.scores(block), scorer(alone)(block)
    known = np.isfinite(whole) & np.isfinite(plain)
    assert abs(whole[known] - plain[known]).max() > 1e-3
    row, column = np.nonzero(known)
    assert abs(model.parts_of(block, row, column)["p3alpha"]).max() > 1e-3


def test_stacked_trees_find_what_the_parts_together_know() -> None:
    """One part sees tastes and one sees noise: trees put what fits before what doesn't, and say which part told."""
    rng = np.random.default_rng(1)
    user, item = np.meshgrid(np.arange(120), np.arange(40), indexing="ij")
    liked = (user % 2 == item % 2) & (rng.random(user.shape) < 0.6)
    data = Snapshot.from_pairs([f"u{n:03d}" for n in user[liked]], [f"i{n:03d}" for n in item[liked]])
    told = {"parts": "popular+chebyshev", "n_estimators": 30, "min_child_samples": 5}
    model, block = fitted("stacked", data, **told), everybody(data)
    scores = np.asarray(model.scores(block)).copy()
    scores[data.seen.nonzero()] = -np.inf
    best = scores.argmax(axis=1)
    assert np.mean(best % 2 == np.arange(120) % 2) == 1
    parts = model.parts_of(block, np.arange(120), best)
    assert parts["chebyshev"].min() > abs(parts["popular"]).max()


def test_standardised_scores_are_comparable() -> None:
    found = standardised(np.array([[1.0, 3.0, -np.inf], [-np.inf] * 3, [2.0, 2.0, 2.0]]))
    assert found.tolist() == [[-1, 1, -1], [0, 0, 0], [0, 0, 0]]


def test_a_hybrid_is_declared_in_a_few_lines(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text('model = "switching"\nparts = ["p3alpha", "ease"]\nleast = [0, 4]\n\n[ease]\nridge = 50\n')
    kind, settings = read_hybrid(path)
    assert (kind, settings) == ("switching", {"parts": "p3alpha+ease", "least": "0+4", "ease.ridge": 50})
    model = create(kind, settings)
    assert dict(model.settings_dict)["ease.ridge"] == 50  # type: ignore[attr-defined]
    for text, message in (
        ("", "expected model as one of"),
        ("model = ", "expected a hybrid declared in TOML"),
        ('model = "weighted"\nparts = ["ease"]', "expected different parts"),
        ('model = "weighted"\nparts = ["ease", "stacked"]', "can't be a part of a hybrid"),
        ('model = "weighted"\nparts = ["ease", "popular"]\n[p3alpha]\nalpha = 1', "no part p3alpha of weighted"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_hybrid(path)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("switching", {"least": "5+0"}, "rising numbers"),
        ("switching", {"context": "device", "values": "a+b"}, "a value of device for each part but the last"),
        ("cascade", {"depths": "0"}, "falling depths"),
        ("weighted", {"weights": "1+2"}, "expected 3 weights"),
        ("weighted", {"weights": "a+b+c"}, "with a \\+ between"),
        ("augmented", {"parts": "ease+popular+p3alpha"}, "expected two parts"),
        ("stacked", {"parts": "ease+nothing"}, "no model 'nothing'"),
    ],
)
def test_what_is_declared_wrong_is_told(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        create(name, settings)
