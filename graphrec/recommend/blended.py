"""Recommendation by a fitted blend, in memory: exact, in blocks, masked before the cut."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from graphrec.models.base import Block
from graphrec.models.blend.model import Blend
from graphrec.recommend.base import Candidates, Profile
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.embedding import profile_vectors
from graphrec.recommend.filtering import FilterRecommender
from graphrec.recommend.topk import Best, top_k


class BlendedRecommender(FilterRecommender):
    """Ranks items by a blend. The row of a profile is that of its own items, its vector that of its user.

    A visitor has the mean of the items' vectors, a user who brings items both. The reason is the liked item that adds
    most by the graph.
    """

    _model: Blend

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        catalogue = Catalogue.load(folder)
        return cls.over(Blend.load(folder), catalogue)

    def _rank(self, block: Block, profiles: Sequence[Profile], k: int, candidates: Candidates) -> Best:
        mixture = self._model.mixture
        scores = mixture.scores(block.rows, self._vectors(profiles))
        scores[:, ~mixture.is_known] = -np.inf
        self._fitted().mask(scores, profiles, candidates)
        return top_k(scores, k)

    def _vectors(self, profiles: Sequence[Profile]) -> npt.NDArray[np.float32]:
        """A vector of length 1 for each profile, 0 where there is none."""
        vectors = self._model.user_vectors, self._model.item_vectors, self._model.ending
        found = profile_vectors(self._fitted(), profiles, *vectors)
        length = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.where(length > 0, length, 1), dtype=np.float32)
