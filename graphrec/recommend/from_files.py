"""Recommendation by a model that lies in the files of its version, for what the graph says that users like now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from graphrec.graph import Graph
from graphrec.recommend.asking import GraphRecommender, Row
from graphrec.recommend.base import ALL_UNSEEN, Candidates, Profile
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.histories import Histories
from graphrec.recommend.history import liked_by, seen_by, titles_of
from graphrec.recommend.in_blocks import rows_of
from graphrec.recommend.kept import kept_model
from graphrec.recommend.scoring import ScoringRecommender
from graphrec.snapshot.columns import positions

MOST_LIKED = 10_000
"""Likes of a user that are read, the latest."""

Likes = Mapping[str, Mapping[str, float]]


class FilesRecommender(GraphRecommender):
    """Ranks items by a trained model. Likes and seen items are those of the graph, as they are now.

    Items that came after the training wait for the next. ModelError where no version is live.
    """

    def __init__(self, graph: Graph, *, name: str, with_reasons: bool = True) -> None:
        super().__init__(graph, with_reasons=with_reasons)
        self.name = name
        self._model = kept_model(graph, name)

    def recommend(self, profiles: Sequence[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        """Rows of RECOMMENDATION_COLUMNS; two queries for all known users."""
        asked = sorted({profile.user_id for profile in profiles if profile.user_id is not None})
        latest = liked_by(self.graph, asked, MOST_LIKED, stated=True)
        oldest = {user_id: dict(reversed(liked.items())) for user_id, liked in latest.items()}
        seen = {} if candidates.seen or not asked else seen_by(self.graph, asked)
        given = {item_id for profile in profiles for item_id in profile.items}
        return self._over(oldest, seen, given).recommend(profiles, k, candidates)

    def rows_for_users(self, user_ids: Sequence[str], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """Rows of user_id, item_id, score and reason."""
        found = self.recommend([Profile(user_id) for user_id in user_ids], k, candidates)
        return _rows(found, {"user_id": [user_ids[n] for n in found["profile"]]})

    def rows_for_items(self, item_ids: Sequence[str], k: int) -> list[dict[str, Any]]:
        """Rows of item_id, similar_id, score and reason."""
        found = self._over({}, {}, item_ids).similar_items(item_ids, k)
        return _rows(found, {"similar_id": found["similar_id"].tolist()})

    def reasons(self, rows: Sequence[Row]) -> list[str]:
        """Those that the ranking gave."""
        return [row["reason"] for row in rows]

    def _over(self, likes: Likes, seen: Mapping[str, Sequence[str]], named: Iterable[str] = ()) -> ScoringRecommender:
        """The recommender over some users alone, whose likes come the oldest first; `named`: more items to be told."""
        ids, users = self._model.item_ids, sorted({*likes, *seen})
        places = [positions(ids, list(likes.get(user, ()))) for user in users]
        weights = [np.array(list(likes.get(user, {}).values())) for user in users]
        liked = [(place[place >= 0], weight[place >= 0]) for place, weight in zip(places, weights, strict=True)]
        looked = [positions(ids, list(seen.get(user, ()))) for user in users]
        shown = [(place[place >= 0], np.ones(int((place >= 0).sum()))) for place in looked]
        told = {item_id for user in likes for item_id in likes[user]} | set(named) if self.with_reasons else set(named)
        catalogue = Catalogue(
            np.array([*users, None], dtype=object)[:-1],
            ids,
            _sorted(rows_of(liked, len(ids))),
            _sorted(rows_of(shown, len(ids))).astype(bool),
            titles_of(self.graph, told) if told else {},
        )
        histories = Histories.of_lists([place for place, _ in liked])
        return ScoringRecommender.over(self._model, catalogue, histories, with_reasons=self.with_reasons)


def _sorted(matrix: sparse.csr_array) -> sparse.csr_array:
    matrix.sort_indices()
    return matrix


def _rows(table: pd.DataFrame, more: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    columns = {name: table[name].tolist() for name in ("item_id", "score", "reason")} | dict(more)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
