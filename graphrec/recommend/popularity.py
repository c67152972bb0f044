"""Popular items, from memory: the baseline that every other recommender must beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphrec.errors import ModelError
from graphrec.models.popularity import Popularity
from graphrec.privacy.policy import LEAST_PEOPLE
from graphrec.recommend.base import ALL_UNSEEN, Candidates, Profile
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.tables import no_similar_items, recommendation_table
from graphrec.snapshot import Snapshot


class PopularityRecommender:
    """Ranks items by how many people like them; the same list for everybody, less what they have seen."""

    name = "popular"

    def __init__(
        self, titles: Mapping[str, str] | None = None, *, with_reasons: bool = True, least_people: int = LEAST_PEOPLE
    ) -> None:
        """Without reasons the sentences are all the same, which saves their time. `least_people`: of how few people a
        sentence never tells the number, as a home's policy has it."""
        self._titles = titles
        self._with_reasons = with_reasons
        self._least_people = least_people
        self._catalogue: Catalogue | None = None
        self._model = Popularity()
        self._order: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def fit(self, snapshot: Snapshot) -> Self:
        """Count the people who like each item."""
        return self._set(Catalogue.of(snapshot, self._titles), Popularity().fit(snapshot))

    def recommend(self, profiles: Sequence[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        """The items that most people like; score is their number. Unknown users get none, empty profiles all."""
        catalogue = self._fitted()
        order = self._order[catalogue.allows(candidates)[self._order]]
        known = [n for n, profile in enumerate(profiles) if _is_known(catalogue, profile)]
        lists = [self._unseen(catalogue, order, profiles[n], k, candidates) for n in known]
        items = np.concatenate([np.zeros(0, dtype=np.int64), *lists])
        counts = self._model.n_likers[items]
        reasons = [self._says(n) for n in counts.tolist()] if self._with_reasons else ["popular"] * len(counts)
        return recommendation_table(
            np.repeat(known, [len(x) for x in lists]), catalogue.item_ids[items], counts, reasons
        )

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        """No rows: popularity says nothing of which items are alike."""
        return no_similar_items()

    def save(self, folder: Path) -> None:
        """Write the counts and the catalogue."""
        self._fitted().save(folder)
        self._model.save(folder)

    @classmethod
    def load(cls, folder: Path, *, least_people: int = LEAST_PEOPLE) -> Self:
        """What `save` wrote."""
        catalogue = Catalogue.load(folder)
        return cls(catalogue.titles, least_people=least_people)._set(catalogue, Popularity.load(folder))

    def _set(self, catalogue: Catalogue, model: Popularity) -> Self:
        self._catalogue, self._model = catalogue, model
        order = np.argsort(-model.n_likers, kind="stable")
        self._order = order[model.n_likers[order] > 0]
        return self

    def _unseen(
        self, catalogue: Catalogue, order: npt.NDArray[np.int64], profile: Profile, k: int, candidates: Candidates
    ) -> npt.NDArray[np.int64]:
        """The first k of the order that the profile hasn't seen: they are among the first k + what it has seen."""
        if candidates.seen:
            return order[:k]
        seen = catalogue.seen_by(profile)
        begin = order[: k + len(seen)]
        return begin[~np.isin(begin, seen)][:k]

    def _says(self, n_people: int) -> str:
        """A count as a reason; of few people not how few."""
        return f"{n_people} people liked it" if n_people >= self._least_people else "little known yet"

    def _fitted(self) -> Catalogue:
        if self._catalogue is None:
            raise ModelError("the popular recommender has learnt nothing yet; call fit(snapshot) or load(folder)")
        return self._catalogue


def _is_known(catalogue: Catalogue, profile: Profile) -> bool:
    return profile.user_id is None or bool(profile.items) or catalogue.user_idx(profile.user_id) >= 0
