"""Lists in a context: lifts by hand, what they do to a list, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from shelf import N_ITEMS, made_state

from graphrec.errors import InputError
from graphrec.ingest.events import checked
from graphrec.recommend.base import Profile
from graphrec.service.context import context_of
from graphrec.service.schemas import ListQuery
from graphrec.serving.context import PRIOR, Context, lifts
from graphrec.serving.ranking import popular, rank, similar
from graphrec.serving.state import State
from graphrec.serving.tallies import HOUR_MS, MONTH_MS, of_times, tallied, times_of
from graphrec.serving.why import sentences
from graphrec.serving.wish import Wish

EVERY = np.arange(N_ITEMS)
CALM, WILD = ("mood", "calm"), ("mood", "wild")


def shelf() -> State:
    """Item i6 is liked in calm moods alone, all others in both."""
    state = made_state()
    wild = np.delete(EVERY, 6)
    state.tallies = tallied([(CALM, EVERY, np.full(N_ITEMS, 50.0)), (WILD, wild, np.full(len(wild), 50.0))], N_ITEMS)
    return state


def names(state: State, wish: Wish, user: str | None = "u0") -> list[str]:
    return [state.catalogue.ids.names[item] for item in rank(state, Profile(user), wish).items.tolist()]


def event(n: int, **more: Any) -> dict[str, Any]:
    return {"event_id": f"e{n}", "user_id": "u3", "item_id": f"i{n % 5}", "kind": "like", "at": n * HOUR_MS, **more}


def test_a_lift_compares_likes_with_those_to_expect() -> None:
    found = lifts(shelf().tallies, [CALM, WILD], EVERY)
    calm = 12 / 23
    assert found[0, 6] == pytest.approx(np.log((50 + PRIOR) / (50 * calm + PRIOR)))
    assert found[0, 0] == pytest.approx(np.log((50 + PRIOR) / (100 * calm + PRIOR)))
    assert found[1, 6] == pytest.approx(np.log(PRIOR / (50 * (1 - calm) + PRIOR)))
    assert found[0, 6] > 0 > found[1, 6]


def test_hours_beside_the_one_asked_for_count_round_the_clock_and_months_round_the_year() -> None:
    at = np.array([23, 1, 12]) * HOUR_MS
    found = tallied(of_times(np.array([0, 1, 2]), at), 3)
    midnight = lifts(found, [("hour", "0")], np.arange(3))[0]
    assert midnight[0] == midnight[1] == pytest.approx(np.log((1 + PRIOR) / (2 / 3 + PRIOR)))
    assert midnight[2] == pytest.approx(np.log(PRIOR / (2 / 3 + PRIOR)))
    december = lifts(tallied(of_times(np.array([0, 1]), np.array([11, 5]) * MONTH_MS), 2), [("month", "0")], EVERY[:2])
    assert december[0, 0] > 0 > december[0, 1]


def test_what_is_liked_more_in_a_context_goes_up_and_says_so_only_where_that_decided() -> None:
    state = shelf()
    plain, calm = Wish(k=3), Wish(k=3, context=Context((CALM,), 1.0))
    assert names(state, plain) == ["i2", "i3", "i4"]
    assert names(state, calm) == ["i2", "i3", "i6"]
    answer = rank(state, Profile("u0"), calm)
    assert set(sentences(state, answer)) == {"near to your taste"}, "those who like it are too few to be spoken of"
    state.least_people = 0
    listed = dict(zip(names(state, calm), sentences(state, answer), strict=True))
    assert listed["i6"] == "often chosen when mood is calm"
    assert [said for item, said in listed.items() if item != "i6"] == ["near to your taste"] * 2
    assert answer.moved is not None
    by_mood = lifts(state.tallies, [CALM], EVERY)[0]
    distance = float(state.lists.scores[0, 0] - state.lists.scores[0, -1])
    for item, score in zip(answer.items.tolist(), answer.scores.tolist(), strict=True):
        assert answer.moved[item].part == pytest.approx(distance * by_mood[item])
        before = float(state.lists.scores[0][state.lists.items[0] == item][0])
        assert score == pytest.approx(before + answer.moved[item].part)
    long = rank(state, Profile("u0"), replace(calm, k=6))  # all of its six were on the page before
    assert "often chosen when mood is calm" not in sentences(state, long)
    assert names(state, replace(calm, context=Context((CALM,), 0.0))) == names(state, plain)
    assert names(state, replace(calm, context=Context((WILD,), 1.0)))[-1] != "i6"


def test_all_lists_take_a_context() -> None:
    state = shelf()
    calm = Wish(k=12, context=Context((CALM,), 5.0))
    place = lambda answer: answer.items.tolist().index(6)  # noqa: E731
    assert place(popular(state, calm)) < place(popular(state, Wish(k=12)))
    assert place(similar(state, "i4", replace(calm, k=2))) < place(similar(state, "i4", Wish(k=2)))
    assert names(state, replace(calm, k=3), None)[0] == "i6"
    assert names(state, calm) == names(state, calm)


def test_a_key_that_no_event_told_is_an_error_and_a_value_never_seen_moves_nothing() -> None:
    state = shelf()
    with pytest.raises(InputError, match="no event has told a context 'weather'; there are mood"):
        names(state, Wish(context=Context((("weather", "rain"),), 1.0)))
    pairs = (("mood", "never seen"), ("device", "phone"), *times_of(0))
    unseen = Wish(k=5, context=Context(pairs, 5.0))
    assert names(state, unseen) == names(state, Wish(k=5))
    with pytest.raises(InputError, match="there are none yet"):
        names(made_state(), Wish(context=Context((CALM,), 1.0)))


def test_events_that_come_count_as_those_that_were_read() -> None:
    state = made_state()
    told = [event(n, device="phone" if n % 3 else "tv", context={"mood": ("calm", "wild")[n % 2]}) for n in range(40)]
    for one in told:
        state.apply(one)
        assert not state.tallies.keys.totals
    for one in told:
        state.apply(one, counts=True)
    state.apply(event(99, kind="skip", context={"mood": "calm"}), counts=True)
    parts = []
    for pair, chosen in [
        (CALM, [n % 5 for n in range(0, 40, 2)]),
        (WILD, [n % 5 for n in range(1, 40, 2)]),
        (("device", "tv"), [n % 5 for n in range(0, 40, 3)]),
        (("device", "phone"), [n % 5 for n in range(40) if n % 3]),
    ]:
        items, counts = np.unique(chosen, return_counts=True)
        parts.append((pair, items, counts.astype(np.float64)))
    parts += of_times(np.arange(40) % 5, np.arange(40) * HOUR_MS)
    read = tallied(parts, N_ITEMS)
    assert state.tallies.keys.totals == read.keys.totals == {"device": 40, "hour": 40, "mood": 40, "month": 40}
    for asked in (CALM, ("device", "phone"), ("hour", "7"), ("month", "0"), ("month", "6")):
        assert lifts(state.tallies, [asked], EVERY) == pytest.approx(lifts(read, [asked], EVERY))
    state.apply(event(7, item_id="came later", device="phone"), counts=True)
    later = state.catalogue.ids.places["came later"]
    assert lifts(state.tallies, [("device", "phone")], np.array([later]))[0, 0] > 0
    assert lifts(tallied([], 0), [("device", "phone")], EVERY).tolist() == [[0.0] * N_ITEMS]


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        ("1970-01-01T13:59:59Z", {"hour": "13", "month": "0"}),
        ("1970-01-01T01:30+02:00", {"hour": "23", "month": "11"}),
        ("2026-07-01T18:00", {"hour": "18", "month": "5"}),
        ("-1", {"hour": "23", "month": "11"}),
        (3_600_000, {"hour": "1", "month": "0"}),
    ],
)
def test_a_time_is_read(at: int | str, wanted: dict[str, str]) -> None:
    found = context_of(ListQuery(at=at))
    assert found is not None
    assert dict(found.pairs) == wanted


def test_a_query_tells_its_context() -> None:
    query = ListQuery(device="tv", location="DE:BW", context=["mood:calm", "with:a:colon"])
    pairs = (("device", "tv"), ("location", "DE:BW"), ("mood", "calm"), ("with", "a:colon"))
    assert context_of(query) == Context(pairs, query.context_weight)
    assert context_of(ListQuery(context_weight=1)) is None
    for wrong in ("mood", "mood:", ":calm", "hour:3", "device:tv"):
        with pytest.raises(InputError, match="expected a context like mood:calm"):
            context_of(ListQuery(context=[wrong]))
    for wrong in ("evening", "2026-07-01T18:00 02:00", "9" * 19, "1" * 400, "٣", ""):
        with pytest.raises(InputError, match="expected a time like"):
            context_of(ListQuery(at=wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        {"Mood": "calm"},
        {"a-b": "calm"},
        {"x" * 33: "calm"},
        {"device": "tv"},
        {"mood": ""},
        {"mood": "x" * 101},
        {"mood": 1},
        {f"k{n}": "x" for n in range(11)},
        ["mood"],
    ],
)
def test_a_context_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match="context"):
        checked(event(1, context=wrong))
