"""What the graph knows of users and items beside recommendations: likes, seen items, titles, what ids look like."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from graphrec import queries
from graphrec.errors import InputError, UnknownIdError
from graphrec.graph import Graph
from graphrec.ids import clean_id
from graphrec.privacy.entry import entry_of
from graphrec.privacy.policy import read_policy
from graphrec.snapshot.columns import stated_weights

MAX_LIKED = 500
"""How many liked items of a user are looked at, the latest; as many as the walk follows."""


def ask(graph: Graph, name: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a query. InputError for a setting that it doesn't have."""
    query = queries.get(name)
    if "least_people" in query.parameters and "least_people" not in given:
        given = {**given, "least_people": least_people(graph)}
    unknown = [setting for setting in given if setting not in query.parameters]
    if unknown:
        raise InputError(f"{name} has no setting {', '.join(unknown)}; there are {', '.join(query.parameters)}")
    return graph.read(name, **given)


def least_people(graph: Graph) -> int:
    """Of how few people a reason never tells the number."""
    return read_policy(graph.home).reasons.least_people


def settings_of(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those settings that a query has parameters for."""
    parameters = queries.get(name).parameters
    return {setting: value for setting, value in settings.items() if setting in parameters}


def seen_by(graph: Graph, user_ids: Iterable[str]) -> dict[str, list[str]]:
    """What each user that the graph holds has seen; unknown users are missing."""
    rows = graph.read("users/seen", user_ids=sorted(set(user_ids)))
    return {row["user_id"]: row["item_ids"] for row in rows}


def liked_by(
    graph: Graph, user_ids: Iterable[str], k: int = MAX_LIKED, *, stated: bool = False
) -> dict[str, dict[str, float]]:
    """The latest liked items of each user that has some, the latest first, with their weights: those of their kinds, or
    with `stated` those that the data state, where they do, on the average as large."""
    kinds: dict[str, dict[str, float]] = {}
    told: dict[str, dict[str, float]] = {}
    asked = sorted(set(user_ids))
    for row in ask(graph, "users/history", {"user_ids": asked, "k": k}) if asked else ():
        kinds.setdefault(row["user_id"], {})[row["item_id"]] = row["weight"]
        told.setdefault(row["user_id"], {})[row["item_id"]] = math.nan if row["stated"] is None else row["stated"]
    return {user_id: _weighed(liked, told[user_id]) for user_id, liked in kinds.items()} if stated else kinds


def _weighed(liked: dict[str, float], told: dict[str, float]) -> dict[str, float]:
    found = stated_weights(np.array([*liked.values()]), np.array([*told.values()]))
    return dict(zip(liked, found.tolist(), strict=True))


def cards_of(graph: Graph, item_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Title, tags and number of interactions of each item that the graph holds."""
    asked = sorted(set(item_ids))
    rows = ask(graph, "items/cards", {"item_ids": asked}) if asked else []
    return {row["item_id"]: row for row in rows}


def titles_of(graph: Graph, item_ids: Iterable[str]) -> dict[str, str]:
    """How to name each item in a sentence."""
    return {item_id: titled(item_id, card["title"]) for item_id, card in cards_of(graph, item_ids).items()}


def titled(item_id: str, title: str | None) -> str:
    """The title, or the id in quotes."""
    return title or f"'{item_id}'"


def known_item(graph: Graph, item_id: str) -> str:
    """The id as the graph holds it. UnknownIdError where it doesn't, with ids that it does hold."""
    wanted = clean_id(item_id)
    if cards_of(graph, [wanted]):
        return wanted
    some = [f"'{row['item_id']}'" for row in graph.read("items/first_ids", k=3)]
    looks = f"ids look like {', '.join(some)}" if some else "the graph holds no items"
    raise UnknownIdError(f"no item '{wanted[:80]}' in the graph; check the id ({looks}) or load it first")


def is_known_user(graph: Graph, user_id: str) -> bool:
    """Whether the graph holds the user."""
    wanted = entered(graph, user_id)
    return wanted in seen_by(graph, [wanted])


def known_user(graph: Graph, user_id: str) -> str:
    """The id as the graph holds it. UnknownIdError where it doesn't; no other user's id is told."""
    if not is_known_user(graph, user_id):
        raise UnknownIdError(
            f"no user '{user_id[:80]}' in the graph; check the id or load the user's interactions first"
        )
    return entered(graph, user_id)


def entered(graph: Graph, user_id: str) -> str:
    """A user's id as the graph holds it: by its pseudonym where the home has pseudonyms."""
    return entry_of(graph.home).user(user_id)


def people(n_people: int, verb: str) -> str:
    """“12 people liked”, “1 person liked”."""
    return f"{n_people} {'person' if n_people == 1 else 'people'} {verb}"


def sum_by_item(parts: Sequence[tuple[float, Sequence[Mapping[str, Any]]]], k: int) -> list[dict[str, Any]]:
    """Rows of items similar to weighted items, their scores weighted and added, with the part that adds most."""
    total: dict[str, float] = {}
    best: dict[str, tuple[float, Mapping[str, Any]]] = {}
    for weight, rows in parts:
        for row in rows:
            item_id, part = row["similar_id"], weight * row["score"]
            total[item_id] = total.get(item_id, 0.0) + part
            if item_id not in best or part > best[item_id][0]:
                best[item_id] = part, row
    order = sorted(total, key=lambda item_id: (-round(total[item_id], 10), item_id))[:k]
    return [{**best[i][1], "because_id": best[i][1]["item_id"], "item_id": i, "score": total[i]} for i in order]
