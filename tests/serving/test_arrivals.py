"""Which items are new, and that somebody who is hidden takes no part in it from the next answer on."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from graphrec.serving.arrivals import HARDLY, Arrivals, FirstTimes, Uptake
from graphrec.serving.trends import DAY_MS
from graphrec.transfer import NO_TIME

NOW = round(time.time() * 1000)
N_USERS, N_ITEMS = 6, 5
DAYS = st.one_of(st.none(), st.integers(0, 400))


def ago(days: int | None) -> int:
    return NO_TIME if days is None else NOW - days * DAY_MS


def uptake(likes: dict[tuple[int, int], int | None], firsts: dict[tuple[int, int], int] | None = None) -> Uptake:
    """Of the days since each pair's last time, and of those since the first."""
    pairs = sorted(likes)
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    liked = sparse.csr_array((np.ones(len(pairs)), (rows, columns)), shape=(N_USERS, N_ITEMS))
    told = [(user, item, ago(days)) for (user, item), days in (firsts or {}).items()]
    columns_told = np.array(told, dtype=np.int64).reshape(-1, 3).T
    return Uptake(liked, np.array([ago(likes[pair]) for pair in pairs], dtype=np.int64), FirstTimes(*columns_told))


def arrivals(of: Uptake) -> Arrivals:
    return Arrivals(of.new_without(()), of)


LIKES = st.dictionaries(st.tuples(st.integers(0, N_USERS - 1), st.integers(0, N_ITEMS - 1)), DAYS)


@given(LIKES, st.data(), st.lists(st.integers(0, N_USERS + 1), unique=True))
def test_what_is_hidden_is_as_if_it_never_was(
    likes: dict[tuple[int, int], int | None], data: st.DataObject, hidden: list[int]
) -> None:
    timed = [pair for pair, days in likes.items() if days is not None]
    firsts = {pair: likes[pair] + data.draw(st.integers(0, 400)) for pair in timed if data.draw(st.booleans())}
    found = arrivals(uptake(likes, firsts))
    never = uptake(
        {pair: days for pair, days in likes.items() if pair[0] not in hidden},
        {pair: days for pair, days in firsts.items() if pair[0] not in hidden},
    )
    assert found.hide(*hidden).new.tolist() == never.new_without(()).tolist()
    back = found.hide(*hidden)
    for user in hidden:
        back = back.show(user)
    assert back.new.tolist() == found.new.tolist()


def test_the_one_who_took_it_up_long_ago_makes_it_old_until_hidden() -> None:
    """Four like item 0, three of them lately; item 1 is old by all of them, and tells how long the data go back."""
    likes = {(user, 1): 400 for user in range(4)} | {(user, 0): 3 for user in range(4)}
    whole = arrivals(uptake(likes, {(0, 0): 300}))
    assert HARDLY < 4
    assert whole.new[:2].tolist() == [False, False]
    assert whole.hide(0).new[:2].tolist() == [True, False]
    assert whole.hide(0).hide(0).show(0).new[:2].tolist() == [False, False]
    assert whole.hide(1).new[:2].tolist() == [False, False]
    assert whole.hide(0, 1).new[:2].tolist() == [True, True], "two people are hardly any"


def test_only_what_may_be_new_is_looked_up() -> None:
    likes = {(user, 1): 400 for user in range(4)} | {(user, 0): 3 for user in range(4)} | {(0, 2): 3}
    likes |= {(user, 3): 64 for user in range(4)} | {(user, 4): 62 for user in range(4)}
    assert uptake(likes).doubtful(()).tolist() == [0, 4]
    assert uptake({(user, 0): None for user in range(4)}).doubtful(()).tolist() == []


def test_of_nobody_every_item_is_new() -> None:
    nobody = arrivals(uptake({}))
    assert nobody.new.all()
    assert nobody.hide(2).show(2).new.all()
