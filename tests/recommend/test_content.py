"""Content: items without a single interaction, every kind of what is said of them, and reasons that add up."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import laws
import numpy as np
import pyarrow as pa
import pytest

from graphrec.errors import InputError
from graphrec.evaluation.stage import frames_of
from graphrec.frames import FramesWriter
from graphrec.graph import Graph
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.rows import open_rows
from graphrec.models import create
from graphrec.models.train import train
from graphrec.privacy.policy import Policy
from graphrec.recommend.base import Profile
from graphrec.recommend.fitted import make_fitted
from graphrec.recommend.registry import get
from graphrec.snapshot import Snapshot
from graphrec.snapshot.facts import Facts

OFF = {"tags": 0, "text": 0, "topics": 0, "features": 0, "vectors": 0}
N = 12


def table(vectors: bool = True) -> pa.Table:
    """Even items are of space and odd ones of love, by title, description, studio, year and picture alike."""
    rng = np.random.default_rng(0)
    words = (["rocket", "planet", "alien", "orbit"], ["kiss", "wedding", "letter", "heart"])
    even = [n % 2 == 0 for n in range(N)]
    told = {
        "item_id": [laws.name(n) for n in range(N)],
        "title": [f"{words[n % 2][n // 2 % 4]} {words[n % 2][(n // 2 + 1) % 4]} {n}" for n in range(N)],
        "description": [" ".join(rng.permutation(words[n % 2])) for n in range(N)],
        "studio": pa.array([["Nova"] if e else ["Rosa", "Lily"] for e in even]),
        "year": [1980 + n if e else 2000 + n for n, e in enumerate(even)],
    }
    picture = [(np.array([1, 0.2, 0]) if e else np.array([0, 0.2, 1])) + rng.normal(0, 0.05, 3) for e in even]
    return pa.table({**told, "picture": [p.tolist() for p in picture]} if vectors else told)


def shelf(tags: bool = True) -> Snapshot:
    """Two people with three likes each, of the first eight items; nobody has anything of the last four."""
    pairs = [("ann", 0), ("ann", 2), ("ann", 4), ("bob", 1), ("bob", 3), ("bob", 5)]
    ids = [laws.name(n) for n in range(N)]
    tag_rows = pa.table({"item_id": ids, "tag": ["space" if n % 2 == 0 else "love" for n in range(N)]})
    users, items = zip(*pairs, strict=True)
    found = Snapshot.from_pairs(
        list(users), [laws.name(i) for i in items], items=ids, item_tags=tag_rows if tags else None
    )
    return replace(found, facts=Facts.of_table(found.item_ids, table()))


@pytest.mark.parametrize("kind", ["tags", "text", "topics", "features", "vectors"])
def test_each_kind_alone_finds_items_that_nobody_has_liked(kind: str) -> None:
    data = shelf()
    recommender = make_fitted("content", {**OFF, kind: 1.0, "n_topics": 2}).fit(data)
    for user, odd in (("ann", 0), ("bob", 1)):
        found = recommender.recommend([Profile(user)], 3)
        assert {int(item[2:]) % 2 for item in found["item_id"]} == {odd}
        assert len(found) == 3
        untouched = [item for item in found["item_id"] if data.n_likers()[data.item_idx([item])[0]] == 0]
        assert untouched == found["item_id"].tolist()
    visitor = recommender.recommend([Profile(items={laws.name(11): 1.0})], 2)
    assert {int(item[2:]) % 2 for item in visitor["item_id"]} == {1}
    assert {int(item[2:]) % 2 for item in recommender.similar_items([laws.name(10)], 4)["similar_id"]} == {0}


def test_addresses_are_no_content() -> None:
    """Where pages and pictures lie says the same of all items, or of each something that nobody asked for."""
    lies = [f"https://shop.example/films/{n % 3}/page" for n in range(N)]
    table_of = table().append_column("url", pa.array(lies)).append_column("poster", pa.array([["www.x.example/1"]] * N))
    data = shelf()
    told = {name: Facts.of_table(data.item_ids, one) for name, one in (("with", table_of), ("without", table()))}
    assert set(told["with"].words) - set(told["without"].words) == {"url", "poster"}
    found = {name: create("content", {}).fit(replace(data, facts=facts)) for name, facts in told.items()}
    items = np.arange(N)
    closeness = {name: model.closeness(items) for name, model in found.items()}  # type: ignore[attr-defined]
    np.testing.assert_array_equal(closeness["with"], closeness["without"])


def test_kinds_are_fused_by_their_weights() -> None:
    """The cosine of fused rows is the mean of the kinds' cosines, weighted by the squares of the weights."""
    data, weights = shelf(), {"tags": 1.0, "features": 0.5, "vectors": 2.0}
    alone = {kind: create("content", {**OFF, kind: 1.0}).fit(data) for kind in weights}
    fused = create("content", {**OFF, **weights}).fit(data)
    items = np.arange(N)
    apart = {kind: np.nan_to_num(model.closeness(items), neginf=0.0) for kind, model in alone.items()}  # type: ignore[attr-defined]
    found = np.nan_to_num(fused.closeness(items), neginf=0.0)  # type: ignore[attr-defined]
    vectors = alone["vectors"].features.toarray()  # type: ignore[attr-defined]
    apart["vectors"] = vectors @ vectors.T  # below 0 as well
    squares = {"tags": 1.0, "features": 0.25 * 2, "vectors": 4.0}  # studio and year are two blocks of features
    wanted = sum(squares[kind] * apart[kind] for kind in weights) / sum(squares.values())
    np.testing.assert_allclose(found, np.maximum(wanted, 0), atol=1e-9)


def test_reasons_name_parts_of_the_score_and_their_weights() -> None:
    recommender = make_fitted("content", {"n_topics": 2}).fit(shelf())
    reasons = recommender.recommend([Profile("ann")], 3)["reason"].tolist()
    for reason in reasons:
        assert reason.startswith("as what you liked: ")
        shares = [int(share) for share in re.findall(r"\((\d+)%\)", reason)]
        assert len(shares) == 3
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 101
    told = " ".join(reasons)
    assert "its picture" in told
    assert "tag space" in told


def test_items_of_which_nothing_is_said_never_come_and_are_like_nothing() -> None:
    data = shelf(tags=False)
    partly = table().slice(0, 8)
    some = replace(data, facts=Facts.of_table(data.item_ids, partly))
    recommender = make_fitted("content").fit(some)
    assert set(recommender.recommend([Profile("ann")], 20)["item_id"]) <= {laws.name(n) for n in range(8)}
    assert recommender.similar_items([laws.name(9)], 3).empty
    with pytest.raises(InputError, match="nothing is: load tags"):
        make_fitted("content").fit(replace(data, facts=None))


def test_facts_are_read_by_what_most_values_are() -> None:
    ids = np.array(["a", "b", "c", "d"], dtype=object)
    rows = [
        ("a", {"title": "Alien", "score": 1, "both": "x", "v": [1.0, 2.0], "feature_likers": 5, "gone": None}),
        ("b", {"title": "Brazil", "score": 2.5, "both": 3, "v": [1, float("nan")]}),
        ("c", {"both": "y", "v": [3.0, 4.0], "kinds": ["p", "q"]}),
        ("zz", {"title": "not among them"}),
    ]
    facts = Facts.of_rows(ids, rows)
    assert facts.words["title"] == [("Alien",), ("Brazil",), (), ()]
    assert facts.words["both"] == [("x",), (), ("y",), ()]
    assert facts.words["kinds"][2] == ("p", "q")
    np.testing.assert_array_equal(facts.numbers["score"], [1, 2.5, np.nan, np.nan])
    assert facts.vectors["v"].tolist() == [[1, 2], [0, 0], [3, 4], [0, 0]]
    assert set(facts.words) | set(facts.numbers) | set(facts.vectors) == {"title", "both", "kinds", "score", "v"}
    assert facts.digest() != Facts.of_rows(ids, rows[:2]).digest()


def test_content_from_the_graph_is_that_of_the_files(graph: Graph, tmp_path: Path) -> None:
    """Loaded with a column of vectors, trained, asked: items that nobody has liked come first where they fit best."""
    data = shelf()
    users, items = data.user_ids[data.pair_users()], data.item_ids[data.matrix.indices]
    with FramesWriter(tmp_path / "frames", "shelf", "test") as writer:
        writer.add("interactions", pa.table({"user_id": users, "item_id": items, "kind": ["like"] * len(users)}))
        writer.add("items", table())
        writer.add("users", pa.table({"user_id": ["ann", "bob"], "plan": ["small", None], "gender": ["f", "m"]}))
        tags = ["space" if n % 2 == 0 else "love" for n in range(N)]
        writer.add("item_tags", pa.table({"item_id": table()["item_id"], "tag": tags}))
        frames = writer.finish()
    with open_rows(frames) as rows:
        load_over_bolt(graph, rows, None)
    first = train(graph, "content", {"n_topics": 2})
    memory = make_fitted("content", {"n_topics": 2}).fit(Snapshot.from_frames(frames))
    there = get("content", graph).recommend([Profile("ann"), Profile("bob")], 5)
    here = memory.recommend([Profile("ann"), Profile("bob")], 5)
    assert laws.pairs(here) == laws.pairs(there)
    np.testing.assert_allclose(here["score"], there["score"], atol=1e-9)
    again = Snapshot.from_frames(frames_of(graph, tmp_path / "again"))
    assert again.facts is not None
    read = Snapshot.from_graph(graph, facts=True)
    assert again.facts.digest() == read.facts.digest()  # type: ignore[union-attr]
    for found in (read, Snapshot.from_frames(frames)):
        assert found.people is not None
        assert found.people.words == {"plan": [("small",), ()]}, "gender is sensitive"
    allow = Policy.model_validate({"columns": {"allow": ["users.gender"]}})
    told = Snapshot.from_frames(frames, policy=allow).people
    assert told is not None
    assert set(told.words) == {"plan", "gender"}
    with graph.session() as session:
        session.run("MATCH (i:Item {item_id: $id}) SET i.studio = ['Rosa']", id=laws.name(0)).consume()
    assert train(graph, "content", {"n_topics": 2}).version > first.version, "facts that changed are learnt again"
