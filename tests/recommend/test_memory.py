"""Recommenders in memory, and compositions, under the laws and against slow references."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import laws
import numpy as np
import pandas as pd
import pytest
from scipy.sparse.linalg import svds

from graphrec.errors import InputError, ModelError
from graphrec.models.blend.model import Blend
from graphrec.models.filters.model import FILTERS
from graphrec.recommend.base import ALL_UNSEEN, Candidates, FittedRecommender, Profile, Recommender
from graphrec.recommend.blend import BlendRecommender
from graphrec.recommend.blended import BlendedRecommender
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.chain import ChainRecommender
from graphrec.recommend.embedding import EmbeddingRecommender
from graphrec.recommend.filtering import FilterRecommender
from graphrec.recommend.popularity import PopularityRecommender
from graphrec.recommend.switch import SwitchRecommender
from graphrec.recommend.tables import no_similar_items, recommendation_table
from graphrec.recommend.topk import top_k
from graphrec.snapshot import Snapshot
from graphrec.versions import Embeddings


def some_data(seed: int = 3, n_users: int = 30, n_items: int = 25) -> Snapshot:
    """Random likes, some dislikes, one user and one item without anything."""
    rng = np.random.default_rng(seed)
    users, items = rng.integers(0, n_users, 200), rng.integers(0, n_items, 200) ** 2 // n_items
    weight = rng.choice([1.0, 0.5, -1.0], 200, p=[0.7, 0.2, 0.1])
    names = [laws.name(u) for u in users], [f"i'{i}" for i in items]
    return Snapshot.from_pairs(*names, weight=weight, users=["newcomer"], items=["never seen"])


def train_svd(snapshot: Snapshot) -> Embeddings:
    """A small model whose vectors are the two largest singular vectors."""
    left, values, right = svds(snapshot.matrix.astype(float), k=2, rng=0)
    users, items = (left * values).astype(np.float32), right.T.astype(np.float32)
    return Embeddings(snapshot.user_ids, users, snapshot.item_ids, items)


def small_blend() -> Blend:
    return Blend.of({"filter": "chebyshev", "lightgcn.embedding_dim": 4, "lightgcn.epochs": 2})


def by_history(snapshot: Snapshot) -> Callable[[Sequence[Profile]], list[int]]:
    known = dict(zip(snapshot.user_ids, np.diff(snapshot.matrix.indptr), strict=True))
    return lambda profiles: [int(known.get(p.user_id, 0)) + len(p.items) for p in profiles]


def make_chain(data: Snapshot) -> Recommender:
    return ChainRecommender([EmbeddingRecommender(train_svd).fit(data), PopularityRecommender().fit(data)])


def make_blend(data: Snapshot) -> Recommender:
    parts = [(EmbeddingRecommender(train_svd).fit(data), 2.0), (PopularityRecommender().fit(data), 1.0)]
    return BlendRecommender(parts)


def make_switch(data: Snapshot) -> Recommender:
    steps = [(0, PopularityRecommender().fit(data)), (4, EmbeddingRecommender(train_svd).fit(data))]
    return SwitchRecommender(by_history(data), steps)


MAKERS: dict[str, Callable[[Snapshot], Recommender]] = {
    "popular": lambda data: PopularityRecommender().fit(data),
    "embedding": lambda data: EmbeddingRecommender(train_svd).fit(data),
    "p3alpha": lambda data: FilterRecommender(FILTERS["p3alpha"].of({})).fit(data),
    "ease": lambda data: FilterRecommender(FILTERS["ease"].of({})).fit(data),
    "fitted blend": lambda data: BlendedRecommender(small_blend()).fit(data),
    "chebyshev": lambda data: FilterRecommender(FILTERS["chebyshev"].of({})).fit(data),
    "chain": make_chain,
    "blend": make_blend,
    "switch": make_switch,
}
FITTED: dict[str, Callable[[], FittedRecommender]] = {
    "popular": PopularityRecommender,
    "embedding": lambda: EmbeddingRecommender(train_svd),
    "p3alpha": lambda: FilterRecommender(FILTERS["p3alpha"].of({})),
    "chebyshev": lambda: FilterRecommender(FILTERS["chebyshev"].of({})),
    "fitted blend": lambda: BlendedRecommender(small_blend()),
}


WITHOUT_REASONS: dict[str, Callable[[], FittedRecommender]] = {
    "popular": lambda: PopularityRecommender(with_reasons=False),
    "embedding": lambda: EmbeddingRecommender(train_svd, with_reasons=False),
    "p3alpha": lambda: FilterRecommender(FILTERS["p3alpha"].of({}), with_reasons=False),
    "chebyshev": lambda: FilterRecommender(FILTERS["chebyshev"].of({}), with_reasons=False),
}


def case_of(name: str) -> laws.Case:
    data = some_data()
    seen = {
        user: frozenset(data.item_ids[data.seen.indices[data.seen.indptr[n] : data.seen.indptr[n + 1]]])
        for n, user in enumerate(data.user_ids)
    }
    users = tuple(user for user in data.user_ids if seen[user])[:12]
    return laws.Case(MAKERS[name](data), seen, users, tuple(data.item_ids[:8]), relative=name == "blend")


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", MAKERS)
def test_laws(name: str, law: Callable[[laws.Case], None]) -> None:
    law(case_of(name))


@pytest.mark.parametrize("name", FITTED)
def test_laws_of_fitting(name: str, tmp_path: Path) -> None:
    laws.a_second_fit_forgets_the_first(FITTED[name], some_data(3), some_data(4, 10, 9))
    laws.saved_and_loaded_it_answers_the_same(FITTED[name]().fit(some_data()), case_of(name), tmp_path)


@pytest.mark.parametrize("name", ["embedding", "chain", "blend", "switch"])
def test_checkerboard(name: str) -> None:
    laws.the_withheld_diagonal_comes_first(MAKERS[name](laws.checkerboard()))


@pytest.mark.parametrize("name", FITTED)
def test_unfitted_recommenders_say_so(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="fit"):
        FITTED[name]().recommend([Profile("1")], 3)
    with pytest.raises(ModelError, match="expected a saved recommender"):
        type(FITTED[name]()).load(tmp_path / "nothing")


def test_popular_counts_people_and_breaks_ties_by_id() -> None:
    data = Snapshot.from_pairs(list("aabbcd"), ["y", "x", "x", "y", "z", "w"], weight=[1, 1, 1, 1, 1, -1])
    table = PopularityRecommender().fit(data).recommend([Profile(), Profile("d"), Profile("c")], 10)
    rows = table.groupby("profile")[["item_id", "score"]].apply(lambda t: t.to_numpy().tolist())
    assert rows[0] == [["x", 2.0], ["y", 2.0], ["z", 1.0]], "what people dislike is not popular"
    assert rows[1] == [["x", 2.0], ["y", 2.0], ["z", 1.0]]
    assert rows[2] == [["x", 2.0], ["y", 2.0]]
    assert table["reason"].unique().tolist() == ["little known yet"]
    many = Snapshot.from_pairs(list("abcdeabcd"), list("xxxxxyyyy"))
    told = PopularityRecommender().fit(many).recommend([Profile()], 2)["reason"].tolist()
    assert told == ["5 people liked it", "little known yet"]
    strict = PopularityRecommender(least_people=6).fit(many).recommend([Profile()], 2)["reason"].tolist()
    assert strict == ["little known yet", "little known yet"]


def test_embedding_lists_are_exactly_those_of_a_full_sort() -> None:
    rng = np.random.default_rng(0)
    users, items = rng.normal(size=(40, 16)).astype(np.float32), rng.normal(size=(300, 16)).astype(np.float32)
    items[100:200] = items[:100]  # exact ties, which the id must break
    data = Snapshot.from_pairs([f"u{n % 40}" for n in range(400)], [f"i{n * 7 % 300}" for n in range(400)])
    catalogue = Catalogue.of(data)
    table = EmbeddingRecommender.of(catalogue, users, items).recommend([Profile(u) for u in data.user_ids], 20)
    for row in range(40):
        seen = set(data.item_ids[data.seen.indices[data.seen.indptr[row] : data.seen.indptr[row + 1]]])
        exact = [
            round(float(sum(a * b for a, b in zip(users[row].tolist(), v, strict=True))), 10) for v in items.tolist()
        ]
        wanted = sorted((-s, i) for s, i in zip(exact, data.item_ids, strict=True) if i not in seen)[:20]
        assert table[table["profile"] == row]["item_id"].tolist() == [i for _, i in wanted]


def test_embedding_reasons_name_a_title_that_the_user_liked() -> None:
    data = laws.checkerboard()
    titles = {laws.name(n): f"Film {n}" for n in range(0, 20, 2)}
    found = (
        EmbeddingRecommender(train_svd, titles=titles)
        .fit(data)
        .recommend([Profile(laws.name(0)), Profile(laws.name(1))], 1)
    )
    assert found["reason"].iloc[0].startswith("near to Film ")
    assert found["reason"].iloc[1].startswith("near to 'n°")


def test_vectors_must_fit_the_catalogue() -> None:
    catalogue = Catalogue.of(laws.checkerboard())
    with pytest.raises(ModelError, match="expected vectors of 20 users and 20 items, found 3, 20"):
        EmbeddingRecommender.of(catalogue, np.ones((3, 2), np.float32), np.ones((20, 2), np.float32))


def test_top_k_breaks_ties_at_the_cut_by_column_and_never_takes_masked_ones() -> None:
    scores = np.array([[1.0, 2.0, 1.0 + 1e-12, 1.0], [-np.inf, 3.0, -np.inf, -np.inf], [0.0, -0.0, 0.0, -1.0]])
    best = top_k(scores, 2)
    assert best.row.tolist() == [0, 0, 1, 2, 2]
    assert best.column.tolist() == [1, 0, 1, 0, 1]
    assert len(top_k(scores, 0).row) == 0
    assert len(top_k(np.zeros((2, 0)), 3).row) == 0


class Fixed:
    """Answers with a given list, whoever asks."""

    def __init__(self, name: str, rows: list[tuple[str, float]]) -> None:
        self.name, self.rows = name, rows

    def recommend(self, profiles: Sequence[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        flat = [(n, item, score, f"said by {self.name}") for n in range(len(profiles)) for item, score in self.rows[:k]]
        return recommendation_table(*zip(*flat, strict=True)) if flat else recommendation_table([], [], [], [])

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        return no_similar_items()


def test_a_chain_fills_up_in_order_and_keeps_scores_falling() -> None:
    chain = ChainRecommender(
        [Fixed("a", [("x", 0.4), ("y", 0.2)]), Fixed("b", [("y", 90.0), ("z", 50.0), ("w", 25.0)])]
    )
    table = chain.recommend([Profile("u"), Profile("v")], 4)
    assert table["item_id"].tolist() == ["x", "y", "z", "w"] * 2
    assert table["score"].tolist() == pytest.approx([0.4, 0.2, 0.2, 0.1] * 2)
    assert table["reason"].tolist()[:3] == ["said by a", "said by a", "said by b"]
    below = ChainRecommender([Fixed("a", [("x", -1.0)]), Fixed("b", [("y", 3.0), ("z", 1.0)])]).recommend(
        [Profile()], 9
    )
    assert below["score"].tolist() == pytest.approx([-1.0, -1.0, -3.0])


def test_a_blend_adds_comparable_scores() -> None:
    blend = BlendRecommender(
        [(Fixed("a", [("x", 0.9), ("y", 0.1)]), 3.0), (Fixed("b", [("y", 700.0), ("z", 100.0)]), 1.0)]
    )
    table = blend.recommend([Profile("u")], 3)
    assert table["item_id"].tolist() == ["x", "y", "z"]
    assert table["score"].tolist() == pytest.approx([0.75, 0.75 / 3 + 0.25, 0.25 / 3])
    assert table["reason"].tolist() == ["said by a", "said by a", "said by b"]
    with pytest.raises(InputError, match="weights above 0"):
        BlendRecommender([(Fixed("a", []), 0.0)])


def test_a_switch_goes_by_what_is_known() -> None:
    few, many = Fixed("few", [("x", 1.0)]), Fixed("many", [("y", 1.0)])
    switch = SwitchRecommender(lambda profiles: [len(p.items) for p in profiles], [(1, few), (3, many)])
    asked = [Profile(items={"a": 1, "b": 1, "c": 1}), Profile(), Profile(items={"a": 1})]
    table = switch.recommend(asked, 5)
    assert list(zip(table["profile"], table["item_id"], strict=True)) == [(0, "y"), (2, "x")]
    with pytest.raises(InputError, match="rising"):
        SwitchRecommender(lambda p: [], [(3, few), (1, many)])


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_a_filter_ranks_by_its_map_and_names_the_like_that_adds_most(name: str) -> None:
    data = some_data()
    model = FILTERS[name].of({})
    table = FilterRecommender(model).fit(data).recommend([Profile(user) for user in data.user_ids], 5)
    found = model.found
    item_map = found.neighbours.toarray() + found.left @ found.right.T + (found.there @ found.back).toarray()
    liked = data.matrix.toarray().astype(float)
    scores = liked @ item_map
    scores[(data.seen.toarray()) | (scores == 0)] = -np.inf
    for row in table.itertuples():
        user, item = row.profile, data.item_idx([row.item_id])[0]
        assert row.score == pytest.approx(scores[user, item], rel=1e-3, abs=1e-6)
        assert (scores[user] > row.score + 1e-5).sum() < row.rank
        added = np.where(liked[user] > 0, liked[user] * item_map[:, item], -np.inf)
        reason = row.reason.removeprefix("because you liked '").removesuffix("'")
        assert added[data.item_idx([reason])[0]] == pytest.approx(added.max(), rel=1e-3, abs=1e-6)


def test_a_filter_scores_visitors_as_users_with_the_same_likes() -> None:
    """Folding in: only the likes count, not whether the fit knew who has them."""
    data = some_data()
    recommender = FilterRecommender(FILTERS["chebyshev"].of({})).fit(data)
    for user in data.user_ids[:8]:
        row = data.user_idx([user])[0]
        liked = data.item_ids[data.matrix.indices[data.matrix.indptr[row] : data.matrix.indptr[row + 1]]]
        disliked = frozenset(data.item_ids[data.seen[[row]].indices]) - frozenset(liked)
        if not len(liked):
            continue
        known = recommender.recommend([Profile(user)], 7)
        visitor = Profile(items=dict(zip(liked, data.matrix[[row]].data.tolist(), strict=True)))
        pd.testing.assert_frame_equal(known, recommender.recommend([visitor], 7, Candidates(excluded=disliked)))


@pytest.mark.parametrize("name", WITHOUT_REASONS)
def test_without_reasons_the_ranking_is_the_same(name: str) -> None:
    data = some_data()
    profiles = [Profile(user) for user in data.user_ids] + [Profile(items={data.item_ids[0]: 1.0})]
    with_reasons, without = (make().fit(data).recommend(profiles, 5) for make in (FITTED[name], WITHOUT_REASONS[name]))
    pd.testing.assert_frame_equal(with_reasons.drop(columns="reason"), without.drop(columns="reason"))
    assert with_reasons["reason"].nunique() > without["reason"].nunique() == 1
