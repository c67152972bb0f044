"""Trends are the sums of the query popular/trending, whatever came before the start and whatever after it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from graphrec.serving.arrivals import newest_begin
from graphrec.serving.trends import DAY_MS, LEAST, Trends, latest_ms
from graphrec.transfer import NO_TIME

USERS, ITEMS = 4, 5
NOW = 1_700_000_000_000
WEEK = 7 * DAY_MS

Event = tuple[int, int, float, int | None]
EVENTS = st.lists(
    st.tuples(
        st.integers(0, USERS - 1),
        st.integers(0, ITEMS - 1),
        st.sampled_from([1.0, 0.5, -1.0]),
        st.none() | st.integers(NOW - 20 * WEEK, NOW),
    ),
    max_size=30,
)


def summed(events: list[Event]) -> dict[tuple[int, int], tuple[float, int]]:
    """Each pair with its largest weight and its latest time, of what counts."""
    pairs: dict[tuple[int, int], tuple[float, int]] = {}
    for user, item, weight, at in events:
        if weight > 0 and at is not None:
            known = pairs.get((user, item), (0.0, at))
            pairs[user, item] = max(known[0], weight), max(known[1], at)
    return pairs


def by_hand(events: list[Event]) -> dict[int, float]:
    """The counts of all items at the time of the newest like."""
    pairs = summed(events)
    newest = max((at for _, at in pairs.values()), default=0)
    counts = dict.fromkeys(range(ITEMS), 0.0)
    for (_, item), (weight, at) in pairs.items():
        counts[item] += weight * 0.5 ** ((newest - at) / WEEK)
    return counts


def loaded(events: list[Event]) -> Trends:
    """What a start finds in the graph."""
    pairs = sorted(summed(events).items())
    places = [place for place, _ in pairs]
    rows, columns = np.array(places, dtype=np.int64).reshape(-1, 2).T
    liked = sparse.csr_array(([weight for _, (weight, _) in pairs], (rows, columns)), shape=(USERS, ITEMS))
    return Trends(liked, np.array([at for _, (_, at) in pairs], dtype=np.int64), WEEK)


@given(EVENTS, EVENTS)
def test_what_came_before_and_after_the_start_adds_up(before: list[Event], after: list[Event]) -> None:
    trends = loaded(before)
    for event in after + after[::-1]:
        trends.apply(*event)
    counts = by_hand(before + after)
    items, found = trends.best()
    assert set(items.tolist()) >= {item for item, count in counts.items() if count > LEAST + 1e-9}
    assert found.tolist() == pytest.approx([counts[item] for item in items.tolist()], abs=1e-9)
    assert (np.diff(found) <= 0).all()


@given(EVENTS, EVENTS, EVENTS, st.integers(0, USERS - 1))
def test_who_is_gone_counts_nowhere_as_if_never_there(
    before: list[Event], after: list[Event], later: list[Event], gone: int
) -> None:
    trends = loaded(before)
    for event in after:
        trends.apply(*event)
    for _ in range(2):
        trends.hide(gone, np.arange(ITEMS))
    others = [event for event in later if event[0] != gone]
    for event in others:
        trends.apply(*event)
    counts = by_hand([event for event in before + after if event[0] != gone] + others)
    items, found = trends.best()
    assert set(items.tolist()) >= {item for item, count in counts.items() if count > LEAST + 1e-9}
    assert found.tolist() == pytest.approx([counts[item] for item in items.tolist()], abs=1e-9)


def test_decades_between_two_likes_and_wrong_clocks_break_nothing() -> None:
    trends = loaded([(0, 0, 1.0, 850_000_000_000), (1, 0, 1.0, 850_000_000_000)])
    assert trends.best()[0].tolist() == [0]
    trends.apply(0, 3, 1.0, latest_ms() + WEEK)
    assert trends.best()[0].tolist() == [0]
    trends.apply(0, 2, 1.0, NOW)
    trends.apply(0, 7, 1.0, NOW)
    trends.apply(1, 0, 1.0, 850_000_000_001)
    assert trends.best()[0].tolist() == [2, 7]
    assert np.isfinite(trends.best()[1]).all()


def test_where_nothing_has_a_time_nothing_trends_until_it_has() -> None:
    liked = sparse.csr_array(np.ones((2, 3), dtype=np.float32))
    trends = Trends(liked, np.full(6, NO_TIME), WEEK)
    assert trends.best()[0].tolist() == []
    trends.apply(0, 1, 1.0, None)
    assert trends.best()[0].tolist() == []
    trends.apply(0, 1, 1.0, NOW)
    assert trends.best()[0].tolist() == [1]


def test_the_newest_time_is_a_month_and_at_most_a_tenth_of_the_data() -> None:
    long = np.array([0, 1_000 * DAY_MS])
    assert newest_begin(long) == 970 * DAY_MS
    assert newest_begin(np.array([0, 50 * DAY_MS])) == 45 * DAY_MS
    assert newest_begin(np.array([5, 5])) == 5
    assert newest_begin(long[:0]) == np.iinfo(np.int64).max
