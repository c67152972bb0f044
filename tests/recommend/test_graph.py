"""Recommenders over the graph, under the laws, and what their reasons say."""

from __future__ import annotations

from dataclasses import replace

import laws
import numpy as np
import pyarrow as pa
import pytest

from graphrec.errors import InputError, ModelError
from graphrec.frames import FramesWriter
from graphrec.graph import Graph
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.rows import open_rows
from graphrec.ingest.schema import ensure_schema
from graphrec.models import FILE_NAMES, LIVE
from graphrec.models.blend.mixture import Weights
from graphrec.models.blend.model import Blend
from graphrec.models.filters.item_filter import ItemFilter
from graphrec.models.filters.model import FILTERS, FilterModel
from graphrec.models.filters.nearest import nearest
from graphrec.models.train import publish_model
from graphrec.recommend.answer import recommend, similar
from graphrec.recommend.base import Candidates, Profile
from graphrec.recommend.blended import BlendedRecommender
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.embedding import EmbeddingRecommender
from graphrec.recommend.explain import explain
from graphrec.recommend.filtering import FilterRecommender
from graphrec.recommend.popularity import PopularityRecommender
from graphrec.recommend.registry import NAMES, best_name, get
from graphrec.snapshot import Snapshot
from graphrec.versions import Embeddings, Learnt, publish, unit_vectors

N_STORED = 6
VISITORS = {"blend", "walk", "cooccurrence", "lightgcn", "popular", "trending", "tags", *FILTERS, *LIVE}


def fill(graph: Graph, folder, board: bool = False) -> Snapshot:  # type: ignore[no-untyped-def]
    """Random interactions with times, tags, titles and followed people, in the graph and as a snapshot."""
    rng = np.random.default_rng(5)
    if board:
        pairs = [(u, i) for u in range(20) for i in range(20) if (u - i) % 2 == 0 and u != i]
    else:
        pairs = sorted(
            {(int(u), int(i)) for u, i in zip(rng.integers(0, 30, 220), rng.integers(0, 25, 220), strict=True)}
        )
    users, items = zip(*pairs, strict=True)
    n = len(pairs)
    kinds = ["rating"] * n if board else rng.choice(["listen", "view", "skip"], n, p=[0.6, 0.3, 0.1]).tolist()
    names = [laws.name(i) for i in range(26)]
    with FramesWriter(folder, "toy", "test") as writer:
        events = {"user_id": [laws.name(u) for u in users], "item_id": [laws.name(i) for i in items], "kind": kinds}
        writer.add("interactions", pa.table({**events, "at": pa.array(rng.integers(1, 10**12, n))}))
        writer.add("items", pa.table({"item_id": names, "title": [f"Film {i}" if i % 3 else None for i in range(26)]}))
        tags = {"item_id": [names[i] for i in range(26) for _ in range(2)], "tag": [f"tag {t % 7}" for t in range(52)]}
        writer.add("item_tags", pa.table(tags))
        follows = {
            "user_id": [laws.name(u) for u in range(20)],
            "followee_id": [laws.name((u + 2) % 20) for u in range(20)],
        }
        writer.add("follows", pa.table(follows))
        frames = writer.finish()
    ensure_schema(graph)
    with open_rows(frames) as rows:
        load_over_bolt(graph, rows, None)
    return Snapshot.from_graph(graph)


def publish_svd(graph: Graph, data: Snapshot) -> Embeddings:
    """Singular vectors, with the popularity of items as one more number."""
    dense = data.matrix.toarray().astype(float)
    left, values, right = np.linalg.svd(dense, full_matrices=False)
    users, items = unit_vectors((left * values)[:, :3].astype(np.float32), right.T[:, :3].astype(np.float32), "cosine")
    popular = np.log1p(data.n_likers()) / 10
    users, items = (np.column_stack(pair).astype(np.float32) for pair in ((users, users.any(axis=1)), (items, popular)))
    found = Learnt(Embeddings(data.user_ids, users, data.item_ids, items, (1.0,)), metric="dot")
    publish(graph, "lightgcn", found)
    return found.unit().vectors


def publish_filters(graph: Graph, data: Snapshot) -> dict[str, FilterModel]:
    """Every filter fitted and published; what comes back holds no more of each than what is stored."""
    models = {name: form.of({"n_stored": N_STORED}).fit(data) for name, form in FILTERS.items()}
    for model in models.values():
        publish_model(graph, model, data)
        model.found = ItemFilter.of_neighbours(nearest(model.found, N_STORED))
    return models


def publish_blend(graph: Graph, data: Snapshot) -> Blend:
    """A blend of an item graph, all of whose scores are stored, and vectors."""
    model = Blend.of({"filter": "item_graph", "n_stored": 100, "lightgcn.embedding_dim": 4, "lightgcn.epochs": 2})
    model.fit(data)
    model.mixture = replace(model.mixture, weights=Weights(0.6, 0.4))
    publish_model(graph, model, data)
    return model


def case_of(name: str, graph: Graph, data: Snapshot) -> laws.Case:
    likes = np.diff(data.matrix.indptr)
    users = tuple(u for u, n in zip(data.user_ids, likes, strict=True) if n > 1 and int(u[2:]) < 20)[:3]
    return laws.Case(get(name, graph), laws.seen_of(data), users, tuple(data.item_ids[:2]), visitor=name in VISITORS)


def test_laws(graph: Graph, tmp_path) -> None:  # type: ignore[no-untyped-def]
    data = fill(graph, tmp_path / "frames")
    vectors = publish_svd(graph, data)
    filters = publish_filters(graph, data)
    blend = publish_blend(graph, data)
    for name in (name for name in NAMES if name not in FILE_NAMES):  # those are in test_from_files.py
        case = case_of(name, graph, data)
        for law in laws.LAWS:
            try:
                law(case)
            except AssertionError as error:
                raise AssertionError(f"{name} breaks the law {law.__name__}") from error
    _the_graph_says_what_memory_says(graph, data, vectors)
    _filters_say_what_memory_says(graph, data, filters)
    _a_blend_says_what_memory_says(graph, data, blend)
    _reasons(graph, data)
    _mixed_profiles(graph, data)


def _the_graph_says_what_memory_says(graph: Graph, data: Snapshot, found: Embeddings) -> None:
    vectors = found.user_vectors, found.item_vectors
    memory = EmbeddingRecommender.of(Catalogue.of(data), *vectors, ending=found.ending)
    visitors = [Profile(items={data.item_ids[n]: 1.0, data.item_ids[n + 5]: 0.5}) for n in range(6)]
    profiles, n_users = [*(Profile(user) for user in data.user_ids), *visitors], data.n_users
    for candidates in (Candidates(), Candidates(seen=True), Candidates(allowed=frozenset(data.item_ids[::2]))):
        here, there = (r.recommend(profiles, 4, candidates) for r in (memory, get("lightgcn", graph)))
        assert laws.pairs(here) == laws.pairs(there)
        here, there = (table[table["profile"] < n_users]["score"] for table in (here, there))
        np.testing.assert_allclose(here, there, atol=1e-6)
    popular = PopularityRecommender().fit(data).recommend(profiles, 5)
    assert laws.pairs(popular) == laws.pairs(get("popular", graph).recommend(profiles, 5))
    titles = {item_id: f"Film {laws_number(item_id)}" for item_id in data.item_ids if laws_number(item_id) % 3}
    named = EmbeddingRecommender.of(Catalogue.of(data, titles), *vectors).recommend(profiles[:6], 4)
    assert named["reason"].tolist() == get("lightgcn", graph).recommend(profiles[:6], 4)["reason"].tolist()


def _a_blend_says_what_memory_says(graph: Graph, data: Snapshot, model: Blend) -> None:
    """The same items and scores, whichever way they are found, and parts that add up."""
    memory, live = BlendedRecommender(model), get("blend", graph)
    memory._catalogue = Catalogue.of(data)
    profiles = [Profile(user) for user in data.user_ids]
    for candidates in (Candidates(), Candidates(seen=True), Candidates(allowed=frozenset(data.item_ids[::2]))):
        here, there = (r.recommend(profiles, 4, candidates) for r in (memory, live))
        assert laws.pairs(here) == laws.pairs(there)
        np.testing.assert_allclose(here["score"], there["score"], rtol=1e-4, atol=1e-5)
    rows = graph.read("blend/recommend", user_ids=data.user_ids[:9].tolist(), k=5)
    for row in rows:
        assert row["score"] == pytest.approx(row["graph"] + row["vectors"] + row["popularity"])
    user_id, item_id = rows[0]["user_id"], rows[0]["item_id"]
    why = explain(graph, user_id, item_id, "blend", k=50)
    assert sum(reason.part for reason in why.reasons if reason.part) == pytest.approx(why.score, rel=1e-6)


def _filters_say_what_memory_says(graph: Graph, data: Snapshot, filters: dict[str, FilterModel]) -> None:
    """Ids, scores and reasons, for users of several kinds, visitors and both, and similar items."""
    own = dict(zip(data.item_ids[[3, 7, 11]], (1.0, 2.0, 0.5), strict=True))
    profiles = [*(Profile(user) for user in data.user_ids), Profile(items=own), Profile(data.user_ids[0], own)]
    titles = {item_id: f"Film {laws_number(item_id)}" for item_id in data.item_ids if laws_number(item_id) % 3}
    assert set(np.unique(data.matrix.data)) == {0.5, 1.0}, "the weights must differ, or the test shows less"
    for name, model in filters.items():
        memory, here = FilterRecommender.over(model, Catalogue.of(data, titles)), get(name, graph)
        for candidates in (
            Candidates(),
            Candidates(seen=True),
            Candidates(allowed=frozenset(data.item_ids[::2]), excluded=frozenset(data.item_ids[:4])),
        ):
            one, other = (r.recommend(profiles, 4, candidates) for r in (memory, here))
            assert laws.pairs(one) == laws.pairs(other), name
            np.testing.assert_allclose(one["score"], other["score"], atol=1e-6)
            assert one["reason"].tolist() == other["reason"].tolist(), name
        one, other = (r.similar_items(list(data.item_ids), 4) for r in (memory, here))
        columns = ["item_id", "similar_id", "rank", "reason"]
        assert sorted(one[columns].to_numpy().tolist()) == sorted(other[columns].to_numpy().tolist())


def laws_number(item_id: str) -> int:
    return int(item_id[2:])


MANY, TITLE = r"([5-9]|\d\d+)", r"(Film \d+|'n°\d+')"


def _reasons(graph: Graph, data: Snapshot) -> None:
    profiles = [Profile(user) for user in data.user_ids[:6]]
    wanted = {
        "walk": rf"({MANY} people who liked {TITLE} also liked this|because you liked {TITLE})",
        "cooccurrence": rf"({MANY} people who liked {TITLE} also liked this|because you liked {TITLE})",
        "lightgcn": rf"near to {TITLE}, which you liked",
        "popular": rf"({MANY} people liked it|little known yet)",
        "tags": r"tagged tag \d( and tag \d)?, like what you like",
        "friends": rf"({MANY} of the people you follow liked it|you may like it)",
        "chebyshev": r"because you liked (Film \d+|'n°\d+')",
    }
    for name, pattern in wanted.items():
        table = get(name, graph).recommend(profiles, 5)
        assert table["reason"].str.fullmatch(pattern).all(), f"{name}: {table['reason'].tolist()}"
        for user in data.user_ids:
            assert name == "tags" or not table["reason"].str.contains(f"person {user}").any()
    own = dict.fromkeys(data.item_ids[:2], 1.0)
    for name in ("walk", "cooccurrence", "chebyshev"):
        table = get(name, graph).recommend([Profile(items=own)], 5)
        assert table["reason"].str.fullmatch(wanted[name]).all(), table["reason"].tolist()


def _mixed_profiles(graph: Graph, data: Snapshot) -> None:
    """A user with items of a visit: both count, neither comes back."""
    user = case_of("walk", graph, data).users[0]
    seen = laws.seen_of(data)[user]
    extra = next(item for item in data.item_ids if item not in seen)
    for name in ("walk", "cooccurrence", "lightgcn", "chebyshev"):
        table = get(name, graph).recommend([Profile(user, {extra: 2.0})], 50)
        assert len(table)
        assert not set(table["item_id"]) & (seen | {extra})


@pytest.mark.parametrize("name", ["walk", "cooccurrence", "lightgcn", "tags"])
def test_checkerboard(name: str, graph: Graph, tmp_path) -> None:  # type: ignore[no-untyped-def]
    data = fill(graph, tmp_path / "frames", board=True)
    publish_svd(graph, data)
    if name != "tags":
        laws.the_withheld_diagonal_comes_first(get(name, graph))
    else:
        assert len(get(name, graph).recommend([Profile(laws.name(1))], 3)) == 3


def test_names_settings_and_versions_that_are_not_there(graph: Graph) -> None:
    with pytest.raises(InputError, match="there are blend, walk, cooccurrence"):
        get("magic", graph)
    with pytest.raises(InputError, match="has no setting colour"):
        get("walk", graph, colour=1).recommend([Profile("1")], 3)
    with pytest.raises(ModelError, match="graphrec train"):
        get("lightgcn", graph)
    with pytest.raises(ModelError, match="graphrec train --model ease"):
        get("ease", graph)
    assert best_name(graph) == "walk"


def test_who_came_after_the_training_is_answered_at_once(graph: Graph, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """A new user is scored as any other; a new item leads nowhere until the next training, and popular ones come."""
    data = fill(graph, tmp_path / "frames")
    publish_model(graph, FILTERS["item_graph"].of({}).fit(data), data)
    user = case_of("walk", graph, data).users[0]
    with graph.session() as session:
        session.run(
            "CREATE (n:User {user_id: 'new'}) WITH n MATCH (:User {user_id: $user_id})-[r:INTERACTED]->(i) "
            "CREATE (n)-[s:INTERACTED]->(i) SET s = properties(r)",
            user_id=user,
        ).consume()
        session.run(
            "CREATE (:User {user_id: 'newer'})-[:INTERACTED {kind: 'listen', count: 1}]->(:Item {item_id: 'new'})"
        ).consume()
    table = get("item_graph", graph).recommend([Profile(user), Profile("new"), Profile("newer")], 5)
    one, other = (table[table["profile"] == n].drop(columns="profile").reset_index(drop=True) for n in (0, 1))
    assert len(one)
    assert one.equals(other)
    assert not (table["profile"] == 2).any()
    found = recommend(graph, "newer", 3, "item_graph")
    assert (found.attrs["model"], len(found)) == ("popular", 3)
    assert found.attrs["note"].startswith("item_graph finds nothing for user 'newer'")
    assert similar(graph, "new", 3, "item_graph").attrs["note"].startswith("item_graph knows nothing yet")


def test_an_explanation_names_the_parts_of_the_score(graph: Graph, tmp_path) -> None:  # type: ignore[no-untyped-def]
    data = fill(graph, tmp_path / "frames")
    publish_model(graph, FILTERS["p3alpha"].of({}).fit(data), data)
    user = case_of("walk", graph, data).users[0]
    best = get("p3alpha", graph).recommend([Profile(user)], 1).iloc[0]
    found = explain(graph, user, best["item_id"], "p3alpha", k=100)
    assert found.score == pytest.approx(best["score"])
    assert sum(reason.part for reason in found.reasons) == pytest.approx(best["score"])
    assert f"because you liked {found.reasons[0].path[1][1]}" == best["reason"]
    assert found.reasons[0].text.startswith(f"{found.title} goes well with ")


def test_settings_reach_the_queries(graph: Graph, tmp_path) -> None:  # type: ignore[no-untyped-def]
    data = fill(graph, tmp_path / "frames")
    profiles = [Profile(user) for user in data.user_ids]
    orders = [
        laws.pairs(get("walk", graph, beta=beta, with_reasons=False).recommend(profiles, 5)) for beta in (0.0, 1.0)
    ]
    assert orders[0] != orders[1]
