"""Answers from memory: filters before the cut, filled up, repeatable, and taking in what was done a moment ago."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelf import DEPTH, LIKES, N_ITEMS, made_state

from graphrec.errors import InputError, UnknownIdError
from graphrec.recommend.base import Profile
from graphrec.serving.ranking import Answer, popular, rank, similar
from graphrec.serving.why import sentences, why
from graphrec.serving.wish import Rule, Wish, holds

STATE = made_state()

CONDITIONS = ("tag=comedy", "tag!=drama", "year>=1994", "year<1999", "country=fr", "country!=us", "length=100")
WISHES = st.builds(
    Wish,
    k=st.integers(1, 15),
    offset=st.integers(0, 8),
    every=st.lists(st.sampled_from(CONDITIONS), max_size=2).map(tuple),
    some=st.lists(st.sampled_from(CONDITIONS), max_size=2).map(tuple),
    never=st.lists(st.sampled_from(CONDITIONS), max_size=1).map(tuple),
    exclude=st.lists(st.sampled_from(["i2", "i7", "unknown"]), max_size=2).map(tuple),
    include=st.sampled_from([(), ("i1", "i2", "i3", "i8", "i9")]),
    rules=st.sampled_from([(), (Rule("tag=horror", 1.0),), (Rule("year>=1995", -0.5),)]),
    seen=st.booleans(),
    diversity=st.sampled_from([0.0, 0.5, 1.0]),
    calibration=st.sampled_from([0.0, 0.5]),
    rare=st.sampled_from([0.0, 0.5]),
    new=st.sampled_from([0.0, 0.4]),
    explore=st.sampled_from([0.0, 0.3, 1.0]),
    seed=st.integers(0, 2**63 - 1),
)
PROFILES = st.sampled_from(
    [*(Profile(f"u{n}") for n in range(4)), Profile("nobody"), Profile(None, {"i0": 1.0, "i5": -1.0}), Profile()]
)


def allowed_by_hand(wish: Wish, seen: set[int]) -> set[int]:
    """Which items may come, worked out one by one."""

    def is_true(condition: str, n: int) -> bool:
        facts: dict[str, Any] = {
            "year": 1990 + n,
            "length": 100 if n < 6 else None,
            "country": ["fr", None, "us"][n % 3],
        }
        genre = ["comedy", "drama", "horror"][n % 3]
        return {
            "tag=comedy": genre == "comedy",
            "tag!=drama": genre != "drama",
            "year>=1994": facts["year"] >= 1994,
            "year<1999": facts["year"] < 1999,
            "country=fr": facts["country"] == "fr",
            "country!=us": facts["country"] not in ("us", None),
            "length=100": facts["length"] == 100,
        }[condition]

    found = set()
    for n in range(N_ITEMS):
        fits = all(is_true(c, n) for c in wish.every) and not any(is_true(c, n) for c in wish.never)
        fits = fits and (not wish.some or any(is_true(c, n) for c in wish.some))
        fits = fits and (not wish.include or f"i{n}" in wish.include) and f"i{n}" not in wish.exclude
        if fits and (wish.seen or n not in seen):
            found.add(n)
    return found


@given(PROFILES, WISHES)
def test_a_list_holds_what_may_come_and_is_full_wherever_it_can_be(profile: Profile, wish: Wish) -> None:
    user = STATE.users.places.get(profile.user_id or "", -1)
    own = {int(item_id[1:]) for item_id in profile.items}
    may = allowed_by_hand(wish, set(LIKES.get(user, [])) | own)
    answer = rank(STATE, profile, wish)
    items = answer.items.tolist()
    assert set(items) <= may
    assert len(items) == len(set(items)) == min(wish.k, max(0, len(may) - wish.offset))
    assert (
        len(answer.scores) == len(answer.because) == len(answer.chances) == len(sentences(STATE, answer)) == len(items)
    )
    assert ((answer.chances > 0) & (answer.chances <= 1)).all()
    again = rank(STATE, profile, wish)
    assert again.items.tolist() == items
    assert again.scores.tolist() == answer.scores.tolist()


@given(PROFILES, WISHES)
def test_pages_go_on_where_the_one_before_ended(profile: Profile, wish: Wish) -> None:
    """But for what depends on how long the whole list is."""
    plain = replace(wish, diversity=0.0, calibration=0.0, rare=0.0, new=0.0, explore=0.0, offset=0)
    whole = rank(STATE, profile, replace(plain, k=N_ITEMS)).items.tolist()
    paged: list[int] = []
    for offset in range(0, N_ITEMS + 1, plain.k):
        paged += rank(STATE, profile, replace(plain, offset=offset)).items.tolist()
    assert paged == whole


@given(PROFILES, WISHES)
def test_scores_fall_where_nothing_puts_them_in_another_order(profile: Profile, wish: Wish) -> None:
    plain = replace(wish, diversity=0.0, calibration=0.0, rare=0.0, new=0.0, explore=0.0)
    assert (np.diff(rank(STATE, profile, plain).scores) <= 1e-9).all()


def test_a_user_with_a_list_gets_it() -> None:
    answer = rank(STATE, Profile("u0"), Wish(k=3, offset=1))
    assert answer.items.tolist() == STATE.lists.items[0, 1:4].tolist()
    assert answer.strategy == "blend"
    assert answer.fallbacks == ()


def test_each_is_answered_by_what_is_known() -> None:
    strategies = {
        "u0": rank(STATE, Profile("u0"), Wish(k=2)),
        "u3": rank(STATE, Profile("u3"), Wish(k=2)),
        "visitor": rank(STATE, Profile(None, {"i0": 1.0}), Wish(k=2)),
        "nobody": rank(STATE, Profile("nobody"), Wish(k=2)),
    }
    found = {name: answer.strategy for name, answer in strategies.items()}
    assert found == {"u0": "blend", "u3": "popular", "visitor": "fold_in", "nobody": "popular"}
    long = rank(STATE, Profile("u0"), Wish(k=N_ITEMS))
    assert long.fallbacks[-1] == "popular"
    assert len(long.items) == N_ITEMS - 2


def test_what_was_done_a_moment_ago_counts() -> None:
    state = made_state()
    before = rank(state, Profile("u0"), Wish(k=DEPTH))
    state.apply({"user_id": "u0", "item_id": "i6", "kind": "purchase"})
    after = rank(state, Profile("u0"), Wish(k=DEPTH))
    assert 6 in before.items
    assert 6 not in after.items
    raised = dict(zip(after.items.tolist(), after.scores.tolist(), strict=True))
    known = dict(zip(before.items.tolist(), before.scores.tolist(), strict=True))
    assert raised[7] > known[7]
    assert sentences(state, after)[after.items.tolist().index(7)] == "because you liked Film 6"
    assert 6 in state.tastes.items_of(0)[0]


def test_a_dislike_hides_and_adds_nothing() -> None:
    state = made_state()
    before = rank(state, Profile("u0"), Wish(k=DEPTH))
    state.apply({"user_id": "u0", "item_id": "i2", "kind": "dislike"})
    after = rank(state, Profile("u0"), Wish(k=DEPTH - 1))
    assert after.items.tolist() == before.items[before.items != 2].tolist()
    assert 2 not in state.tastes.items_of(0)[0]


def test_events_twice_or_in_another_order_leave_the_same() -> None:
    events = [
        {"user_id": "u1", "item_id": "i0", "kind": "view"},
        {"user_id": "u1", "item_id": "i0", "kind": "purchase"},
        {"user_id": "u1", "item_id": "i3", "kind": "skip"},
        {"user_id": "new", "item_id": "brand new", "kind": "click"},
    ]
    states = [made_state(), made_state()]
    for event in events + events:
        states[0].apply(event)
    for event in reversed(events):
        states[1].apply(event)
    found = [{user: (c.liked, c.seen) for user, c in state.tastes.changes.items()} for state in states]
    assert found[0] == found[1]
    assert found[0][1][0] == {0: 1.0}


def test_an_item_that_came_a_moment_ago_fills_a_list() -> None:
    state = made_state()
    state.apply({"user_id": "new", "item_id": "brand new", "kind": "click"})
    answer = rank(state, Profile("u3"), Wish(k=50))
    assert len(answer.items) == N_ITEMS + 1
    assert sentences(state, answer)[-1] == "little known yet"
    assert state.catalogue.title(answer.items[-1]) == "'brand new'"


def test_similar_and_popular_items() -> None:
    found = similar(STATE, "i0", Wish(k=3))
    assert found.items.tolist()[:2] == [1, 2]
    assert found.strategy == "similar"
    assert found.fallbacks == ("tags",)
    assert sentences(STATE, found) == [
        *["it goes well with 'i0'"] * 2,
        "of the same kind: comedy",
    ]
    assert similar(STATE, "i0", Wish(k=N_ITEMS)).fallbacks == ("tags", "popular")
    assert popular(STATE, Wish(k=1)).items.tolist() == [0]
    assert popular(STATE, Wish(k=2, every=("tag=drama",))).items.tolist() == [1, 4]
    with pytest.raises(UnknownIdError, match="no item 'x'"):
        similar(STATE, "x", Wish())


def test_boosts_and_burials() -> None:
    up = rank(STATE, Profile("u0"), Wish(k=2, rules=(Rule("tag=horror", 10.0),)))
    assert {n % 3 for n in up.items.tolist()} == {2}
    down = rank(STATE, Profile("u0"), Wish(k=4, rules=(Rule("tag=horror", -10.0),)))
    assert 2 not in {n % 3 for n in down.items.tolist()}


def genres(answer: Answer) -> list[int]:
    return [n % 3 for n in answer.items.tolist()]


def test_diversity_mixes_and_calibration_follows_the_user() -> None:
    state = made_state()
    for item in ("i2", "i6"):
        state.apply({"user_id": "u3", "item_id": item, "kind": "like"})
    apart = rank(state, Profile("u0"), Wish(k=3, diversity=0.9, rules=(Rule("tag=horror", 10.0),)))
    together = rank(state, Profile("u0"), Wish(k=2, rules=(Rule("tag=horror", 10.0),)))
    assert len(set(genres(apart))) == 3
    assert genres(together) == [2, 2]
    assert sorted(genres(rank(state, Profile("u3"), Wish(k=2, calibration=1.0)))) == [0, 2]


def test_a_share_of_rare_items_comes() -> None:
    state = made_state()
    is_rare = state.catalogue.is_rare
    few = rank(state, Profile("nobody"), Wish(k=4))
    many = rank(state, Profile("nobody"), Wish(k=4, rare=0.75))
    assert is_rare(many.items).sum() >= 3 > is_rare(few.items).sum()


def test_chance_is_seeded_and_told() -> None:
    found = [rank(STATE, Profile("u0"), Wish(k=4, explore=0.5, seed=n)) for n in range(400)]
    best = rank(STATE, Profile("u0"), Wish(k=4)).items[0]
    first = np.mean([answer.items[0] == best for answer in found])
    told = {answer.chances[0] for answer in found if answer.items[0] == best}
    assert len(told) == 1
    assert abs(first - told.pop()) < 0.1


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("colour=red", "no property 'colour'"),
        ("year>=old", "expected a number"),
        ("country>fr", "which = and != compare"),
        ("tag>comedy", "expected tag=NAME"),
        ("nonsense", "expected a condition like"),
        ("year' RETURN 1 //", "expected a condition like"),
        ("", "expected a condition like"),
    ],
)
def test_a_condition_that_makes_no_sense_is_explained(condition: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        holds(condition, STATE.catalogue)


def test_parts_add_up_to_the_score() -> None:
    found = why(STATE, "u2", "i2")
    liked, weights = STATE.tastes.items_of(2)
    score = STATE.blended.scores(2, liked, weights)
    assert found.score == pytest.approx(score.scores[score.items.tolist().index(2)])
    assert set(found.parts) == {"graph", "vectors", "popularity"}
    assert found.reasons[0].path[0] == ("user", "user u2")
    with pytest.raises(UnknownIdError):
        why(STATE, "nobody", "i2")


def test_a_trained_vector_follows_new_likes_by_their_share() -> None:
    """u0 was trained on two likes; a third draws its vector a third of the way, and every listed score with it."""
    state = made_state()
    blended, before = state.blended, made_state().blended.embeddings.user_vectors[0].astype(np.float64)
    state.apply({"user_id": "u0", "item_id": "i9", "kind": "like"})
    liked, new = state.tastes.items_of(0), state.tastes.new_of(0)
    assert new == {9: 1.0}
    mixed = 2 / 3 * before + 1 / 3 * blended.embeddings.item_vectors[9].astype(np.float64)
    wanted = mixed / np.linalg.norm(mixed)
    np.testing.assert_allclose(blended.vector(0, *liked, new), wanted, rtol=1e-5)
    np.testing.assert_allclose(blended.vector(0, *liked), before, rtol=1e-6)
    listed = state.listed(0)
    moved = blended.drawn_on(listed, 0, liked, new).scores - listed.scores
    gains = 0.5 / 0.5 * blended.embeddings.item_vectors[listed.items] @ (wanted - before)
    np.testing.assert_allclose(moved, gains, atol=1e-6)
    cosine = float(blended.embeddings.item_vectors[5] @ wanted)
    assert why(state, "u0", "i5").parts["vectors"] == pytest.approx(cosine, abs=1e-6)
