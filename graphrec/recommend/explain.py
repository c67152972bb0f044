"""Why an item is recommended to a user: the parts of its score, and the paths behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphrec.graph import Graph
from graphrec.models import FILTER_NAMES, SCORING_NAMES
from graphrec.recommend.asking import GraphRecommender
from graphrec.recommend.base import Candidates, Profile
from graphrec.recommend.history import ask, known_item, known_user, liked_by, people, settings_of, titles_of
from graphrec.recommend.registry import best_name, get

Step = tuple[str, str]
"""A node on a path: what it is (user, item, people, tag) and how it is called. People are a number, never ids, and none
where they are fewer than the policy lets be counted."""


@dataclass(frozen=True)
class Reason:
    """One sentence; `part` is what it adds to the score (its closeness for vectors, None where parts don't add up)."""

    text: str
    part: float | None
    path: tuple[Step, ...]


@dataclass(frozen=True)
class Explanation:
    """An item's score with one recommender (None where it doesn't reach the item), and the reasons for it."""

    user_id: str
    item_id: str
    title: str
    model: str
    score: float | None
    seen: bool
    reasons: tuple[Reason, ...]


def explain(graph: Graph, user_id: str, item_id: str, model: str | None = None, *, k: int = 5) -> Explanation:
    """The k strongest reasons. UnknownIdError where the graph doesn't hold the user or the item."""
    user_id, item_id = known_user(graph, user_id), known_item(graph, item_id)
    recommender = get(model or best_name(graph), graph, with_reasons=(model or "") in SCORING_NAMES)
    only = Candidates(allowed=frozenset([item_id]), seen=True)
    rows = recommender.rows_for_users([user_id], 1, only)
    seen = recommender.recommend([Profile(user_id)], 1, Candidates(allowed=frozenset([item_id]))).empty and bool(rows)
    title = titles_of(graph, [item_id])[item_id]
    asked = _Asked(graph, recommender, user_id, item_id, title, k)
    reasons = _EXPLAINERS[recommender.name](asked, rows[0]) if rows else []
    score = float(rows[0]["score"]) if rows else None
    return Explanation(user_id, item_id, title, recommender.name, score, seen, tuple(reasons))


@dataclass(frozen=True)
class _Asked:
    graph: Graph
    recommender: GraphRecommender
    user_id: str
    item_id: str
    title: str
    k: int

    def ends(self, *between: Step) -> tuple[Step, ...]:
        """A path from the user to the item."""
        return (("user", f"user {self.user_id}"), *between, ("item", self.title))

    def ways(self, query: str) -> list[dict[str, Any]]:
        """The rows of an explaining query for the user and the item."""
        settings = settings_of(query, getattr(self.recommender, "settings", {}))
        wanted = [{"user_id": self.user_id, "item_ids": [self.item_id]}]
        return ask(self.graph, query, {"wanted": wanted, "k": self.k, **settings})


def _through_people(asked: _Asked, row: Mapping[str, Any]) -> list[Reason]:
    rows = asked.ways(f"{asked.recommender.name}/explain")
    titles = titles_of(asked.graph, (way["because_id"] for way in rows))
    reasons = []
    for way in rows:
        title = titles[way["because_id"]]
        if way["people"] is None:  # too few to be counted, and the part would say how few
            reasons.append(Reason(_goes_with(asked.title, title), None, asked.ends(("item", title))))
            continue
        text = f"{people(way['people'], f'who liked {title}')} also liked {asked.title}"
        path = asked.ends(("item", title), ("people", people(way["people"], "").strip()))
        reasons.append(Reason(text, way["share"] * row["score"], path))
    return reasons


def _goes_with(title: str, liked: str) -> str:
    return f"{title} goes well with {liked}, which you liked"


def _similar_items(asked: _Asked, row: Mapping[str, Any]) -> list[Reason]:
    """The liked items that lead there, each with its share of the graph's score, or of its part in a blend's."""
    rows = asked.ways("similar/explain")
    titles = titles_of(asked.graph, (way["because_id"] for way in rows))
    reasons = []
    for way in rows:
        title = titles[way["because_id"]]
        text = _goes_with(asked.title, title)
        reasons.append(Reason(text, way["share"] * row.get("graph", row["score"]), asked.ends(("item", title))))
    return reasons


def _blended(asked: _Asked, row: Mapping[str, Any]) -> list[Reason]:
    """The ways through similar items and the two other parts, the strongest first."""
    others = [
        Reason(f"{asked.title} is near to your taste", row["vectors"], asked.ends()),
        Reason(f"how popular {asked.title} is", row["popularity"], asked.ends()),
    ]
    found = [*_similar_items(asked, row), *(reason for reason in others if reason.part)]
    return sorted(found, key=lambda reason: -(reason.part or 0.0))[: asked.k]


def _near_vectors(asked: _Asked, row: Mapping[str, Any]) -> list[Reason]:
    liked = liked_by(asked.graph, [asked.user_id]).get(asked.user_id, {})
    others = [item_id for item_id in liked if item_id != asked.item_id]
    groups = [{"items": [asked.item_id], "liked": others}]
    rows = asked.graph.read("embedding/nearest_liked", model=asked.recommender.name, groups=groups, k=asked.k)
    titles = titles_of(asked.graph, (way["liked_id"] for way in rows))
    reasons = []
    for way in rows:
        title = titles[way["liked_id"]]
        text = f"{asked.title} is near to {title}, which you liked (closeness {way['score']:.2f})"
        reasons.append(Reason(text, way["score"], asked.ends(("item", title))))
    return reasons


def _shared_tags(asked: _Asked, row: Mapping[str, Any]) -> list[Reason]:
    rows = asked.ways("tags/explain")
    whole = sum(way["items"] * way["rarity"] for way in rows) or 1.0
    reasons = []
    for way in rows:
        n_items = f"{way['items']} {'item' if way['items'] == 1 else 'items'} you like"
        part = row["score"] * way["items"] * way["rarity"] / whole
        path = asked.ends(("item", n_items), ("tag", way["tag"]))
        reasons.append(Reason(f"{asked.title} is tagged {way['tag']}, like {n_items}", part, path))
    return reasons


def _friends(asked: _Asked, row: Mapping[str, Any]) -> list[Reason]:
    if row["people"] < asked.recommender.least_people:
        return [Reason(f"you may like {asked.title}", row["score"], asked.ends())]
    text = f"{row['people']} of the people you follow liked {asked.title}"
    return [Reason(text, row["score"], asked.ends(("people", f"{people(row['people'], '')}you follow")))]


def _said(asked: _Asked, row: Mapping[str, Any]) -> list[Reason]:
    """What the model itself says."""
    named = asked.recommender.reasons([row])[0]
    return [Reason(f"{asked.title}: {named}", row["score"], asked.ends())]


def _everybody(asked: _Asked, row: Mapping[str, Any]) -> list[Reason]:
    if row["people"] < asked.recommender.least_people:
        return [Reason(f"{asked.title} is little known yet", row["score"], asked.ends())]
    text = f"{people(row['people'], 'liked')} {asked.title}"
    return [Reason(text, row["score"], (("people", people(row["people"], "").strip()), ("item", asked.title)))]


_EXPLAINERS: Mapping[str, Callable[[_Asked, Mapping[str, Any]], Sequence[Reason]]] = {
    "blend": _blended,
    "walk": _through_people,
    "cooccurrence": _through_people,
    "lightgcn": _near_vectors,
    "tags": _shared_tags,
    "friends": _friends,
    "popular": _everybody,
    "trending": _everybody,
    **dict.fromkeys(FILTER_NAMES, _similar_items),
    **dict.fromkeys(SCORING_NAMES, _said),
}
