"""Recommenders that learn from a snapshot and answer from memory, by name. They need no server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from graphrec.errors import InputError
from graphrec.models import FILTER_NAMES, SCORING_NAMES, GraphModel, Progress, create, fit
from graphrec.models.base import ScoringModel
from graphrec.models.popularity import Popularity
from graphrec.privacy.policy import LEAST_PEOPLE
from graphrec.recommend.base import FittedRecommender
from graphrec.recommend.embedding import EmbeddingRecommender, Trainer
from graphrec.recommend.filtering import FilterRecommender, HasFilter
from graphrec.recommend.popularity import PopularityRecommender
from graphrec.recommend.scoring import scoring_recommender
from graphrec.snapshot import Snapshot
from graphrec.versions.vectors import Embeddings

if TYPE_CHECKING:
    from graphrec.models.blend.model import Blend

FITTED = ("blend", "popular", "lightgcn", *FILTER_NAMES, *SCORING_NAMES)


def make_fitted(
    name: str,
    settings: Mapping[str, Any] | None = None,
    *,
    titles: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    with_reasons: bool = True,
    least_people: int = LEAST_PEOPLE,
) -> FittedRecommender:
    """The recommender of that name, before it is fitted. `settings` are those of its model; `least_people` is that of
    the policy of the home whose data it answers from, for reasons that count people."""
    if name == "popular":
        Popularity.of(settings or {})
        return PopularityRecommender(titles, with_reasons=with_reasons, least_people=least_people)
    if name == "blend":
        from graphrec.recommend.blended import BlendedRecommender  # torch comes with it

        blend = cast("Blend", create(name, settings))
        return BlendedRecommender(blend, titles=titles, progress=progress, with_reasons=with_reasons)
    if name in FILTER_NAMES:
        model = cast(HasFilter, create(name, settings))
        return FilterRecommender(model, titles=titles, progress=progress, with_reasons=with_reasons)
    if name in SCORING_NAMES:
        scoring = cast(ScoringModel, create(name, settings))
        return scoring_recommender(scoring, titles=titles, progress=progress, with_reasons=with_reasons)
    if name not in FITTED:
        raise InputError(f"no recommender {name!r} that is fitted; there are {', '.join(FITTED)}")
    learn = trainer(name, settings, progress)
    return EmbeddingRecommender(learn, name=name, titles=titles, with_reasons=with_reasons)


def trainer(name: str, settings: Mapping[str, Any] | None = None, progress: Progress | None = None) -> Trainer:
    """A function from a snapshot to the vectors of length 1 that the model of that name learns from it."""

    def train(snapshot: Snapshot) -> Embeddings:
        return cast(GraphModel, fit(name, snapshot, settings, progress)).learnt(snapshot).unit().vectors

    return train
