"""Changes of items and users in memory, as they come by the journal. Each does what Neo4j is told to do with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from graphrec.serving.consent import hide, show

if TYPE_CHECKING:
    from graphrec.serving.state import State


def _put_item(state: State, change: Mapping[str, Any]) -> None:
    state.catalogue.put(state.catalogue.ids.add(change["item_id"]), change)


def _delete_item(state: State, change: Mapping[str, Any]) -> None:
    state.catalogue.remove(change["item_id"])


def _put_user(state: State, change: Mapping[str, Any]) -> None:
    user = state.place_of(change["user_id"])
    if "follows" in change:
        state.followed[user] = [state.place_of(user_id) for user_id in change["follows"]]


def _delete_user(state: State, change: Mapping[str, Any]) -> None:
    hidden = state.withheld.pop(change["user_id"], None)
    if hidden is not None:  # nobody counts what is hidden
        state.tastes.forget(hidden)
        state.stated.pop(hidden, None)
        state.preferred.forget(hidden)
        state.followed.pop(hidden, None)
    user = state.users.remove(change["user_id"])
    if user is not None:
        state.trends.hide(user, state.tastes.touched(user))
        state.catalogue.forget_likes(state.tastes.forget(user))
        state.arrivals = state.arrivals.hide(user)
        state.stated.pop(user, None)
        state.preferred.forget(user)
        state.followed.pop(user, None)


def _state_tags(state: State, change: Mapping[str, Any]) -> None:
    user = state.place_of(change["user_id"])
    said = state.stated.get(user, {}) | change["tags"]
    state.stated[user] = {tag: weight for tag, weight in said.items() if weight}


def _opt_out(state: State, change: Mapping[str, Any]) -> None:
    if change["user_id"] not in state.withheld:
        state.miscounts = True
    hide(state, change["user_id"])


def _opt_in(state: State, change: Mapping[str, Any]) -> None:
    show(state, change["user_id"])


def _read_anew(state: State, change: Mapping[str, Any]) -> None:
    """Nothing of this state changes: whoever keeps it reads the graph anew."""


CHANGES: Mapping[str, Callable[[State, Mapping[str, Any]], None]] = {
    "put_item": _put_item,
    "delete_item": _delete_item,
    "put_user": _put_user,
    "delete_user": _delete_user,
    "state_tags": _state_tags,
    "opt_out": _opt_out,
    "opt_in": _opt_in,
    "read_anew": _read_anew,
}
"""By `what` a change is, as in `graphrec.ingest.changes.KINDS`."""

CONSENT = ("opt_out", "opt_in")
"""Those that say whether what somebody did may count."""
