"""Opting out in memory: nothing counts that the user did, and opting in brings back exactly what was."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from scipy import sparse
from shelf import N_ITEMS, N_USERS, made_state

from graphrec.journal import CHANGE, EVENT, Entry
from graphrec.recommend.base import Profile
from graphrec.serving.consent import Withheld, hide_all, with_withheld
from graphrec.serving.ranking import popular, rank, similar
from graphrec.serving.state import State
from graphrec.serving.tastes import Tastes, without
from graphrec.serving.trends import DAY_MS, Trends
from graphrec.serving.why import sentences, why
from graphrec.serving.wish import Wish
from graphrec.transfer import NO_TIME

NOW = round(time.time() * 1000) - DAY_MS
OTHERS = ("u0", "u1", "u3")


def said(what: str, user: str = "u2") -> dict[str, Any]:
    return {"what": what, "user_id": user}


def liking(item: str, user: str = "u2", at: int = NOW) -> dict[str, Any]:
    return {"event_id": item, "user_id": user, "item_id": item, "kind": "like", "at": at}


def timed() -> State:
    """The shelf with times: u2 did the latest thing."""
    state = made_state()
    last_at = np.array([NOW - n * DAY_MS for n in range(len(state.tastes.liked.data), 0, -1)], dtype=np.int64)
    state.trends = Trends(state.tastes.liked, last_at, 7.0 * DAY_MS)
    state.followed = {0: [2], 2: [1]}
    return state


def told(state: State) -> list[Any]:
    """All that others are told, that the user is told, and what is counted."""
    answers = [rank(state, Profile(user), Wish(k=8, diversity=0.2)) for user in (*OTHERS, "u2")]
    answers += [popular(state, Wish(k=8)), similar(state, "i1", Wish(k=8)), rank(state, Profile(None), Wish(k=8))]
    lists = [(a.strategy, a.items.tolist(), np.round(a.scores, 9).tolist(), sentences(state, a)) for a in answers]
    trends = [np.round(part, 9).tolist() for part in state.trends.best()]
    questions = state.questions()
    return [*lists, trends, state.catalogue.n_likers.tolist(), questions.items.tolist(), questions.item_bits.tolist()]


def never_had(user: int) -> State:
    """The shelf as it would be, had one user never done anything."""
    state, last_at = timed(), timed().trends._last_at
    liked = without(state.tastes.liked, [user])
    kept = without(sparse.csr_array((last_at, state.tastes.liked.indices, state.tastes.liked.indptr)), [user]).data
    state.tastes = Tastes(liked, liked.astype(bool), state.catalogue.ids)
    state.trends = Trends(liked, kept, 7.0 * DAY_MS)
    state.catalogue.forget_likes(np.array([0, 6]))
    return state


def test_nothing_counts_that_a_user_did_who_has_opted_out() -> None:
    state, wanted = timed(), told(never_had(2))
    before = told(state)
    state.change(said("opt_out"))
    found = told(state)
    assert found[:3] == wanted[:3] != before[:3]
    assert found[4:] == wanted[4:] != before[4:]


def test_who_has_opted_out_gets_what_nobody_knows_gets() -> None:
    state = timed()
    assert rank(state, Profile("u2"), Wish(k=3)).strategy == "blend"
    state.change(said("opt_out"))
    for wish in (Wish(k=3), Wish(k=3, seen=True), Wish(k=3, new=0.5, explore=0.2)):
        mine, nobodys = (rank(state, Profile(user), wish) for user in ("u2", "no one"))
        assert mine.strategy == nobodys.strategy == "trending"
        assert mine.items.tolist() == nobodys.items.tolist()
        assert sentences(state, mine) == sentences(state, nobodys)
    assert why(state, "u2", "i0").parts == {}


def test_opting_in_brings_back_what_was_and_what_was_done_meanwhile() -> None:
    state, other = timed(), timed()
    before = told(state)
    state.change(said("opt_out"))
    state.change(said("opt_in"))
    assert told(state) == before
    state.change(said("opt_out"))
    state.change(said("opt_out"))
    hidden = told(state)
    for one in (state, other):
        one.apply(liking("i9"))
        one.apply(liking("i10"))
        one.change({"what": "put_user", "user_id": "u2", "follows": ["u0"]})
        one.change({"what": "state_tags", "user_id": "u2", "tags": {"drama": 1.0}})
        if one is state:
            assert [row[:3] for row in told(state)[:3]] == [row[:3] for row in hidden[:3]]
            assert told(state)[7] == hidden[7], "trends"
    assert told(state)[8] == hidden[8]
    state.change(said("opt_in"))
    assert told(state) == told(other)
    assert state.followed == other.followed
    assert state.stated == other.stated


def test_opting_out_twice_and_in_without_having_opted_out_changes_nothing() -> None:
    state = timed()
    before = told(state)
    state.change(said("opt_in"))
    state.change(said("opt_in", "who"))
    assert told(state) == before
    state.change(said("opt_out", "who"))
    state.apply(liking("i3", "who"))
    assert told(state)[:4] == before[:4], "somebody unknown may opt out before the first event"
    assert "who" not in state.users.places


def test_who_is_deleted_has_not_opted_out_any_more() -> None:
    state = timed()
    state.change(said("opt_out"))
    n_likers = state.catalogue.n_likers.tolist()
    state.change(said("delete_user"))
    assert state.catalogue.n_likers.tolist() == n_likers, "who isn't counted isn't taken off again"
    state.apply(liking("i4"))
    assert "u2" in state.users.places
    assert state.tastes.items_of(state.users.places["u2"])[0].tolist() == [4]


def test_contexts_and_the_order_of_the_journal() -> None:
    state = timed()
    event = {**liking("i5"), "device": "tv"}
    state.take(Entry(1, said("opt_out"), CHANGE))
    state.take(Entry(2, event, EVENT))
    assert state.tallies.keys.totals == {}
    assert state.consented == 1
    state.apply_early(3, liking("i7"))
    state.take(Entry(3, liking("i7"), EVENT))
    state.take(Entry(4, said("opt_in"), CHANGE))
    state.take(Entry(5, {**event, "event_id": "x"}, EVENT))
    assert state.tallies.keys.totals["device"] == 1
    assert {5, 7} <= set(state.tastes.items_of(2)[0].tolist())


def test_a_state_that_was_read_knows_what_is_withheld() -> None:
    """Read while u2 had opted out, it is as one in which u2 opts out now; and as before after opting in."""
    whole, read = timed(), timed()
    hidden = never_had(2)
    liked, last_at = hidden.tastes.liked, hidden.trends._last_at
    times = sparse.csr_array((last_at, liked.indices, liked.indptr), shape=liked.shape)
    row = slice(*whole.tastes.liked.indptr[2:4])
    mine = Withheld("u2", ["i0", "i6"], ["like", "like"], whole.trends._last_at[row].tolist(), ["u1"], ["u0"])
    parts = with_withheld((liked, times, liked.astype(bool)), ([], [mine]), read.users, read.catalogue.ids)
    read.tastes = Tastes(parts[0], parts[2], read.catalogue.ids)
    read.trends = Trends(parts[0], parts[1].data, 7.0 * DAY_MS)
    read.followed = {}
    hide_all(read, [mine])
    before = told(whole)
    whole.change(said("opt_out"))
    assert told(read) == told(whole)
    read.change(said("opt_in"))
    assert told(read) == before
    assert read.followed == {0: [2], 2: [1]}


def test_of_several_readings_each_pair_counts_once_with_the_largest() -> None:
    state = made_state()
    nothing = sparse.csr_array(np.zeros((N_USERS, N_ITEMS)))
    twice = Withheld("u3", ["i1", "i1", "i2", "gone"], ["view", "like", "skip", "like"], [5, NO_TIME, 7, 1], [], [])
    stranger = Withheld("nobody", ["i1"], ["like"], [1], [], [])
    parts = with_withheld((nothing,) * 3, ([twice, stranger], [twice]), state.users, state.catalogue.ids)
    assert [part.nnz for part in parts] == [1, 1, 2]
    assert (parts[0][3, 1], parts[1][3, 1]) == (1.0, 5)
    assert parts[2][[3], :].nonzero()[1].tolist() == [1, 2]


def test_what_is_old_beside_the_newest_trends_again_once_the_newest_is_hidden() -> None:
    """Times decades apart: beside the newest, all else counts as nothing, so hiding it counts anew."""
    state, long_ago = made_state(), 1_000
    last_at = np.full(len(state.tastes.liked.data), long_ago, dtype=np.int64)
    state.trends = Trends(state.tastes.liked, last_at, 7.0 * DAY_MS)
    state.apply(liking("i5", "u3", long_ago))
    before = told(state)
    state.apply(liking("i9", at=NOW))
    assert state.trends.best()[0].tolist() == [9]
    state.change(said("opt_out"))
    found, counts = state.trends.best()
    assert found.tolist() == [5, 0, 1, 3, 4]
    assert counts.tolist() == [2, 1, 1, 1, 1]
    state.change(said("opt_in"))
    assert state.trends.best()[0].tolist() == [9]
    assert told(state) != before
