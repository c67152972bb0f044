"""Everybody is answered by what is known of them, the answer says by what, and new items have their share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from shelf import N_ITEMS, N_USERS, made_state

from graphrec.recommend.base import Profile
from graphrec.serving.arrivals import Arrivals
from graphrec.serving.foldin import Blended
from graphrec.serving.lists import Lists
from graphrec.serving.pipeline import Pipeline
from graphrec.serving.ranking import Answer, rank, similar
from graphrec.serving.rerank import least_marked, with_share
from graphrec.serving.state import State
from graphrec.serving.tagged import Tagged
from graphrec.serving.trends import DAY_MS, Trends
from graphrec.serving.why import sentences
from graphrec.serving.wish import Wish

NEW = np.arange(N_ITEMS) >= 9
WHOLE = Wish(k=N_ITEMS)


def trained_on_nothing() -> State:
    """The same shop before the first training."""
    state = made_state()
    state.blended, state.lists = Blended.none(), Lists.none()
    return state


def declared(**stages: dict[str, object]) -> Pipeline:
    return Pipeline.of(stages, Path("mine.toml"))


def by_source(state: State, answer: Answer) -> dict[str, list[tuple[int, str]]]:
    """Items and reasons by the source that the answer names."""
    found: dict[str, list[tuple[int, str]]] = {}
    for name, item, reason in zip(answer.found_by, answer.items.tolist(), sentences(state, answer), strict=True):
        found.setdefault(name, []).append((item, reason))
    assert (answer.strategy, *answer.fallbacks) == tuple(found)
    return found


def test_one_who_said_what_to_like_gets_that_and_dislikes_come_last() -> None:
    state = made_state()
    state.stated = {3: {"comedy": 1.0, "horror": -0.5, "no such tag": 1.0}}
    answer = rank(state, Profile("u3"), WHOLE)
    found = by_source(state, answer)
    assert answer.strategy == "stated"
    assert [item for item, _ in found["stated"]] == [0, 3, 6, 9]
    assert {reason for _, reason in found["stated"]} == {"you like comedy"}
    assert [item % 3 for item in answer.items.tolist()] == [0] * 4 + [1] * 4 + [2] * 4
    assert len(answer.items) == N_ITEMS
    state.stated = {3: {"horror": -0.5}}
    assert rank(state, Profile("u3"), WHOLE).strategy == "popular"
    assert {item % 3 for item in rank(state, Profile("u3"), Wish(k=8)).items.tolist()} == {0, 1}


def test_who_has_a_list_is_known_by_what_was_done_and_not_by_what_was_said() -> None:
    state = made_state()
    before = rank(state, Profile("u0"), Wish(k=4)).items.tolist()
    state.stated = {0: {"horror": -1.0}}
    assert rank(state, Profile("u0"), Wish(k=4)).items.tolist() == before
    assert rank(state, Profile("u0"), Wish(k=4, exclude=("i11",))).items.tolist() == before


def test_items_that_nobody_likes_are_found_by_their_tags() -> None:
    state = trained_on_nothing()
    answer = rank(state, Profile("u0"), Wish(k=8))
    found = by_source(state, answer)
    assert answer.strategy == "tags"
    assert {item for item, _ in found["tags"]} == {3, 4, 6, 7, 9, 10}
    assert {reason for _, reason in found["tags"]} == {"of the same kind: comedy", "of the same kind: drama"}
    assert state.catalogue.liking(9) == 0
    alike = similar(state, "i9", Wish(k=3))
    assert alike.strategy == "tags"
    assert {item % 3 for item in alike.items.tolist()} == {0}


def test_who_follows_people_gets_what_they_like() -> None:
    state = made_state()
    state.followed = {3: [0, 2, 3]}
    answer = rank(state, Profile("u3"), Wish(k=4))
    found = by_source(state, answer)
    assert found["follows"] == [(item, "you may like it") for item in (0, 1, 6)], "whom two follow isn't told"
    state.least_people = 2
    told = by_source(state, answer)["follows"]
    assert told == [(0, "2 people you follow liked it"), *((item, "you may like it") for item in (1, 6))]
    assert answer.fallbacks == ("popular",)


def test_all_others_get_what_trends_and_then_what_is_popular() -> None:
    state = made_state()
    liked = state.tastes.liked
    days = {0: 100, 3: 1, 4: 0, 6: 0}
    at = np.array([10**12 - days.get(item, 90) * DAY_MS for item in liked.indices.tolist()])
    state.trends = Trends(liked, at, 7 * DAY_MS)
    state.apply({"user_id": "u1", "item_id": "i6", "kind": "like", "at": 10**12})
    for profile in (Profile("nobody"), Profile(), Profile("u3")):
        answer = rank(state, profile, Wish(k=4))
        assert (answer.strategy, answer.fallbacks) == ("trending", ("popular",))
        assert answer.items.tolist()[:2] == [6, 4]
        assert sentences(state, answer) == [*["taken up lately"] * 2, *["little known yet"] * 2]
        known = replace(state, least_people=1)
        assert sentences(known, answer) == [*["much liked these days"] * 2, "2 people liked it", "1 person liked it"]


def test_a_visitor_without_a_trained_version_is_known_by_tags() -> None:
    answer = rank(trained_on_nothing(), Profile(None, {"i2": 1.0, "i0": -1.0}), Wish(k=3))
    assert answer.strategy == "tags"
    assert {item % 3 for item in answer.items.tolist()} == {2}
    assert rank(made_state(), Profile(None, {"i2": 1.0}), Wish(k=3)).strategy == "fold_in"


def test_the_pipeline_orders_the_sources() -> None:
    state = made_state()
    state.stated, state.followed = {3: {"comedy": 1.0}}, {3: [1]}
    assert rank(state, Profile("u3"), WHOLE).strategy == "stated"
    again = replace(state, pipeline=declared(candidates={"new": ["follows", "stated"], "known": ["fold_in"]}))
    answer = rank(again, Profile("u3"), WHOLE)
    assert (answer.strategy, answer.fallbacks[0]) == ("follows", "stated")
    assert rank(again, Profile("u0"), Wish(k=2)).strategy == "fold_in"
    alone = replace(state, pipeline=declared(candidates={"known": [], "few": ["similar"], "anyone": ["trending"]}))
    found = rank(alone, Profile("u0"), WHOLE)
    assert (found.strategy, found.fallbacks) == ("similar", ("tags",))
    assert sentences(alone, found)[0].startswith("it goes well with")
    assert len(rank(alone, Profile("nobody"), WHOLE).items) == 0


def stocked_with_new() -> State:
    state = made_state()
    state.arrivals = Arrivals(NEW)
    return state


@given(
    st.sampled_from([Profile("u0"), Profile("u1"), Profile("u3"), Profile("nobody"), Profile(None, {"i0": 1.0})]),
    st.builds(
        Wish,
        k=st.integers(1, 8),
        new=st.sampled_from([0.0, 0.1, 0.3, 1.0]),
        rare=st.sampled_from([0.0, 0.25, 0.6]),
        diversity=st.sampled_from([0.0, 0.7]),
        calibration=st.sampled_from([0.0, 0.7]),
        every=st.sampled_from([(), ("year>=1992",), ("tag=comedy",)]),
    ),
)
def test_new_and_rare_items_have_their_shares_wherever_there_are_as_many(profile: Profile, wish: Wish) -> None:
    state = stocked_with_new()
    items = rank(state, profile, wish).items
    all_of_them = rank(state, profile, replace(wish, k=N_ITEMS, new=0.0, rare=0.0)).items
    n = len(items)
    for share, marked in ((wish.new, state.arrivals.is_new), (wish.rare, state.catalogue.is_rare)):
        if least_marked(n, wish.new) + least_marked(n, wish.rare) <= n or share == wish.new:
            assert marked(items).sum() >= min(least_marked(n, share), int(marked(all_of_them).sum()))


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=20),
    st.integers(1, 10),
    st.sampled_from([0.1, 0.3, 0.5]),
    st.sampled_from([0.1, 0.3, 0.5]),
)
def test_one_share_leaves_the_other_what_it_needs(
    marks: list[tuple[bool, bool]], n: int, one: float, other: float
) -> None:
    new, rare = np.array(marks).T
    order, n = np.arange(len(marks)), min(n, len(marks))
    first = with_share(order, new, n, one)
    order = np.concatenate([first, np.setdiff1d(order, first)])
    kept = new & np.isin(np.arange(len(marks)), first)
    both = with_share(order, rare, n, other, kept)
    assert len(set(both.tolist())) == n
    if least_marked(n, one) + least_marked(n, other) <= n:
        assert new[both].sum() >= min(least_marked(n, one), new.sum())
        assert rare[both].sum() >= min(least_marked(n, other), rare.sum())


def test_without_a_share_a_list_keeps_to_itself_and_new_items_come_from_the_sources_below() -> None:
    state = stocked_with_new()
    plain = rank(state, Profile("u0"), Wish(k=4))
    assert not NEW[plain.items].any()
    mixed = rank(state, Profile("u0"), Wish(k=4, new=0.5))
    assert NEW[mixed.items].sum() == 2
    assert mixed.items[~NEW[mixed.items]].tolist() == plain.items[:2].tolist()
    found = by_source(state, mixed)
    assert found["tags"] == [(9, "of the same kind: comedy"), (10, "of the same kind: drama")]


def test_an_item_that_came_a_moment_ago_is_new() -> None:
    state = stocked_with_new()
    state.apply({"user_id": "somebody", "item_id": "fresh", "kind": "view"})
    assert state.arrivals.is_new(np.array([0, 9, N_ITEMS])).tolist() == [False, True, True]


@pytest.mark.parametrize("rows", [0, N_USERS])
def test_no_tags_and_no_likes_break_nothing(rows: int) -> None:
    state = trained_on_nothing()
    state.catalogue.tagged = Tagged(sparse.csr_array((N_ITEMS, 0)), ())
    state.tastes.liked = state.tastes.liked[:rows]
    state.stated = {0: {"comedy": 1.0}}
    assert len(rank(state, Profile("u0"), Wish(k=5)).items) == 5
