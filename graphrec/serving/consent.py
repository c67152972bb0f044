"""People who have opted out, in memory: their positions are nobody's, what they did is kept where nothing counts it.

A user who has opted out is no longer among the ids, so whoever asks for a list gets what somebody unknown gets, and the
path of a list asks nothing more. Opting in puts the same position back, with what was done meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.graph import Graph
from graphrec.kinds import kind_weight
from graphrec.serving.ids import Ids

if TYPE_CHECKING:
    from graphrec.serving.state import State

Parts = tuple[sparse.csr_array, ...]
"""Users × items: weights of what is liked, the times beside them, and what is seen."""


@dataclass(frozen=True)
class Withheld:
    """What the graph withholds of one user: items with kinds and times, and who is followed or follows."""

    user_id: str
    item_ids: Sequence[str]
    kinds: Sequence[str]
    last_at: Sequence[int]
    follows: Sequence[str]
    followers: Sequence[str]


def read_withheld(graph: Graph) -> list[Withheld]:
    """All who have opted out, with what they did."""
    names = ("user_id", "item_id", "kind", "last_at", "follows", "followers")
    return [Withheld(*(row[name] for name in names)) for row in graph.read("consent/withheld")]


def with_withheld(parts: Parts, readings: Iterable[Sequence[Withheld]], users: Ids, items: Ids) -> Parts:
    """The matrices with what is withheld, too.

    `readings`: one from before the interactions were read and one from after. Somebody may opt out or in between; then
    what was done stands in one of the two at least. What stands in several counts once.
    """
    rows = [
        (users.places[one.user_id], items.places[item_id], kind_weight(kind), at)
        for reading in readings
        for one in reading
        if one.user_id in users.places
        for item_id, kind, at in zip(one.item_ids, one.kinds, one.last_at, strict=True)
        if item_id in items.places
    ]
    if not rows:
        return parts
    user, item = (np.array([row[n] for row in rows], dtype=np.int64) for n in (0, 1))
    weight, at = np.array([row[2] for row in rows]), np.array([row[3] for row in rows], dtype=np.int64)
    likes = weight > 0
    liked, last_at, seen = parts
    weights = _largest(liked, (user[likes], item[likes], weight[likes]), np.float32)
    times = _largest(last_at, (user[likes], item[likes], at[likes]), np.int64)
    return weights, times, _largest(seen, (user, item, np.ones(len(user))), np.bool_)


def hide_all(state: State, withheld: Iterable[Withheld]) -> None:
    """Let nothing count of those who have opted out; `state` was made of all that they did."""
    for one in withheld:
        hide(state, one.user_id)
        place = state.withheld[one.user_id]
        if one.follows:
            state.followed[place] = [state.place_of(user_id) for user_id in one.follows]
        for user_id in one.followers:
            followed = state.followed.setdefault(state.place_of(user_id), [])
            if place not in followed:
                followed.append(place)


def hide(state: State, user_id: str) -> None:
    """Let nothing count that a user did, from now on. Again, it changes nothing."""
    if user_id in state.withheld:
        return
    place = state.users.add(user_id)
    state.trends.hide(place, state.tastes.touched(place))
    state.catalogue.forget_likes(state.tastes.hide(place))
    state.arrivals = state.arrivals.hide(place)
    state.withheld[user_id] = place
    del state.users.places[user_id]
    state.ask_anew()


def show(state: State, user_id: str) -> None:
    """Let count again what a user did, meanwhile too. Nothing for one who hasn't opted out."""
    place = state.withheld.pop(user_id, None)
    if place is None:
        return
    state.users.places[user_id] = place
    state.catalogue.forget_likes(state.tastes.show(place), people=1)
    state.trends.show(place, state.tastes.touched(place))
    state.arrivals = state.arrivals.show(place)
    state.ask_anew()


def _largest(
    matrix: sparse.csr_array, more: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.generic]], kind: type
) -> sparse.csr_array:
    """A matrix with further entries: of those at one place the largest stays, and all are explicit."""
    found = matrix.tocoo()
    width = max(matrix.shape[1], 1)
    key = np.concatenate([found.row.astype(np.int64) * width + found.col, more[0] * width + more[1]])
    data: NDArray[Any] = np.concatenate([found.data, more[2]]).astype(kind)
    order = np.lexsort((data, key))
    last = np.flatnonzero(np.concatenate([key[order][1:] != key[order][:-1], [True]]))
    kept = order[last]
    rows, columns = np.divmod(key[kept], width)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=matrix.shape[0]))])
    return sparse.csr_array((data[kept], columns, indptr), shape=matrix.shape)
