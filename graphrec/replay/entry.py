"""A recommender replayed on what a home's service recorded, fitted on what was known before."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from graphrec.errors import InputError
from graphrec.evaluation.pairs import read_pairs
from graphrec.evaluation.splits import Dealt
from graphrec.evaluation.stage import frames_of
from graphrec.evaluation.training import stage_training
from graphrec.experiments import Store
from graphrec.graph import Graph
from graphrec.recommend.base import FittedRecommender, Profile
from graphrec.recommend.fitted import FITTED, make_fitted
from graphrec.replay.estimate import Replayed, chances, replay
from graphrec.replay.logged import Logged, read_logged
from graphrec.snapshot import Snapshot

DEPTH = 200
"""How many items of a ranking a policy explores among."""


@dataclass(frozen=True)
class Policy:
    """The recommender that is asked about, and the share of places that it would give to chance."""

    name: str
    explore: float = 0.0


@dataclass(frozen=True)
class Told:
    """What was found, and on what. `before`: nothing later than this moment (epoch ms) was learnt from."""

    policy: Policy
    k: int
    outcome: str
    before: int
    left_out: Mapping[str, int]
    found: Replayed


def replay_graph(
    graph: Graph, store: Store, policy: Policy, *, k: int = 1, outcome: str = "click", window: int, experiment: str = ""
) -> Told:
    """What the recommender would have got in the place of the lists that were shown.

    It learns from the graph's interactions that ended before the first list, so that it knows nothing of what came of
    the lists. InputError where no list left something to chance with the chances known.
    """
    if policy.name not in FITTED:
        raise InputError(f"no recommender {policy.name!r} that is fitted; there are {', '.join(FITTED)}")
    if not 0 <= policy.explore <= 1:
        raise InputError(f"expected --explore from 0 to 1, found {policy.explore:g}")
    logged = read_logged(store, k=k, kind=outcome, window=window, experiment=experiment)
    check_logged(logged, k)
    before = min(logged.at)
    recommender = make_fitted(policy.name, with_reasons=False).fit(known_before(graph, before))
    return replayed(recommender, logged, policy, k=k, outcome=outcome, before=before)


def replayed(
    recommender: FittedRecommender, logged: Logged, policy: Policy, *, k: int, outcome: str, before: int
) -> Told:
    """The same for a recommender that is fitted already."""
    users = sorted(set(logged.user_ids))
    table = recommender.recommend([Profile(user) for user in users], max(DEPTH, k))
    rankings = {users[int(str(n))]: part["item_id"].tolist() for n, part in table.groupby("profile", sort=False)}
    kept = logged.of(np.array([user in rankings for user in logged.user_ids]), "lists of users it doesn't know")
    check_logged(kept, k)
    target = [
        chances(items, rankings[user], policy.explore) for user, items in zip(kept.user_ids, kept.items, strict=True)
    ]
    found = replay(kept.user_ids, np.array(target), kept.chances, kept.rewards)
    return Told(policy, k, outcome, before, kept.left_out, found)


def known_before(graph: Graph, at: int) -> Snapshot:
    """The graph's interactions whose last event came before a moment; those without a time count as before."""
    with TemporaryDirectory(prefix="graphrec-") as folder:
        frames = frames_of(graph, Path(folder) / "all")
        pairs = read_pairs(frames)
        later = pairs.first_at >= at
        dealt = Dealt.of(later, "", np.full(len(pairs), float(at - 1)), cut=float(at - 1))
        return Snapshot.from_frames(stage_training(frames, pairs, dealt, Path(folder) / "before"), stated=True)


def check_logged(logged: Logged, k: int) -> None:
    """InputError where there is nothing to replay."""
    if len(logged) == 0:
        why = ", ".join(f"{n:,} {reason}" for reason, n in logged.left_out.items() if n) or "none were recorded"
        raise InputError(
            f"expected recorded lists whose first {k} places were left to chance, found none ({why}); "
            "ask the service with explore=0.1, or give a variant settings = {explore = 0.1}"
        )


def as_dict(told: Told) -> dict[str, Any]:
    """Plain values, for JSON; null where one user alone gives no interval."""
    found = {**asdict(told), "warnings": told.found.warnings}
    for one in ("logged", "ips", "snips", "weight"):
        ends = found["found"][one]
        found["found"][one] = {name: value if math.isfinite(value) else None for name, value in ends.items()}
    return found
