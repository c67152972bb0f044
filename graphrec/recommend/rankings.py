"""One ranking for everybody, less what each has seen: popular and trending items, from the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphrec.graph import Graph
from graphrec.recommend.asking import GraphRecommender, Row, masks
from graphrec.recommend.base import Candidates
from graphrec.recommend.history import ask, people, seen_by


class RankingRecommender(GraphRecommender):
    """A query that knows no user. It is asked once a batch, for k and as many more as the users have seen."""

    query: str
    verb: str
    else_says: str
    """Where too few people to be counted stand behind the rank."""

    def __init__(self, graph: Graph, *, with_reasons: bool = True, **settings: Any) -> None:
        super().__init__(graph, with_reasons=with_reasons)
        self.settings = settings

    def rows_for_users(self, user_ids: Sequence[str], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """The ranking less each user's seen items. Unknown users get none."""
        seen = {user_id: frozenset(item_ids) for user_id, item_ids in seen_by(self.graph, user_ids).items()}
        most = 0 if candidates.seen else max(map(len, seen.values()), default=0)
        ranking = self.rows_for_nobody(k + most, candidates) if seen else []
        rows: list[dict[str, Any]] = []
        for user_id, hidden in seen.items():
            unseen = [row for row in ranking if candidates.seen or row["item_id"] not in hidden]
            rows += [{**row, "user_id": user_id} for row in unseen[:k]]
        return rows

    def rows_for_visitor(self, items: Mapping[str, float], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """The ranking less the visitor's items."""
        return self.rows_for_nobody(k, candidates)

    def rows_for_nobody(self, k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """The ranking itself."""
        return ask(self.graph, self.query, {"k": k, **masks(candidates), **self.settings})

    def reasons(self, rows: Sequence[Row]) -> list[str]:
        """How many people stand behind the rank."""
        counts = [row["people"] for row in rows]
        return [people(n, self.verb) if n >= self.least_people else self.else_says for n in counts]


class PopularRecommender(RankingRecommender):
    """The items that most people like."""

    name = "popular"
    query = "popular/items"
    verb = "liked it"
    else_says = "little known yet"


class TrendingRecommender(RankingRecommender):
    """The items that people have taken up most lately; each interaction counts half after a half-life."""

    name = "trending"
    query = "popular/trending"
    verb = "liked it, counted more the later they did"
    else_says = "taken up lately"
