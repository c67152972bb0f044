"""The list of a user who takes part in an experiment: by the variant, or drafted from both of two."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from graphrec.errors import ModelError
from graphrec.experiments import Pick, Variant, team_draft
from graphrec.recommend.base import Profile
from graphrec.service.routes.live import ranked_by
from graphrec.service.stages import stage
from graphrec.service.trials import Trial
from graphrec.service.variants import is_from_memory, with_settings
from graphrec.serving.ranking import Answer, rank
from graphrec.serving.state import State
from graphrec.serving.why import sentences
from graphrec.serving.wish import Wish

if TYPE_CHECKING:
    from graphrec.service.app import Service

STRATEGY = "interleaved"


async def answered(service: Service, state: State, trial: Trial, profile: Profile, wish: Wish) -> tuple[Answer, Trial]:
    """The page that a trial's user gets, and the trial with the teams of its items where there are some."""
    if trial.variant is not None:
        return await _by_variant(service, state, trial.variant, profile, wish), trial
    n = wish.offset + wish.k
    variants = trial.experiment.variants
    whole = replace(wish, k=n, offset=0)
    asked = [_by_variant(service, state, variant, profile, whole) for variant in variants]
    answers = await asyncio.gather(*asked)
    with stage(service, "draft"):
        names = state.catalogue.ids.names
        rankings = [[names[item] for item in answer.items.tolist()] for answer in answers]
        seed = f"{trial.experiment.salt or trial.experiment.name}/{profile.user_id}/{wish.seed}"
        picks = team_draft(rankings[0], rankings[1], n, seed)[wish.offset :]
        teams = [None if pick.team is None else variants[pick.team].name for pick in picks]
        return _joined(state, answers, rankings, picks), trial.with_teams(teams)


async def _by_variant(service: Service, state: State, variant: Variant, profile: Profile, wish: Wish) -> Answer:
    wanted = with_settings(wish, variant, state.pipeline)
    if not is_from_memory(variant):
        try:
            return await ranked_by(service, state, ",".join(variant.recommenders), profile, wanted)
        except ModelError:  # its version is gone since the start
            pass
    with stage(service, "rank"):
        return rank(state, profile, wanted)


def _joined(state: State, answers: list[Answer], rankings: list[list[str]], picks: list[Pick]) -> Answer:
    """The picks with the scores and reasons that they had in the ranking that they come from."""
    places = [{item: place for place, item in enumerate(ranking)} for ranking in rankings]
    told = [sentences(state, answer) for answer in answers]
    teams = [pick.team if pick.team is not None else int(pick.item_id not in places[0]) for pick in picks]
    found = [(team, places[team][pick.item_id]) for team, pick in zip(teams, picks, strict=True)]
    fallbacks = dict.fromkeys(fallback for answer in answers for fallback in answer.fallbacks)
    return Answer(
        items=np.array([answers[team].items[place] for team, place in found], dtype=np.int64),
        scores=np.array([answers[team].scores[place] for team, place in found], dtype=np.float64),
        because=np.array([answers[team].because[place] for team, place in found], dtype=np.int64),
        chances=np.array([pick.probability for pick in picks], dtype=np.float64),
        strategy=STRATEGY,
        fallbacks=tuple(fallbacks),
        told=tuple(told[team][place] for team, place in found),
    )
