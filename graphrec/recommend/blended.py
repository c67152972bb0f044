"""Recommendation by a fitted blend, in memory: exact, in blocks, masked before the cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec.models.base import Progress
from graphrec.models.blend.model import Blend
from graphrec.recommend.base import Candidates, Profile
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.filtering import FilterRecommender
from graphrec.recommend.topk import Best, top_k


class BlendedRecommender(FilterRecommender):
    """Ranks items by a blend. The row of a profile is that of its own items, its vector that of its user.

    A visitor has the mean of the items' vectors, a user who brings items both. The reason is the liked item that adds
    most by the graph.
    """

    def __init__(
        self,
        model: Blend,
        *,
        titles: Mapping[str, str] | None = None,
        progress: Progress | None = None,
        with_reasons: bool = True,
    ) -> None:
        super().__init__(model, titles=titles, progress=progress, with_reasons=with_reasons)
        self._blend = model

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        catalogue = Catalogue.load(folder)
        found = cls(Blend.load(folder), titles=catalogue.titles)
        found._catalogue = catalogue
        return found

    def _rank(self, rows: sparse.csr_array, profiles: Sequence[Profile], k: int, candidates: Candidates) -> Best:
        mixture = self._blend.mixture
        scores = mixture.scores(rows, self._vectors(profiles))
        scores[:, ~mixture.is_known] = -np.inf
        self._fitted().mask(scores, profiles, candidates)
        return top_k(scores, k)

    def _vectors(self, profiles: Sequence[Profile]) -> npt.NDArray[np.float32]:
        """A vector of length 1 for each profile, 0 where there is none."""
        catalogue, items = self._fitted(), self._blend.item_vectors
        found = np.zeros((len(profiles), items.shape[1]), dtype=np.float32)
        for row, profile in enumerate(profiles):
            user = catalogue.user_idx(profile.user_id)
            own = [(i, w) for i, w in zip(catalogue.item_idx(list(profile.items)), profile.items.values(), strict=True)]
            own = [(i, w) for i, w in own if i >= 0 and w > 0]
            if user >= 0:
                found[row] = self._blend.user_vectors[user]
            if own:
                weights = np.array([w for _, w in own], dtype=np.float32)
                found[row] += weights @ items[[i for i, _ in own]] / weights.sum()
        length = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.where(length > 0, length, 1), dtype=np.float32)
