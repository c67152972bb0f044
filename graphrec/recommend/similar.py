"""Recommendation from a published version's graph of similar items: a linear filter of what a profile likes now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphrec.errors import ModelError
from graphrec.graph import Graph
from graphrec.recommend.asking import GraphRecommender, Row, masks
from graphrec.recommend.base import Candidates
from graphrec.recommend.history import ask, settings_of, titles_of
from graphrec.versions import current


class SimilarRecommender(GraphRecommender):
    """Adds up what each liked item gives to the items that are stored as similar to it.

    Its settings are parameters of `similar/recommend`. ModelError where no version with similar items is published.
    """

    def __init__(self, graph: Graph, *, name: str, with_reasons: bool = True, **settings: Any) -> None:
        super().__init__(graph, with_reasons=with_reasons)
        self.name = name
        self.settings = {"model": name, **settings}
        live = current(graph, name)
        if live is None or not live.n_neighbours:
            raise ModelError(
                f"the graph holds no similar items by {name} yet; train it with `graphrec train --model {name}`"
            )

    def rows_for_users(self, user_ids: Sequence[str], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """The rows of similar/recommend."""
        given = {"user_ids": list(user_ids), "k": k, "include_seen": candidates.seen, **masks(candidates)}
        return ask(self.graph, "similar/recommend", {**given, **self.settings})

    def rows_for_visitor(self, items: Mapping[str, float], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """The same sum over weighted items, with the item that adds most."""
        given = [{"visitor": 0, "items": [[item_id, weight] for item_id, weight in items.items()]}]
        mask = {"include_seen": candidates.seen, **masks(candidates)}
        return self._ask("similar/from_items", visitors=given, k=k, **mask)

    def rows_for_items(self, item_ids: Sequence[str], k: int) -> list[dict[str, Any]]:
        """The rows of similar/items."""
        return self._ask("similar/items", item_ids=list(item_ids), k=k)

    def reasons(self, rows: Sequence[Row]) -> list[str]:
        """“because you liked Alien (1979)”: the liked item that adds most."""
        if not self.with_reasons:
            return ["because of what you liked"] * len(rows)
        users: dict[str, list[str]] = {}
        for row in rows:
            if "user_id" in row:
                users.setdefault(row["user_id"], []).append(row["item_id"])
        wanted = [{"user_id": user_id, "item_ids": item_ids} for user_id, item_ids in users.items()]
        ways = self._ask("similar/explain", wanted=wanted, k=1) if wanted else []
        found = {(way["user_id"], way["item_id"]): way["because_id"] for way in ways}
        because = [row.get("because_id") or found.get((row["user_id"], row["item_id"])) for row in rows]
        titles = titles_of(self.graph, {item_id for item_id in because if item_id})
        return [
            f"because you liked {titles[item_id]}" if item_id else self.unreached(row)
            for row, item_id in zip(rows, because, strict=True)
        ]

    def unreached(self, row: Row) -> str:
        """What stands for the liked item where no similar items lead to a row."""
        return "because of what you liked"

    def similar_reasons(self, rows: Sequence[Row]) -> list[str]:
        """From where the likes lead there; of how many people isn't known."""
        titles = titles_of(self.graph, (row["item_id"] for row in rows))
        return [f"it goes well with {titles[row['item_id']]}" for row in rows]

    def _ask(self, query: str, **given: Any) -> list[dict[str, Any]]:
        return ask(self.graph, query, {**given, **settings_of(query, self.settings)})


class LiveBlendRecommender(SimilarRecommender):
    """A blend's graph of similar items, its vectors and popularity, weighed as it was learnt: `blend/recommend`.

    Visitors and similar items are served by the graph alone, which needs no vector of theirs.
    """

    def __init__(self, graph: Graph, *, with_reasons: bool = True, **settings: Any) -> None:
        super().__init__(graph, name="blend", with_reasons=with_reasons, **settings)

    def rows_for_users(self, user_ids: Sequence[str], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """The rows of blend/recommend."""
        given = {"user_ids": list(user_ids), "k": k, "include_seen": candidates.seen, **masks(candidates)}
        return ask(self.graph, "blend/recommend", {**given, **self.settings})

    def unreached(self, row: Row) -> str:
        """What stands for the liked item where no similar items lead to a row."""
        return "near to your taste" if row.get("vectors", 0.0) > 0 else "of the popular items"
