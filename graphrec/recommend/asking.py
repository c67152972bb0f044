"""What recommenders that ask the graph share: profiles in, rows of queries out, tables back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from graphrec.graph import Graph
from graphrec.recommend.base import ALL_UNSEEN, Candidates, Profile
from graphrec.recommend.history import least_people, liked_by, seen_by
from graphrec.recommend.tables import no_similar_items, recommendation_table, similar_table

Row = Mapping[str, Any]


class GraphRecommender(ABC):
    """Answers by queries: known users in one batch, visitors (weighted items) one by one.

    A profile with both a user and items is a visitor whose items are the user's and its own together. A subclass
    says which queries to run and how a row becomes a sentence.
    """

    name: str

    def __init__(self, graph: Graph, *, with_reasons: bool = True) -> None:
        """Reasons cost about as much as the ranking; without them the sentences say only what the ranking knows."""
        self.graph = graph
        self.with_reasons = with_reasons
        self.least_people = least_people(graph)

    @property
    def finds_similar(self) -> bool:
        """Whether it says which items are alike."""
        return type(self).rows_for_items is not GraphRecommender.rows_for_items

    def recommend(self, profiles: Sequence[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        """Rows of RECOMMENDATION_COLUMNS, one query for all known users and one a visitor."""
        asked = sorted({p.user_id for p in profiles if p.user_id is not None and not p.items})
        by_user: dict[str, list[dict[str, Any]]] = {}
        for row in self.rows_for_users(asked, k, candidates) if asked else ():
            by_user.setdefault(row["user_id"], []).append(row)
        rows: list[tuple[int, Row]] = []
        for n, profile in enumerate(profiles):
            if profile.items:
                found = self.rows_for_visitor(self._all_items(profile), k, self._unseen_by(profile, candidates))
            elif profile.user_id is None:
                found = self.rows_for_nobody(k, candidates)
            else:
                found = by_user.get(profile.user_id, [])
            rows += [(n, row) for row in found]
        return self._table(rows)

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        """Rows of SIMILAR_COLUMNS in one query; an item asked for twice is answered once."""
        asked = list(dict.fromkeys(item_ids))
        rows = self.rows_for_items(asked, k) if asked else []
        if not rows:
            return no_similar_items()
        asked_ids, similar_ids, scores = ([row[name] for row in rows] for name in ("item_id", "similar_id", "score"))
        return similar_table(asked_ids, similar_ids, scores, self.similar_reasons(rows))

    @abstractmethod
    def rows_for_users(self, user_ids: Sequence[str], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """Rows of user_id, item_id, score and whatever `reasons` needs; a user's rows stand together, best first."""

    def rows_for_visitor(self, items: Mapping[str, float], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """Rows of item_id, score …, for somebody known by weighted items; `candidates` leave those items out."""
        return []

    def rows_for_nobody(self, k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """Rows for an empty profile."""
        return []

    def rows_for_items(self, item_ids: Sequence[str], k: int) -> list[dict[str, Any]]:
        """Rows of item_id, similar_id, score and whatever `similar_reasons` needs."""
        return []

    @abstractmethod
    def reasons(self, rows: Sequence[Row]) -> list[str]:
        """A plain sentence for each recommended row; people only as counts, and never fewer than `least_people`."""

    def similar_reasons(self, rows: Sequence[Row]) -> list[str]:
        """A plain sentence for each similar row."""
        return self.reasons(rows)

    def _table(self, rows: list[tuple[int, Row]]) -> pd.DataFrame:
        found = [row for _, row in rows]
        item_ids, scores = [row["item_id"] for row in found], [row["score"] for row in found]
        return recommendation_table([n for n, _ in rows], item_ids, scores, self.reasons(found) if found else [])

    def _all_items(self, profile: Profile) -> Mapping[str, float]:
        user_ids = [] if profile.user_id is None else [profile.user_id]
        liked = liked_by(self.graph, user_ids).get(profile.user_id or "", {})
        return {item_id: w for item_id, w in {**liked, **profile.items}.items() if w > 0}

    def _unseen_by(self, profile: Profile, candidates: Candidates) -> Candidates:
        if candidates.seen:
            return candidates
        user_ids = [] if profile.user_id is None else [profile.user_id]
        seen = seen_by(self.graph, user_ids).get(profile.user_id or "", [])
        return Candidates(candidates.allowed, candidates.excluded | set(profile.items) | set(seen), seen=True)


def masks(candidates: Candidates) -> dict[str, Any]:
    """The candidates as the parameters that the queries share."""
    allowed = None if candidates.allowed is None else sorted(candidates.allowed)
    return {"allowed": allowed, "excluded": sorted(candidates.excluded)}
