"""Recommendation from a published version's vectors in the graph: by the vector index, exactly where it falls short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphrec.errors import ModelError
from graphrec.graph import Graph
from graphrec.recommend.asking import GraphRecommender, Row
from graphrec.recommend.base import Candidates
from graphrec.recommend.history import liked_by, titled
from graphrec.versions import current

OVERFETCH = 2.0
"""How many times more than needed the index is asked for; what it finds is scored again exactly."""


class LightGCNRecommender(GraphRecommender):
    """Ranks items by the cosine of their vector with the user's, or with the mean of a visitor's items.

    The vector index answers; where it finds fewer than k, or where only some items are allowed or seen ones may come
    back, every item is compared. ModelError where no version has been published.
    """

    def __init__(
        self, graph: Graph, *, name: str = "lightgcn", overfetch: float = OVERFETCH, with_reasons: bool = True
    ) -> None:
        super().__init__(graph, with_reasons=with_reasons)
        self.name = name
        self.overfetch = overfetch
        if current(graph, name) is None:
            raise ModelError(f"the graph holds no version of {name} yet; train one with `graphrec train`")

    def rows_for_users(self, user_ids: Sequence[str], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """Rows of user_id, item_id and score; the exact search answers for users whom the index gives too few."""
        excluded = sorted(candidates.excluded)
        if candidates.allowed is not None or candidates.seen:
            return self._exact(user_ids, k, candidates)
        asked = {"model": self.name, "k": k, "excluded": excluded}
        rows = self.graph.read("embedding/search", user_ids=list(user_ids), overfetch=self.overfetch, **asked)
        found = dict.fromkeys(user_ids, 0)
        for row in rows:
            found[row["user_id"]] += 1
        short = [user_id for user_id, n_found in found.items() if n_found < k]
        if not short:
            return rows
        return [r for r in rows if found[r["user_id"]] >= k] + self._exact(short, k, candidates)

    def rows_for_visitor(self, items: Mapping[str, float], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """Rows of item_id, score and the liked items, for the weighted mean of the items' vectors."""
        asked: dict[str, Any] = {"model": self.name, "k": k, "excluded": sorted(candidates.excluded)}
        asked |= {"item_ids": list(items), "weights": list(items.values())}
        rows: list[dict[str, Any]] = []
        if candidates.allowed is None and candidates.excluded >= set(items):
            rows = self.graph.read("embedding/visitor", overfetch=self.overfetch, **asked)
        if len(rows) < k:
            rows = self.graph.read("embedding/visitor_exact", allowed=_sorted(candidates.allowed), **asked)
        return [{**row, "liked": tuple(items)} for row in rows]

    def rows_for_items(self, item_ids: Sequence[str], k: int) -> list[dict[str, Any]]:
        """Rows of item_id, similar_id and score."""
        asked = {"model": self.name, "item_ids": list(item_ids), "k": k, "overfetch": self.overfetch}
        return self.graph.read("embedding/similar", **asked)

    def reasons(self, rows: Sequence[Row]) -> list[str]:
        """“near to Alien (1979), which you liked”: the liked item whose vector lies nearest."""
        if not self.with_reasons:
            return ["near to your taste"] * len(rows)
        groups: dict[Any, list[str]] = {}
        for row in rows:
            groups.setdefault(_whose(row), []).append(row["item_id"])
        liked = liked_by(self.graph, [key for key in groups if isinstance(key, str)])
        asked = [{"items": items, "liked": list(liked.get(key, key))} for key, items in groups.items()]
        found = self.graph.read("embedding/nearest_liked", model=self.name, groups=asked, k=1)
        nearest = {(row["position"], row["item_id"]): titled(row["liked_id"], row["liked_title"]) for row in found}
        position = {key: n for n, key in enumerate(groups)}
        titles = [nearest.get((position[_whose(row)], row["item_id"])) for row in rows]
        return [f"near to {t}, which you liked" if t else "near to your taste" for t in titles]

    def similar_reasons(self, rows: Sequence[Row]) -> list[str]:
        """The same for all: what a small distance between vectors means."""
        return ["near to it"] * len(rows)

    def _exact(self, user_ids: Sequence[str], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        return self.graph.read(
            "embedding/exact",
            model=self.name,
            user_ids=list(user_ids),
            k=k,
            allowed=_sorted(candidates.allowed),
            excluded=sorted(candidates.excluded),
            seen=candidates.seen,
        )


def _whose(row: Row) -> Any:
    """Whose likes explain a row: a user's id, or the items of a visitor."""
    return row["liked"] if "liked" in row else row["user_id"]


def _sorted(ids: frozenset[str] | None) -> list[str] | None:
    return None if ids is None else sorted(ids)
