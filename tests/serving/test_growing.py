"""Items and users that come, change and go while a state lives: at once in every list, and nothing of them is left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import sparse
from shelf import DEPTH, LIKES, N_ITEMS, made_state

from graphrec.errors import UnknownIdError
from graphrec.journal import CHANGE, EVENT, Entry
from graphrec.recommend.base import Profile
from graphrec.serving.ids import Ids
from graphrec.serving.ranking import popular, rank, similar
from graphrec.serving.state import State
from graphrec.serving.tagged import MOST_CHANGED, Tagged
from graphrec.serving.why import sentences, why
from graphrec.serving.wish import Wish, holds


def names(state: State, items: Any) -> list[str]:
    return [state.catalogue.ids.names[item] for item in items.tolist()]


def listed(state: State, user: str | None = "u0", **wish: Any) -> list[str]:
    return names(state, rank(state, Profile(user), Wish(**{"k": 20, **wish})).items)


def put_item(state: State, item_id: str, **said: Any) -> None:
    state.change({"what": "put_item", "item_id": item_id, **said})


def test_a_new_item_has_what_is_said_of_it_and_a_changed_one_nothing_else() -> None:
    state = made_state()
    put_item(state, "new", title="New", properties={"year": 2030, "colour": "red", "good": True}, tags={"comedy": 2.0})
    assert listed(state, every=("tag=comedy", "year>2020")) == ["new"]
    assert listed(state, every=("colour=red",)) == listed(state, every=("good=1",)) == ["new"]
    put_item(state, "new", properties={"year": 1900, "colour": None}, tags={"drama": 1.0, "space": 0.5})
    assert state.catalogue.title(state.catalogue.ids.places["new"]) == "New"
    assert listed(state, every=("tag=space",)) == listed(state, every=("year=1900", "good=1")) == ["new"]
    assert "new" not in listed(state, every=("tag=comedy",)) + listed(state, every=("colour=red",))
    assert state.catalogue.tags_of(state.catalogue.ids.places["new"]) == ["drama", "space"]
    put_item(state, "i2", tags={})
    assert "i2" not in listed(state, every=("tag=horror",))
    put_item(state, "i2", title=None, properties={"year": "long ago"})
    assert not holds("year>0", state.catalogue)[2]


def test_a_deleted_item_is_in_no_list_and_in_no_reason() -> None:
    state = made_state()
    best = listed(state, k=4)[0]
    page = state.page(0, 0, 4)
    assert page is not None
    state.change({"what": "delete_item", "item_id": best})
    state.change({"what": "delete_item", "item_id": "i0"})
    for wish in (Wish(k=20), Wish(k=20, seen=True), Wish(k=20, diversity=0.5, rare=0.5), Wish(k=3)):
        answer = rank(state, Profile("u0"), wish)
        assert not {best, "i0"} & set(names(state, answer.items))
        assert not any("'i0'" in sentence for sentence in sentences(state, answer))
    assert not {best, "i0"} & set(names(state, popular(state, Wish(k=20)).items))
    assert not {best, "i0"} & set(names(state, similar(state, "i1", Wish(k=20)).items))
    for ask in (lambda: similar(state, best, Wish()), lambda: why(state, "u0", best)):
        with pytest.raises(UnknownIdError, match=f"no item '{best}'"):
            ask()
    assert all("i0" not in str(reason.path) for reason in why(state, "u0", "i3").reasons)


def test_a_page_is_the_list_without_what_is_gone() -> None:
    state = made_state()
    whole = listed(state, k=DEPTH)
    state.change({"what": "delete_item", "item_id": whole[1]})
    left = [item for item in whole if item != whole[1]]
    pages = [state.page(0, offset, 2) for offset in (0, 2)]
    assert [name for page in pages if page for name in names(state, page.items)] == left[:4]
    assert state.page(0, 0, DEPTH) is None, "the list doesn't hold all of it"
    assert listed(state, k=DEPTH)[: DEPTH - 1] == left


def test_who_is_deleted_is_nobody_and_who_comes_again_is_new() -> None:
    state = made_state()
    before = state.catalogue.liking(0)
    state.change({"what": "put_user", "user_id": "u0", "follows": ["u1", "friend"]})
    state.change({"what": "state_tags", "user_id": "u0", "tags": {"comedy": 1.0, "drama": -0.5}})
    place = state.users.places["u0"]
    assert state.stated == {place: {"comedy": 1.0, "drama": -0.5}}
    assert state.followed == {place: [1, state.users.places["friend"]]}
    state.change({"what": "state_tags", "user_id": "u0", "tags": {"comedy": 0.0}})
    assert state.stated == {place: {"drama": -0.5}}
    state.change({"what": "delete_user", "user_id": "u0"})
    assert (state.stated, state.followed) == ({}, {})
    assert state.catalogue.liking(0) == before - 1
    assert rank(state, Profile("u0"), Wish(k=3)).strategy == "popular"
    with pytest.raises(UnknownIdError, match="no user 'u0'"):
        why(state, "u0", "i3")
    state.apply({"user_id": "u0", "item_id": "i6", "kind": "like"})
    assert state.tastes.seen_by(state.users.places["u0"]).tolist() == [6]
    assert set(LIKES[0]) <= {int(item[1:]) for item in listed(state)}, "what the one before had seen may come"
    assert rank(state, Profile("u0"), Wish(k=3)).strategy == "fold_in"


def test_an_event_after_the_deletion_makes_an_item_anew_and_one_before_does_not() -> None:
    state = made_state()
    event = {"user_id": "u1", "item_id": "i9", "kind": "like"}
    entries = [
        Entry(1, event),
        Entry(2, {"what": "delete_item", "item_id": "i9"}, CHANGE),
        Entry(3, {**event, "user_id": "u2"}, EVENT),
    ]
    state.apply_early(1, event)
    for entry in entries[:2]:
        state.take(entry)
    state.apply_early(1, event)
    assert "i9" not in listed(state, "u3", seen=True)
    state.take(entries[2])
    assert "i9" in listed(state, "u3", seen=True)
    anew = state.catalogue.ids.places["i9"]
    assert (anew, state.catalogue.title(anew), state.catalogue.tags_of(anew)) == (N_ITEMS, "'i9'", [])
    assert 9 not in state.tastes.items_of(1)[0], "it was another one"
    assert "i9" not in listed(state, "u3", every=("tag=comedy",))


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abcd")), max_size=30))
def test_ids_keep_their_positions(steps: list[tuple[bool, str]]) -> None:
    ids, there, given_ = Ids(), {}, set()
    for adds, name in steps:
        if adds:
            place = ids.add(name)
            assert there.setdefault(name, place) == place
            assert place not in given_ or name in there
            given_.add(place)
        else:
            assert ids.remove(name) == there.pop(name, None)
        assert ids.places == there
        assert {n for n, is_there in enumerate(ids.is_there(np.arange(len(ids)))) if is_there} == set(there.values())
        assert ids.removed() == {n for n in ids.names if n not in there}


@given(st.lists(st.tuples(st.integers(0, 7), st.dictionaries(st.sampled_from("abcdef"), st.just(0.5))), max_size=20))
@example([(0, {}), (1, {}), (2, {})])
def test_tags_beside_the_matrix_are_those_within_it(steps: list[tuple[int, dict[str, float]]]) -> None:
    tagged = Tagged(sparse.csr_array(np.eye(3)), ["a", "b", "c"])
    by_hand: dict[int, dict[str, float]] = {n: {"abc"[n]: 1.0} for n in range(3)}
    for item, tags in steps:
        tagged.put(item, tags)
        by_hand[item] = tags
    for _ in range(2):
        dense = tagged.dense(np.arange(8))
        for item in range(8):
            assert {tagged.names[tag]: weight for tag, weight in tagged.of(item).items()} == by_hand.get(item, {})
            assert {tagged.names[tag]: dense[item, tag] for tag in np.flatnonzero(dense[item])} == by_hand.get(item, {})
        for name in tagged.names:
            assert tagged.having(name, 8).tolist() == [name in by_hand.get(item, {}) for item in range(8)]
        assert bool(tagged) == any(by_hand.values())
        assert tagged.matrix.shape[1] == len(tagged.names)


def test_many_changes_are_put_into_the_matrix() -> None:
    tagged = Tagged(sparse.csr_array((0, 0)), [])
    for item in range(2 * MOST_CHANGED):
        tagged.put(item, {f"t{item % 3}": 1.0})
    assert len(tagged._held.changed) <= MOST_CHANGED
    assert tagged.having("t1", 3 * MOST_CHANGED).sum() == len(range(1, 2 * MOST_CHANGED, 3))


def test_a_plain_list_is_not_slowed_by_a_look_at_what_is_gone() -> None:
    """While nothing was deleted, a page is a view of the lists as they are."""
    state = made_state()
    page = state.page(0, 0, 3)
    assert page is not None
    assert page.items.base is state.lists.items
    state.change({"what": "delete_item", "item_id": "nothing"})
    again = state.page(0, 0, 3)
    assert again is not None
    assert again.items.base is state.lists.items
    assert replace(Wish(), k=3).is_plain
