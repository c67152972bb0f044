"""Recommendation by any model that scores items, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self, cast
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec.models import load_model
from graphrec.models.base import Block, Explaining, HasCloseness, HasItemVectors, Progress, RatingModel, ScoringModel
from graphrec.recommend.base import Candidates, Profile
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.histories import Histories
from graphrec.recommend.in_blocks import BlockRecommender, rows_of
from graphrec.recommend.topk import Best, top_k
from graphrec.snapshot import Snapshot
from graphrec.snapshot.columns import positions

Ints = npt.NDArray[np.int64]


class ScoringRecommender(BlockRecommender):
    """Ranks items by a model's scores for the profile: its user, where the model knows them, and what they like now.

    Similar items are those of the nearest vectors, where the model has such; else those that score highest for somebody
    who likes the one item alone.
    """

    _model: ScoringModel
    _histories: Histories | None = None

    @classmethod
    def over(
        cls, model: ScoringModel, catalogue: Catalogue, histories: Histories, *, with_reasons: bool = True
    ) -> Self:
        """A recommender by a model that is fitted already; the catalogue's items are the model's."""
        found = cls(model, titles=catalogue.titles, with_reasons=with_reasons)
        found._catalogue, found._histories = catalogue, histories
        return found

    def fit(self, snapshot: Snapshot) -> Self:
        """Fit the model."""
        super().fit(snapshot)
        self._histories = Histories.of(snapshot)
        return self

    def save(self, folder: Path) -> None:
        """Write the model, the catalogue and the histories."""
        super().save(folder)
        self._told().save(folder)
        (folder / "model.txt").write_text(self.name, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        catalogue, histories = Catalogue.load(folder), Histories.load(folder)
        model = load_model((folder / "model.txt").read_text(encoding="utf-8"), folder)
        return cls.over(cast(ScoringModel, model), catalogue, histories)

    def _block(self, profiles: Sequence[Profile], rows: sparse.csr_array) -> Block:
        catalogue, histories = self._fitted(), self._told()
        named = [profile.user_id for profile in profiles]
        users = positions(self._model.user_ids, ["" if user_id is None else user_id for user_id in named])
        users[[catalogue.user_idx(user_id) < 0 for user_id in named]] = -1  # opted out since the fit, or a visitor
        liked = np.split(rows.indices, rows.indptr[1:-1])
        told = [histories.of_profile(catalogue, *pair) for pair in zip(profiles, liked, strict=True)]
        return Block(rows, users, tuple(told), tuple(profile.context for profile in profiles))

    def _rank(self, block: Block, profiles: Sequence[Profile], k: int, candidates: Candidates) -> Best:
        scores = self._scores(block)
        self._fitted().mask(scores, profiles, candidates)
        return top_k(scores, k)

    def _nearest(self, items: Ints, k: int) -> Best:
        scores = self._closeness(items)
        scores[np.arange(len(items)), items] = -np.inf
        return top_k(scores, k)

    def _scores(self, block: Block) -> npt.NDArray[np.floating]:
        scores = self._model.scores(block)
        np.copyto(scores, -np.inf, where=np.isnan(scores))
        return scores

    def _closeness(self, items: Ints) -> npt.NDArray[np.floating]:
        """How near every item is to each of some."""
        if isinstance(self._model, HasCloseness):
            return self._model.closeness(items)
        if isinstance(self._model, HasItemVectors):
            unit = _unit(self._model)
            scores = unit[items] @ unit.T
            there = np.asarray(unit.any(axis=1))
            scores[:, ~there] = scores[~there[items]] = -np.inf
            return scores
        lone = [(items[[n]], np.ones(1)) for n in range(len(items))]
        rows = rows_of(lone, len(self._model.item_ids))
        nobody = np.full(len(items), -1, dtype=np.int64)
        return self._scores(Block(rows, nobody, tuple(liked for liked, _ in lone)))

    def _because(self, block: Block, best: Best) -> list[str]:
        """The model's own where it has some; else the liked item that is nearest."""
        catalogue = self._fitted()
        if isinstance(self._model, Explaining):
            return self._model.reasons(block, best.row, best.column, catalogue.title)
        if not isinstance(self._model, HasItemVectors):
            return [f"goes with what you liked, such as {catalogue.title(block.histories[r][-1])}" for r in best.row]
        unit = _unit(self._model)
        reasons: list[str] = []
        bounds = np.searchsorted(best.row, np.arange(len(block.users) + 1))
        for row, liked in enumerate(block.histories):
            columns = best.column[bounds[row] : bounds[row + 1]]
            nearest = liked[(unit[columns] @ unit[liked].T).argmax(axis=1)] if len(columns) else liked[:0]
            reasons += [f"near to {catalogue.title(item)}, which you liked" for item in nearest]
        return reasons

    def _told(self) -> Histories:
        self._fitted()
        assert self._histories is not None  # it comes with the catalogue
        return self._histories


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


_UNITS: WeakKeyDictionary[HasItemVectors, tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]] = WeakKeyDictionary()
"""By model, its vectors of items and the same of length 1: asked for by every answer, and all of them are needed."""


def _unit(model: HasItemVectors) -> npt.NDArray[np.float64]:
    """The vectors of items at length 1, made once for each fit of a model."""
    vectors = model.item_vectors
    there = _UNITS.get(model)
    if there is None or there[0] is not vectors:
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
        there = _UNITS[model] = vectors, np.asarray(vectors / np.where(lengths > 0, lengths, 1))
    return there[1]
