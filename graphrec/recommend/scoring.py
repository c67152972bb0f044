"""Recommendation by any model that scores items, in memory: in blocks, masked before the cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphrec.errors import ModelError
from graphrec.models import load_model
from graphrec.models.base import Block, Explaining, HasCloseness, HasItemVectors, Progress, RatingModel, ScoringModel
from graphrec.models.filters.item_filter import BLOCK
from graphrec.recommend.base import ALL_UNSEEN, Candidates, Profile
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.filtering import rows_of
from graphrec.recommend.histories import Histories
from graphrec.recommend.tables import (
    concat_tables,
    no_recommendations,
    no_similar_items,
    recommendation_table,
    similar_table,
)
from graphrec.recommend.topk import Best, top_k
from graphrec.snapshot import Snapshot
from graphrec.snapshot.columns import positions

Ints = npt.NDArray[np.int64]


class ScoringRecommender:
    """Ranks items by a model's scores for the profile: its user, where the model knows them, and what they like now.

    Who likes nothing gets no rows. Similar items are those of the nearest vectors, where the model has such; else those
    that score highest for somebody who likes the one item alone.
    """

    def __init__(
        self,
        model: ScoringModel,
        *,
        titles: Mapping[str, str] | None = None,
        progress: Progress | None = None,
        with_reasons: bool = True,
    ) -> None:
        """Without reasons all sentences are the same, which saves their time."""
        self.name = model.name
        self.with_reasons = with_reasons
        self._model = model
        self._titles = titles
        self._progress = progress
        self._known: tuple[Catalogue, Histories] | None = None

    @classmethod
    def over(
        cls, model: ScoringModel, catalogue: Catalogue, histories: Histories, *, with_reasons: bool = True
    ) -> Self:
        """A recommender by a model that is fitted already; the catalogue's items are the model's."""
        found = cls(model, titles=catalogue.titles, with_reasons=with_reasons)
        found._known = catalogue, histories
        return found

    def fit(self, snapshot: Snapshot) -> Self:
        """Fit the model."""
        self._model.fit(snapshot, self._progress)
        self._known = Catalogue.of(snapshot, self._titles), Histories.of(snapshot)
        return self

    def recommend(self, profiles: Sequence[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        """The items of the largest score."""
        catalogue, _ = self._fitted()
        items = {n: catalogue.items_of(profile) for n, profile in enumerate(profiles)}
        known = [n for n, (liked, _) in items.items() if len(liked)]
        tables = []
        for start in range(0, len(known), BLOCK):
            asked = known[start : start + BLOCK]
            block = self._block([profiles[n] for n in asked], [items[n] for n in asked])
            scores = self._scores(block)
            catalogue.mask(scores, [profiles[n] for n in asked], candidates)
            best = top_k(scores, k)
            found = np.array(asked)[best.row]
            tables.append(
                recommendation_table(found, catalogue.item_ids[best.column], best.score, self._reasons(block, best))
            )
        return concat_tables(tables, no_recommendations())

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        """The items nearest to each. Unknown items, and those of which the model knows nothing, give no rows."""
        catalogue, _ = self._fitted()
        places = {i: n for i, n in zip(item_ids, catalogue.item_idx(item_ids).tolist(), strict=True) if n >= 0}
        asked = list(places.values())
        tables = []
        for start in range(0, len(asked), BLOCK):
            block = np.array(asked[start : start + BLOCK], dtype=np.int64)
            scores = self._closeness(block)
            scores[np.arange(len(block)), block] = -np.inf
            best = top_k(scores, k)
            reasons = [f"it goes well with {catalogue.title(block[row])}" for row in best.row]
            ids = catalogue.item_ids[block[best.row]], catalogue.item_ids[best.column]
            tables.append(similar_table(*ids, best.score, reasons))
        return concat_tables(tables, no_similar_items())

    def save(self, folder: Path) -> None:
        """Write the model, the catalogue and the histories."""
        catalogue, histories = self._fitted()
        catalogue.save(folder)
        histories.save(folder)
        (folder / "model.txt").write_text(self.name, encoding="utf-8")
        self._model.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        catalogue, histories = Catalogue.load(folder), Histories.load(folder)
        model = load_model((folder / "model.txt").read_text(encoding="utf-8"), folder)
        return cls.over(cast(ScoringModel, model), catalogue, histories)

    def _block(self, profiles: Sequence[Profile], items: Sequence[tuple[Ints, npt.NDArray[np.float64]]]) -> Block:
        catalogue, histories = self._fitted()
        named = [profile.user_id for profile in profiles]
        users = positions(self._model.user_ids, ["" if user_id is None else user_id for user_id in named])
        users[[catalogue.user_idx(user_id) < 0 for user_id in named]] = -1  # opted out since the fit, or a visitor
        told = [
            histories.of_profile(catalogue, profile, liked) for profile, (liked, _) in zip(profiles, items, strict=True)
        ]
        contexts = tuple(profile.context for profile in profiles)
        return Block(rows_of(items, len(catalogue.item_ids)), users, tuple(told), contexts)

    def _scores(self, block: Block) -> npt.NDArray[np.floating]:
        scores = self._model.scores(block)
        np.copyto(scores, -np.inf, where=np.isnan(scores))
        return scores

    def _closeness(self, items: Ints) -> npt.NDArray[np.floating]:
        """How near every item is to each of some."""
        if isinstance(self._model, HasCloseness):
            return self._model.closeness(items)
        if isinstance(self._model, HasItemVectors):
            unit = _unit(self._model.item_vectors)
            scores = unit[items] @ unit.T
            there = np.asarray(unit.any(axis=1))
            scores[:, ~there] = scores[~there[items]] = -np.inf
            return scores
        lone = [(items[[n]], np.ones(1)) for n in range(len(items))]
        rows = rows_of(lone, len(self._model.item_ids))
        nobody = np.full(len(items), -1, dtype=np.int64)
        return self._scores(Block(rows, nobody, tuple(liked for liked, _ in lone)))

    def _reasons(self, block: Block, best: Best) -> list[str]:
        """The model's own where it has some; else the liked item that is nearest."""
        if not self.with_reasons:
            return ["because of what you liked"] * len(best.row)
        catalogue, _ = self._fitted()
        if isinstance(self._model, Explaining):
            return self._model.reasons(block, best.row, best.column, catalogue.title)
        if not isinstance(self._model, HasItemVectors):
            return [f"goes with what you liked, such as {catalogue.title(block.histories[r][-1])}" for r in best.row]
        unit = _unit(self._model.item_vectors)
        reasons: list[str] = []
        bounds = np.searchsorted(best.row, np.arange(len(block.users) + 1))
        for row, liked in enumerate(block.histories):
            columns = best.column[bounds[row] : bounds[row + 1]]
            nearest = liked[(unit[columns] @ unit[liked].T).argmax(axis=1)] if len(columns) else liked[:0]
            reasons += [f"near to {catalogue.title(item)}, which you liked" for item in nearest]
        return reasons

    def _fitted(self) -> tuple[Catalogue, Histories]:
        if self._known is None:
            raise ModelError(f"the recommender {self.name} has learnt nothing yet; call fit(snapshot) or load(folder)")
        return self._known


class RatingRecommender(ScoringRecommender):
    """A recommender by a model of ratings, which are predicted as well as ranked by."""

    _model: RatingModel

    def predict(self, user_ids: Sequence[str], item_ids: Sequence[str]) -> npt.NDArray[np.float64]:
        """What each user would rate each item with, pair by pair; of those unknown, what is known of all."""
        self._fitted()
        return self._model.predict(
            positions(self._model.user_ids, list(user_ids)), positions(self._model.item_ids, list(item_ids))
        )


def scoring_recommender(
    model: ScoringModel,
    *,
    titles: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    with_reasons: bool = True,
) -> ScoringRecommender:
    """The recommender by a model: one that predicts ratings where the model does."""
    kind = RatingRecommender if isinstance(model, RatingModel) else ScoringRecommender
    return kind(model, titles=titles, progress=progress, with_reasons=with_reasons)


def _unit(vectors: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1))
