"""Recommenders that follow the graph's paths from what a profile likes: walk, co-occurrence, tags, friends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphrec.graph import Graph
from graphrec.recommend.asking import GraphRecommender, Row, masks
from graphrec.recommend.base import Candidates
from graphrec.recommend.history import ask, people, settings_of, sum_by_item, titles_of

DEPTH = 200
"""How many items similar to each of a visitor's items are added up."""


NEAR = "near to what you like"
MAYBE = "you may like it"
"""Where more would say who of few people likes it."""


class PathRecommender(GraphRecommender):
    """One query for users; its settings are the query's parameters."""

    query: str

    def __init__(self, graph: Graph, *, with_reasons: bool = True, **settings: Any) -> None:
        super().__init__(graph, with_reasons=with_reasons)
        self.settings = settings

    def rows_for_users(self, user_ids: Sequence[str], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """The rows of the query."""
        given = {"user_ids": list(user_ids), "k": k, "include_seen": candidates.seen, **masks(candidates)}
        return ask(self.graph, self.query, {**given, **self.settings})

    def _also_liked(self, rows: Sequence[Row], because: Mapping[tuple[str, str], Row]) -> list[str]:
        """“12 people who liked Alien (1979) also liked this”, without the item where it isn't known, or without the
        people where they are too few to be counted."""
        titles = titles_of(self.graph, (row["because_id"] for row in because.values()))
        sentences = []
        for row in rows:
            found = because.get((str(row.get("user_id", row.get("visitor"))), row["item_id"]))
            sentences.append(self._sentence(row, found, titles))
        return sentences

    def _sentence(self, row: Row, found: Row | None, titles: Mapping[str, str]) -> str:
        n_people = row["people"] if found is None else found["people"]
        is_told = n_people is not None and n_people >= self.least_people
        if found is None:
            return f"{people(n_people, 'who liked what you like')} also liked this" if is_told else NEAR
        title = titles[found["because_id"]]
        return f"{people(n_people, f'who liked {title}')} also liked this" if is_told else f"because you liked {title}"

    def _both_liked(self, n_people: int, verb: str) -> str:
        return people(n_people, verb) if n_people >= self.least_people else "it goes well with that"

    def _because(self, query: str, wanted: list[dict[str, Any]], key: str) -> dict[tuple[str, str], Row]:
        """The first row of an explaining query for each user (or visitor) and item."""
        given = {"wanted": wanted, "k": 1, **settings_of(query, self.settings)}
        rows = ask(self.graph, query, given) if wanted else []
        return {(str(row[key]), row["item_id"]): row for row in rows}


class WalkRecommender(PathRecommender):
    """A walk of three steps, from liked items to like-minded people to what they like; popular items damped."""

    name = "walk"
    query = "walk/recommend"

    def rows_for_visitor(self, items: Mapping[str, float], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """The same walk from weighted items."""
        given = [{"visitor": 0, "items": [[item_id, weight] for item_id, weight in items.items()]}]
        mask = {"include_seen": candidates.seen, **masks(candidates)}
        settings = settings_of("walk/from_items", self.settings)
        rows = ask(self.graph, "walk/from_items", {"visitors": given, "k": k, **mask, **settings})
        return [{**row, "items": given[0]["items"]} for row in rows]

    def rows_for_items(self, item_ids: Sequence[str], k: int) -> list[dict[str, Any]]:
        """The walk from each item."""
        settings = settings_of("walk/from_item", self.settings)
        return ask(self.graph, "walk/from_item", {"item_ids": list(item_ids), "k": k, **settings})

    def reasons(self, rows: Sequence[Row]) -> list[str]:
        """Through which liked item most of the score comes, and how many people are on that way."""
        if not self.with_reasons:
            return self._also_liked(rows, {})
        users: dict[str, list[str]] = {}
        visitors: dict[str, dict[str, Any]] = {}
        numbered = [dict(row) for row in rows]
        for row in numbered:
            if "user_id" in row:
                users.setdefault(row["user_id"], []).append(row["item_id"])
            else:
                key = repr(row["items"])
                asked = visitors.setdefault(
                    key, {"visitor": f"v{len(visitors)}", "items": row["items"], "item_ids": []}
                )
                asked["item_ids"].append(row["item_id"])
                row["visitor"] = asked["visitor"]
        wanted = [{"user_id": user_id, "item_ids": item_ids} for user_id, item_ids in users.items()]
        because = self._because("walk/explain", wanted, "user_id")
        because |= self._because("walk/explain_visitor", list(visitors.values()), "visitor")
        return self._also_liked(numbered, because)

    def similar_reasons(self, rows: Sequence[Row]) -> list[str]:
        """How many people like both."""
        return [self._both_liked(row["people"], "who liked the one liked this too") for row in rows]


class CooccurrenceRecommender(PathRecommender):
    """Items that people like together with what the profile likes, by a normalised count."""

    name = "cooccurrence"
    query = "cooccurrence/recommend"

    def rows_for_visitor(self, items: Mapping[str, float], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """The weighted sum over the items that go together with each of the visitor's."""
        given = {"k": max(DEPTH, k), **masks(candidates), **settings_of("cooccurrence/similar", self.settings)}
        rows = ask(self.graph, "cooccurrence/similar", {"item_ids": sorted(items), **given})
        return sum_by_item([(items[i], [r for r in rows if r["item_id"] == i]) for i in sorted(items)], k)

    def rows_for_items(self, item_ids: Sequence[str], k: int) -> list[dict[str, Any]]:
        """The rows of cooccurrence/similar."""
        settings = settings_of("cooccurrence/similar", self.settings)
        return ask(self.graph, "cooccurrence/similar", {"item_ids": list(item_ids), "k": k, **settings})

    def reasons(self, rows: Sequence[Row]) -> list[str]:
        """The liked item that most people like together with the recommended one, and how many."""
        because: dict[tuple[str, str], Row] = {}
        users: dict[str, list[str]] = {}
        for row in rows:
            if "user_id" in row:
                users.setdefault(row["user_id"], []).append(row["item_id"])
            else:
                because["None", row["item_id"]] = {"because_id": row["because_id"], "people": row["support"]}
        if users and self.with_reasons:
            wanted = [{"user_id": user_id, "item_ids": item_ids} for user_id, item_ids in users.items()]
            because |= self._because("cooccurrence/explain", wanted, "user_id")
        return self._also_liked(rows, because)

    def similar_reasons(self, rows: Sequence[Row]) -> list[str]:
        """How many people like both."""
        return [self._both_liked(row["support"], "liked both") for row in rows]


class TagsRecommender(PathRecommender):
    """Items that share tags with what the profile likes; rare tags count more."""

    name = "tags"
    query = "tags/recommend"

    def rows_for_visitor(self, items: Mapping[str, float], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """The weighted sum over the items that share tags with each of the visitor's."""
        given = {"k": max(DEPTH, k), **masks(candidates), **settings_of("tags/similar", self.settings)}
        rows = ask(self.graph, "tags/similar", {"item_ids": sorted(items), **given})
        return sum_by_item([(items[i], [r for r in rows if r["item_id"] == i]) for i in sorted(items)], k)

    def rows_for_items(self, item_ids: Sequence[str], k: int) -> list[dict[str, Any]]:
        """The rows of tags/similar."""
        settings = settings_of("tags/similar", self.settings)
        return ask(self.graph, "tags/similar", {"item_ids": list(item_ids), "k": k, **settings})

    def reasons(self, rows: Sequence[Row]) -> list[str]:
        """The tags that add most."""
        return [f"tagged {and_list(row['tags'][:3])}, like what you like" for row in rows]

    def similar_reasons(self, rows: Sequence[Row]) -> list[str]:
        """The shared tags that add most."""
        return [f"both are tagged {and_list(row['tags'][:3])}" for row in rows]


class FriendsRecommender(PathRecommender):
    """Items that the people whom a user follows like. A visitor follows nobody."""

    name = "friends"
    query = "people/liked_by_friends"

    def reasons(self, rows: Sequence[Row]) -> list[str]:
        """How many of those whom the user follows like it; nothing of them where they are few."""
        return [
            f"{row['people']} of the people you follow liked it" if row["people"] >= self.least_people else MAYBE
            for row in rows
        ]


def and_list(words: Sequence[str]) -> str:
    """“Horror, Sci-Fi and Thriller”."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
