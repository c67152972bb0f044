"""Questions as people ask them: one user, one item, titles beside ids, and popular items for whom nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.recommend.base import ALL_UNSEEN, NOTHING, Candidates, Profile
from graphrec.recommend.history import cards_of, entered, is_known_user, known_item
from graphrec.recommend.registry import best_name, get


def recommend(
    graph: Graph,
    user_id: str | None = None,
    k: int = 10,
    model: str | None = None,
    *,
    items: Mapping[str, float] | None = None,
    context: Mapping[str, Any] = NOTHING,
    candidates: Candidates = ALL_UNSEEN,
    **settings: Any,
) -> pd.DataFrame:
    """Rows of rank, item_id, title, score, reason and tags for a user, for a visitor's weighted `items`, or for both.

    `context`: where and when they are for, such as a device or an hour, for a model that goes by it.
    `model` is a name of `graphrec.recommend.NAMES`; without it `blend` or `lightgcn` if a version is live, else `walk`.
    Of whom nothing is known gets popular items; `attrs["note"]` of the table then says so. UnknownIdError for an
    item that the graph doesn't hold.
    """
    if not graph.read("items/first_ids", k=1):
        raise InputError("the graph holds no items to recommend; load some with `graphrec load PATH`")
    name = model or best_name(graph)
    given = {known_item(graph, item_id): weight for item_id, weight in (items or {}).items()}
    profile = Profile(None if user_id is None else entered(graph, user_id), given, context)
    rows = get(name, graph, **settings).recommend([profile], k, candidates)
    note = None
    if rows.empty:
        note = _why_popular(graph, profile, name)
        name = "popular"
        anybody = Profile(profile.user_id) if _is_known(graph, profile) else Profile(items=given)
        rows = get(name, graph).recommend([anybody], k, candidates)
    return _with_cards(graph, rows, "item_id", name, note)


def similar(graph: Graph, item_id: str, k: int = 10, model: str | None = None, **settings: Any) -> pd.DataFrame:
    """Rows of rank, item_id, title, score, reason and tags: the items nearest to one.

    UnknownIdError where the graph doesn't hold the item. For an item of which nothing is known yet, popular items;
    `attrs["note"]` then says so.
    """
    wanted = known_item(graph, item_id)
    name = model or best_name(graph)
    rows = get(name, graph, **settings).similar_items([wanted], k)
    if not rows.empty:
        rows = rows.drop(columns="item_id").rename(columns={"similar_id": "item_id"})
        return _with_cards(graph, rows, "item_id", name, None)
    note = f"{name} knows nothing yet that is similar to item '{wanted}'; these are the popular items"
    rows = get("popular", graph).recommend([Profile(items={wanted: 1.0})], k)
    return _with_cards(graph, rows, "item_id", "popular", note)


def _is_known(graph: Graph, profile: Profile) -> bool:
    return profile.user_id is not None and is_known_user(graph, profile.user_id)


def _why_popular(graph: Graph, profile: Profile, name: str) -> str:
    if profile.user_id is None:
        return f"{name} knows nothing of this visitor yet; these are the popular items"
    if graph.read("consent/is_opted_out", user_ids=[profile.user_id]):
        return f"user '{profile.user_id}' has opted out; these are the popular items"
    if _is_known(graph, profile):
        return f"{name} finds nothing for user '{profile.user_id}'; these are the popular items"
    return f"no user '{profile.user_id}' in the graph; these are the popular items"


def _with_cards(graph: Graph, rows: pd.DataFrame, key: str, name: str, note: str | None) -> pd.DataFrame:
    cards = cards_of(graph, rows[key])
    shown: list[dict[str, Any]] = [cards.get(item_id, {"title": None, "tags": []}) for item_id in rows[key]]
    found = rows.copy()
    for column in ("title", "tags"):
        found[column] = pd.Series([card[column] for card in shown], index=rows.index, dtype=object)
    found = found[["rank", "item_id", "title", "score", "reason", "tags"]].reset_index(drop=True)
    found.attrs = {"model": name, "note": note}
    return found
