"""Changes of items and users into the graph, in their order. What was written before may be written again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from graphrec.errors import InputError
from graphrec.graph import Graph

AT_ONCE = 10_000
"""Relationships and events that one transaction deletes."""

COUNTED_AT_ONCE = 20
"""Items whose stored counts one transaction counts again."""

Step = Callable[..., list[dict[str, Any]]]
Change = Mapping[str, Any]


def write_changes(graph: Graph, changes: Sequence[Change]) -> None:
    """Write changes in their order. Neighbours that delete nothing share a transaction.

    InputError for a change that this version doesn't know, before any other is written.
    """
    unknown = [change["what"] for change in changes if change["what"] not in {*_PUTS, *_DELETES}]
    if unknown:
        raise InputError(f"no change {unknown[0]!r} is known to this version; let the one that wrote it deliver it")
    for is_deletion, run in groupby(changes, key=lambda change: change["what"] in _DELETES):
        if is_deletion:
            _delete(graph, run)
        else:
            _put(graph, list(run))


def _put(graph: Graph, changes: list[Change]) -> None:
    def work(step: Step) -> None:
        for change in changes:
            _PUTS[change["what"]](step, change)

    graph.transact(work)


def _delete(graph: Graph, changes: Iterable[Change]) -> None:
    """Each in as many transactions as its relationships and events need; the node goes with the last ones."""
    for change in changes:
        name, key = _DELETES[change["what"]]
        if key == "user_id":
            _uncount(graph, change[key])
        is_there = True
        while is_there:
            done = graph.write(name, **{key: change[key]}, most=AT_ONCE)[0]
            is_there = max(done["events"], done["relationships"]) >= AT_ONCE


def _uncount(graph: Graph, user_id: str) -> None:
    """Before a user goes, stored counts of people are counted again without the user. Again, it changes nothing."""
    first, liked = 0, 1
    while first < liked:
        liked = graph.write("changes/uncount_similar", user_id=user_id, first=first, most=COUNTED_AT_ONCE)[0]["liked"]
        first += COUNTED_AT_ONCE


def _put_item(step: Step, change: Change) -> None:
    item_id = change["item_id"]
    titled = {"title": change["title"]} if "title" in change else {}
    step("load/items", rows=[[item_id, {**change.get("properties", {}), **titled}]])
    if "tags" in change:
        step("changes/clear_tags", item_id=item_id)
        if change["tags"]:
            step("load/tags", ids=sorted(change["tags"]))
            step("load/has_tag", rows=[[item_id, sorted(change["tags"].items())]])


def _put_user(step: Step, change: Change) -> None:
    user_id = change["user_id"]
    step("load/users", rows=[[user_id, change.get("properties", {})]])
    if "follows" in change:
        step("changes/clear_follows", user_id=user_id)
        if change["follows"]:
            step("load/user_ids", ids=sorted(change["follows"]))
            step("load/followed", rows=[[user_id, change["follows"]]])


def _state_tags(step: Step, change: Change) -> None:
    step("load/users", rows=[[change["user_id"], {}]])
    step("load/tags", ids=sorted(change["tags"]))
    step("changes/prefer", user_id=change["user_id"], rows=sorted(change["tags"].items()), at=change["at"])


def _opt_out(step: Step, change: Change) -> None:
    """What the user did stops counting in one step, however much it is. Again, it changes nothing."""
    user_id = change["user_id"]
    step("consent/opt_out", user_id=user_id)
    step("consent/hide_follows", user_id=user_id)
    step("consent/hide_events", user_id=user_id)
    if step("consent/withhold", user_ids=[user_id], first=True)[0]["withheld"]:
        step("consent/count_similar", user_id=user_id, people=1)


def _opt_in(step: Step, change: Change) -> None:
    step("consent/count_similar", user_id=change["user_id"], people=-1)
    step("consent/restore", user_id=change["user_id"])


def _read_anew(step: Step, change: Change) -> None:
    """Nothing: it is the processes that keep the graph in memory who are told."""


_PUTS: Mapping[str, Callable[[Step, Change], None]] = {
    "put_item": _put_item,
    "put_user": _put_user,
    "state_tags": _state_tags,
    "opt_out": _opt_out,
    "opt_in": _opt_in,
    "read_anew": _read_anew,
}
_DELETES: Mapping[str, tuple[str, str]] = {
    "delete_item": ("changes/delete_item", "item_id"),
    "delete_user": ("changes/delete_user", "user_id"),
}
