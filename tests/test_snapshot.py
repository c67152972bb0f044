"""Snapshots: the same data give the same snapshot, whichever way they come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.frames import FramesWriter
from graphrec.graph import Graph
from graphrec.kinds import kind_weight
from graphrec.recommend.history import liked_by
from graphrec.snapshot import NO_TIME, Snapshot
from graphrec.snapshot.columns import stated_weights

KINDS = ("rating", "view", "skip", "purchase", "dislike")


def test_a_pair_counts_once_with_its_largest_weight_and_the_latest_rating() -> None:
    found = Snapshot.from_pairs(
        ["b", "a", "a", "a"],
        ["x", "y", "y", "x"],
        weight=[0.5, 0.5, 1.0, -1.0],
        rating=[None, 3.0, 4.5, 1.0],
        last_at=[7, 30, 20, None],
    )
    assert found.user_ids.tolist() == ["a", "b"]
    assert found.item_ids.tolist() == ["x", "y"]
    np.testing.assert_array_equal(found.matrix.toarray(), [[0, 1], [0.5, 0]])
    np.testing.assert_array_equal(found.seen.toarray(), [[True, True], [True, False]])
    assert found.last_at.tolist() == [30, 7]
    np.testing.assert_array_equal(found.rating, np.array([3.0, np.nan], dtype=np.float32))
    np.testing.assert_array_equal(found.rated.toarray(), [[1.0, 3.0], [0, 0]])  # a dislike's too


def test_ids_are_sorted_by_code_point_and_found_again() -> None:
    ids = ["é", "e", "10", "9", "Ω", "🎬", "￿", "Z"]
    found = Snapshot.from_pairs(ids, ids)
    assert found.user_ids.tolist() == sorted(ids)
    assert found.user_idx(["9", "nobody", "🎬"]).tolist() == [sorted(ids).index("9"), -1, sorted(ids).index("🎬")]
    assert found.item_idx([]).tolist() == []


def test_users_and_items_without_interactions_have_rows_and_columns() -> None:
    found = Snapshot.from_pairs(["a"], ["x"], users=["b"], items=["w"])
    assert found.matrix.shape == (2, 2)
    assert found.matrix.nnz == 1
    assert found.last_at.tolist() == [NO_TIME]


def test_nothing_gives_an_empty_snapshot() -> None:
    found = Snapshot.from_pairs([], [])
    assert (found.n_users, found.n_items, found.matrix.nnz) == (0, 0, 0)
    assert found.user_idx(["a"]).tolist() == [-1]


Event = tuple[str, str, str, float | None, int | None]
rows = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.sampled_from("wxyz"),
        st.sampled_from(KINDS),
        st.one_of(st.none(), st.sampled_from([1.0, 2.5, 5.0])),
        st.one_of(st.none(), st.integers(0, 5)),
    ),
    max_size=25,
)


@given(rows)
def test_pairs_of_any_kinds_agree_with_a_count_by_hand(
    events: list[tuple[str, str, str, float | None, int | None]],
) -> None:
    columns = list(zip(*events, strict=True)) or [(), (), (), (), ()]
    weights = [kind_weight(kind) for kind in columns[2]]
    found = Snapshot.from_pairs(
        list(columns[0]), list(columns[1]), weight=weights, rating=list(columns[3]), last_at=list(columns[4])
    )
    for n, (user, item) in enumerate(zip(found.pair_users(), found.matrix.indices, strict=True)):
        pair = (found.user_ids[user], found.item_ids[item])
        liked = [e for e in events if e[:2] == pair and kind_weight(e[2]) > 0]
        assert found.matrix.data[n] == max(kind_weight(e[2]) for e in liked)
        assert found.last_at[n] == max(NO_TIME if e[4] is None else e[4] for e in liked)
        rated = [(NO_TIME if e[4] is None else e[4], e[3]) for e in liked if e[3] is not None]
        assert (max(rated)[1] == found.rating[n]) if rated else np.isnan(found.rating[n])
    assert found.matrix.nnz == len({e[:2] for e in events if kind_weight(e[2]) > 0})
    assert found.seen.nnz == len({e[:2] for e in events})


def test_pandas_arrow_and_lists_give_the_same() -> None:
    table = pd.DataFrame({"user_id": ["b", "a"], "item_id": ["x", "y"], "rating": [4.0, np.nan], "last_at": [5, 6]})
    arrow = pa.Table.from_pandas(table)
    ways = [
        Snapshot.from_pairs(t["user_id"], t["item_id"], rating=t["rating"], last_at=t["last_at"])
        for t in (table, arrow, {name: table[name].tolist() for name in table})
    ]
    assert ways[0].equals(ways[1])
    assert ways[0].equals(ways[2])
    assert not ways[0].equals(Snapshot.from_pairs(["b", "a"], ["x", "y"]))


def staged(folder: Path, weights: bool = False) -> FramesWriter:
    writer = FramesWriter(folder, "toy", "toy")
    rng = np.random.default_rng(4)
    n = 400
    rating = rng.choice([1.0, 3.5, 5.0], n)
    at = rng.integers(0, 50, n)
    events = {
        "user_id": [f"u{i}" for i in rng.integers(0, 20, n)],
        "item_id": [f"i{i}" for i in rng.integers(0, 30, n)],
        "kind": [KINDS[i] for i in rng.integers(0, len(KINDS), n)],
        "rating": pa.array(rating, mask=rng.random(n) < 0.5),
        "at": pa.array(at, mask=rng.random(n) < 0.2),
    }
    if weights:
        events["weight"] = pa.array(rng.choice([0.0, 0.25, 1.0, 8.0], n), mask=rng.random(n) < 0.3)
    writer.add("interactions", pa.table(events))
    writer.add("users", pa.table({"user_id": ["u0", "lonely"]}))
    writer.add("items", pa.table({"item_id": ["i0", "unseen"], "title": ["Zero", None]}))
    writer.add(
        "item_tags", pa.table({"item_id": ["i0", "i1", "tagged"], "tag": ["a", "b", "a"], "weight": [1.0, 2.0, None]})
    )
    writer.add("follows", pa.table({"user_id": ["u0", "u1"], "followee_id": ["u1", "friend"]}))
    return writer


def test_frames_give_the_snapshot_of_their_events(tmp_path: Path) -> None:
    found = Snapshot.from_frames(staged(tmp_path / "frames").finish())
    assert {"lonely", "friend"} < set(found.user_ids)
    assert {"unseen", "tagged"} < set(found.item_ids)
    assert found.tag_names.tolist() == ["a", "b"]
    assert found.tags[found.item_idx(["i1"])[0], 1] == 2.0
    assert found.follows[found.user_idx(["u1"])[0], found.user_idx(["friend"])[0]]


def test_stated_weights_count_where_there_are_some(tmp_path: Path) -> None:
    plain, told = (staged(tmp_path / name, weights=name == "told").finish() for name in ("plain", "told"))
    assert Snapshot.from_frames(plain, stated=True).equals(Snapshot.from_frames(plain))
    kinds, stated = Snapshot.from_frames(told), Snapshot.from_frames(told, stated=True)
    assert kinds.equals(Snapshot.from_frames(plain)), "weights change nothing where they aren't asked for"
    np.testing.assert_array_equal(stated.matrix.indices, kinds.matrix.indices)
    assert not np.allclose(stated.matrix.data, kinds.matrix.data)
    assert stated.matrix.data.min() > 0


def test_stated_weights_by_hand() -> None:
    kinds, told = np.array([1.0, 1.0, 0.5, -1.0]), np.array([3.0, np.nan, 0.0, 9.0])
    found = stated_weights(kinds, told)
    assert found[:3].mean() == pytest.approx(kinds[:3].mean()), "on the average as much as kinds do"
    assert found[0] == pytest.approx(3 * found[1])
    assert 0 < found[2] < 1e-5, "it stays a like"
    assert found[3] == -1.0, "what doesn't count as liking isn't made to by a weight"
    np.testing.assert_allclose(stated_weights(kinds, np.array([30.0, 10.0, 0.0, 9.0])), found, atol=1e-5)
    assert stated_weights(kinds, np.full(4, np.nan)) is kinds


def test_the_graph_and_the_frames_give_equal_snapshots(graph: Graph, tmp_path: Path) -> None:
    from graphrec.ingest.bolt import load_over_bolt
    from graphrec.ingest.rows import open_rows

    frames = staged(tmp_path / "frames", weights=True).finish()
    with open_rows(frames) as rows:
        load_over_bolt(graph, rows)
    of_frames, of_graph = Snapshot.from_frames(frames), Snapshot.from_graph(graph)
    assert of_graph.user_ids.tolist() == of_frames.user_ids.tolist()
    np.testing.assert_array_equal(of_graph.matrix.toarray(), of_frames.matrix.toarray())
    assert of_graph.equals(of_frames)
    assert not Snapshot.from_graph(graph, stated=True).equals(of_graph)
    assert Snapshot.from_graph(graph, stated=True).equals(Snapshot.from_frames(frames, stated=True))
    kinds, told = liked_by(graph, ["u3"])["u3"], liked_by(graph, ["u3"], stated=True)["u3"]
    assert list(told) == list(kinds)
    assert np.mean(list(told.values())) == pytest.approx(np.mean(list(kinds.values())))
    assert told != kinds
