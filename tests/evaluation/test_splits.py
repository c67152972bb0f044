"""Each split on small data: what trains, what is held back, what is left out, and what can't be given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from staged import rows, stage, table

from graphrec.errors import InputError, SplitError
from graphrec.evaluation.pairs import read_pairs
from graphrec.evaluation.parts import Split, SplitSettings, split
from graphrec.evaluation.splits import deal
from graphrec.frames import FramesWriter
from graphrec.hashing import hash_ids, hash_pairs
from graphrec.snapshot import Snapshot
from graphrec.tuning.entry import validation

EVENTS = [
    ("ann", "a", 10),
    ("ann", "b", 20),
    ("ann", "c", 30),
    ("ann", "d", 40),
    ("ann", "a", 35),  # again, after what will be held back
    ("bob", "a", 15),
    ("bob", "c", 25),
    ("cid", "b", 39),
    ("cid", "a", 45),
    ("eve", "c", 50),
]


def dealt(tmp_path: Path, method: str | None, share: float = 0.25, **more: object) -> Split:
    frames = stage(tmp_path / "all", EVENTS, **more)
    return split(frames, tmp_path / "train", SplitSettings(method, share))


def test_times_are_cut_once_and_newcomers_are_left_out(tmp_path: Path) -> None:
    found = dealt(tmp_path, "time", 0.4)
    # the first times are 10 15 20 25 30 39 40 45 50: after 30 come four, after 25 five, after 39 three of nine
    assert rows(found.train) == {
        ("ann", "a", 10), ("ann", "b", 20), ("ann", "c", 30), ("bob", "a", 15), ("bob", "c", 25)
    }  # fmt: skip
    assert found.test.to_numpy().tolist() == [["ann", "d"]]
    assert found.left_out["users_without_history"] == 2
    assert "1970-01-01T00:00:00.030Z" in found.says


def test_each_users_last_share_is_held_back_and_nothing_later_trains(tmp_path: Path) -> None:
    found = dealt(tmp_path, "time-user")
    assert found.test.to_numpy().tolist() == [["ann", "d"], ["bob", "c"], ["cid", "a"]]
    assert ("ann", "a", 35) in rows(found.train)
    assert rows(found.train) == set(EVENTS) - {("ann", "d", 40), ("bob", "c", 25), ("cid", "a", 45)}
    half = dealt(tmp_path / "half", "time-user", 0.5)
    assert half.test.to_numpy().tolist()[:2] == [["ann", "c"], ["ann", "d"]]
    assert ("ann", "a", 35) not in rows(half.train), "an event after the first held-back one would leak the future"
    assert found.left_out == {"users_without_history": 0, "users_without_relevant": 0}


def test_one_is_left_out(tmp_path: Path) -> None:
    found = dealt(tmp_path, "leave-one-out")
    assert found.test.to_numpy().tolist() == [["ann", "d"], ["bob", "c"], ["cid", "a"]]


def test_a_ratio_is_drawn_by_user_and_depends_on_the_seed_only(tmp_path: Path) -> None:
    events = [(f"u{u}", f"i{i}", None) for u in range(20) for i in range(10)]
    frames = stage(tmp_path / "all", events)
    one, same, other = (
        split(frames, tmp_path / f"train{n}", SplitSettings("ratio", 0.3, seed)) for n, seed in enumerate((1, 1, 2))
    )
    assert one.test.equals(same.test)
    assert not one.test.equals(other.test)
    assert one.test.groupby("user_id").size().tolist() == [3] * 20
    shuffled = stage(tmp_path / "shuffled", events[::-1])
    assert split(shuffled, tmp_path / "t", SplitSettings("ratio", 0.3, 1)).test.equals(one.test)


def test_equal_times_are_not_dealt_by_the_order_of_ids_or_rows(tmp_path: Path) -> None:
    frames = stage(tmp_path / "all", [(f"u{u}", f"i{i}", 7) for u in range(200) for i in range(10)])
    found = split(frames, tmp_path / "train", SplitSettings("time-user", 0.1))
    counts = found.test["item_id"].value_counts()
    assert len(counts) == 10, "every item is held back for somebody"
    assert counts.max() < 40


def test_the_part_that_came_with_the_data_is_the_default(tmp_path: Path) -> None:
    test = [("ann", "e", 99), ("ann", "a", 99), ("new", "a", 99)]
    frames = stage(tmp_path / "all", EVENTS, test=test)
    found = split(frames, tmp_path / "train")
    assert found.method == "fixed"
    assert found.test.to_numpy().tolist() == [["ann", "e"]]
    assert found.left_out == {"users_without_history": 1, "users_without_relevant": 0, "pairs_in_training": 1}
    assert not found.train.has("test")
    assert rows(found.train) == set(EVENTS)


@pytest.mark.parametrize(("timed", "method"), [(True, "time-user"), (False, "ratio")])
def test_without_a_fixed_part_times_decide(tmp_path: Path, timed: bool, method: str) -> None:
    frames = stage(tmp_path / "all", [(u, i, at if timed else None) for u, i, at in EVENTS])
    assert split(frames, tmp_path / "train").method == method


@pytest.mark.parametrize(
    ("method", "wanted"),
    [("time", "--split ratio"), ("time-user", "--split ratio"), ("fixed", "--split ratio"), ("other", "leave-one-out")],
)
def test_what_the_data_cannot_give_names_what_they_can(tmp_path: Path, method: str, wanted: str) -> None:
    frames = stage(tmp_path / "all", [("a", "x", None), ("a", "y", None), ("b", "x", None)])
    with pytest.raises(SplitError, match=wanted):
        split(frames, tmp_path / "train", SplitSettings(method))


def test_a_single_moment_or_single_items_cannot_be_split(tmp_path: Path) -> None:
    frames = stage(tmp_path / "all", [("a", "x", 5), ("b", "y", 5)])
    with pytest.raises(SplitError, match="two different times"):
        split(frames, tmp_path / "train", SplitSettings("time"))
    with pytest.raises(SplitError, match="at least two items"):
        split(frames, tmp_path / "train", SplitSettings("leave-one-out"))
    with pytest.raises(SplitError, match="between 0 and 1"):
        split(frames, tmp_path / "train", SplitSettings("ratio", 1.0))


def test_relevance_counts_held_back_pairs_only(tmp_path: Path) -> None:
    ratings = [5.0, 5.0, 5.0, 3.5, 1.0, 5.0, 4.0, 2.0, 5.0, 5.0]
    frames = stage(tmp_path / "all", EVENTS, rating=ratings)
    found = split(frames, tmp_path / "train", SplitSettings("time-user", 0.25, relevant=4.0))
    assert found.test.to_numpy().tolist() == [["bob", "c"], ["cid", "a"]]
    assert found.left_out["users_without_relevant"] == 1
    assert ("cid", "b", 39) in rows(found.train), "what is rated low still trains"
    plain = stage(tmp_path / "plain", EVENTS)
    with pytest.raises(InputError, match="needs ratings"):
        split(plain, tmp_path / "t", SplitSettings("time-user", relevant=4.0))


def test_disliking_is_never_relevant(tmp_path: Path) -> None:
    kinds = ["view"] * 3 + ["skip"] + ["view"] * 6
    found = split(stage(tmp_path / "all", EVENTS, kind=kinds), tmp_path / "train", SplitSettings("time-user", 0.25))
    assert "ann" not in set(found.test["user_id"])
    assert ("ann", "d", 40) not in rows(found.train)


def test_a_pair_keeps_its_first_time_and_its_last_rating(tmp_path: Path) -> None:
    events = [("u", "x", 10), ("u", "x", 30), ("u", "x", 20), ("u", "y", 5)]
    frames = stage(tmp_path / "all", events, rating=[1.0, 2.0, 5.0, None], kind=["view", "rating", "skip", "hide"])
    pairs = read_pairs(frames)
    assert len(pairs) == 2
    assert pairs.first_at.tolist() == [10, 5]
    assert pairs.rating[0] == 2.0
    assert pairs.liking.tolist() == [1.0, -1.0]


def test_the_hash_is_written_down_so_that_it_never_changes() -> None:
    assert hash_ids(["1", "é"]).tolist() == [8518482412311870710, 3394012004367669963]
    users, items = hash_ids(["1", "1", "2"]), hash_ids(["2", "3", "1"])
    assert len(set(hash_pairs(users, items, 0).tolist()) | set(hash_pairs(users, items, 1).tolist())) == 6


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz"), st.integers(0, 6)), min_size=4, max_size=25
    ),
    method=st.sampled_from(["time", "time-user", "ratio", "leave-one-out"]),
    share=st.sampled_from([0.1, 0.5, 0.9]),
)
def test_nothing_held_back_trains_and_users_keep_something(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, str, int]], method: str, share: float
) -> None:
    pairs = read_pairs(stage(tmp_path_factory.mktemp("frames"), events))
    try:
        found = deal(pairs, method, share, 0)
    except SplitError:
        return
    first: dict[tuple[str, str], int] = {}
    for user, item, at in events:
        first[user, item] = min(at, first.get((user, item), at))
    names = list(zip(pairs.user_ids[pairs.user_idx], pairs.item_ids[pairs.item_idx], strict=True))
    assert names == sorted(first)
    for method_user in {user for user, _ in names}:
        mine = [n for n, (user, _) in enumerate(names) if user == method_user]
        test = [first[names[n]] for n in mine if found.test[n]]
        train = [first[names[n]] for n in mine if not found.test[n]]
        if method != "time":
            assert train, "a user keeps something to train with"
        if method != "ratio" and test and train:
            assert max(train) <= min(test), "what is held back comes last"


def test_the_last_n_of_each_user_are_held_back(tmp_path: Path) -> None:
    frames = stage(tmp_path / "all", EVENTS)
    found = split(frames, tmp_path / "train", SplitSettings("last-n", n=2))
    assert found.test.to_numpy().tolist() == [["ann", "c"], ["ann", "d"], ["bob", "c"], ["cid", "a"]]
    assert ("ann", "a", 35) not in rows(found.train), "it came after the first that is held back"


def test_folds_hold_back_every_pair_once(tmp_path: Path) -> None:
    frames = stage(tmp_path / "all", [(f"u{u}", f"i{i}", None) for u in range(30) for i in range(u % 7 + 1)])
    settings = SplitSettings("folds", folds=3, seed=2)
    parts = [
        deal(read_pairs(frames), "folds", seed=2, folds=3, fold=each.fold or 0).test for each in settings.each_fold()
    ]
    assert sum(part.astype(int) for part in parts).tolist() == [1] * len(parts[0])
    assert max(part.sum() for part in parts) - min(part.sum() for part in parts) <= 12
    found = split(frames, tmp_path / "train", replace(settings, fold=1))
    assert found.says == "held back: part 2 of 3 of each user's items, dealt at random"
    whole = [split(frames, tmp_path / f"part{n}", each) for n, each in enumerate(settings.each_fold())]
    assert sum(one.left_out["users_without_history"] for one in whole) == 5, "who has one item is known by no other"


def test_new_users_are_told_apart_and_nothing_of_them_trains(tmp_path: Path) -> None:
    events = [(f"u{u}", f"i{i}", 10 * u + i) for u in range(20) for i in range(5)]
    with FramesWriter(tmp_path / "all", "toy", "test") as writer:
        writer.add("interactions", table(events))
        writer.add("users", pa.table({"user_id": [f"u{u}" for u in range(20)]}))
        writer.add("follows", pa.table({"user_id": ["u0"] * 19, "followee_id": [f"u{u}" for u in range(1, 20)]}))
        names = [f"u{u}" for u in range(20)]
        tagged = {"user_id": names, "item_id": ["i9"] * 20, "tag": ["x"] * 20, "at": [3] * 20}
        writer.add("taggings", pa.table(tagged))
        frames = writer.finish()
    found = split(frames, tmp_path / "train", SplitSettings("new-users", 0.2, seed=3))
    new = set(found.test["user_id"])
    assert len(new) == 4
    for user in new:
        mine = found.given[found.given["user_id"] == user]["item_id"].tolist()
        assert mine == ["i0", "i1", "i2", "i3"], "what came first is told, what came last is guessed"
        assert found.test[found.test["user_id"] == user]["item_id"].tolist() == ["i4"]
    for name in ("interactions", "users", "taggings"):
        known = set(found.train.table(name)["user_id"].to_pylist())
        assert known == set(names) - new, name
        assert found.train.counts[name] == len(found.train.table(name))
    follows = found.train.table("follows")
    assert not new & {*follows["user_id"].to_pylist(), *follows["followee_id"].to_pylist()}


def test_new_items_keep_what_they_are_and_lose_what_was_done(tmp_path: Path) -> None:
    events = [(f"u{u}", f"i{i}", None) for u in range(10) for i in range(10)]
    with FramesWriter(tmp_path / "all", "toy", "test") as writer:
        writer.add("interactions", table(events))
        writer.add("item_tags", pa.table({"item_id": [f"i{i}" for i in range(10)], "tag": ["x"] * 10}))
        frames = writer.finish()
    found = split(frames, tmp_path / "train", SplitSettings("new-items", 0.3, seed=1))
    new = set(found.test["item_id"])
    assert len(new) == 3
    assert len(found.test) == 30
    assert not new & {item for _, item, _ in rows(found.train)}
    assert found.train.counts["item_tags"] == 10
    assert new < set(Snapshot.from_frames(found.train).item_ids)


def test_tags_given_after_the_cut_do_not_train(tmp_path: Path) -> None:
    with FramesWriter(tmp_path / "all", "toy", "test") as writer:
        writer.add("interactions", table(EVENTS))
        tagged = [("ann", "z", 5), ("ann", "z", 45), ("bob", "z", 24), ("bob", "z", 26), ("nobody", "a", 90)]
        rows_of = [{"user_id": u, "item_id": i, "tag": f"t{n}", "at": at} for n, (u, i, at) in enumerate(tagged)]
        writer.add("taggings", pa.Table.from_pylist(rows_of))
        frames = writer.finish()
    by_user = split(frames, tmp_path / "user", SplitSettings("time-user", 0.25))
    assert sorted(by_user.train.table("taggings")["tag"].to_pylist()) == ["t0", "t2", "t4"]
    at_once = split(frames, tmp_path / "once", SplitSettings("time", 0.4))
    assert sorted(at_once.train.table("taggings")["tag"].to_pylist()) == ["t0", "t2", "t3"]


@pytest.mark.parametrize("method", ["time", "time-user", "last-n", "ratio", "folds", "new-users", "new-items"])
def test_what_models_are_chosen_by_lies_within_training(tmp_path: Path, method: str) -> None:
    events = [(f"u{u}", f"i{(u + 3 * i) % 20}", 100 * i + u) for u in range(20) for i in range(8)]
    frames = stage(tmp_path / "all", events)
    settings = SplitSettings(method, 0.25, seed=4, n=2)
    outer = split(frames, tmp_path / "outer", settings)
    dealt, held = validation(frames, tmp_path / "inner", settings)
    training = {(user, item) for user, item, _ in rows(outer.train)}
    tried = {(user, item) for user, item, _ in rows(dealt.train)}
    judged = {(user, item) for user, item in dealt.test.to_numpy().tolist()}
    assert judged
    assert judged <= training, "what settings are judged by is a part of what trains"
    assert tried < training
    assert not judged & tried
    assert not {(user, item) for user, item in outer.test.to_numpy().tolist()} & (tried | judged)
    assert held.snapshot.n_users <= 20


def test_a_wrong_fold_or_number_is_told(tmp_path: Path) -> None:
    pairs = read_pairs(stage(tmp_path / "all", EVENTS))
    with pytest.raises(SplitError, match="from 0 to below folds"):
        deal(pairs, "folds", folds=3, fold=3)
    with pytest.raises(SplitError, match="at least one item"):
        deal(pairs, "last-n", n=0)
    with pytest.raises(SplitError, match="users to train on"):
        deal(read_pairs(stage(tmp_path / "one", EVENTS[:4])), "new-users")
