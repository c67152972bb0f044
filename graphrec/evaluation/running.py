"""Recommenders on one split: fitted in memory or asked in a second graph, ranked for every test user, measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from graphrec.errors import InputError
from graphrec.evaluation.cost import Cost, cost
from graphrec.evaluation.held_back import HeldBack, Measured
from graphrec.evaluation.parts import Split, SplitSettings, split
from graphrec.evaluation.ranking import IN_GRAPH, IN_MEMORY, Pace, Progress
from graphrec.evaluation.stage import fill, second_graph
from graphrec.frames import Frames
from graphrec.hashing import hash_ids, hash_pairs
from graphrec.models import MODELS, create
from graphrec.recommend.base import Recommender
from graphrec.recommend.fitted import FITTED, make_fitted
from graphrec.recommend.registry import NAMES, get


@dataclass(frozen=True)
class Ran:
    """One recommender: what it got, what fitting it cost (nothing for one that asks the graph), and itself."""

    measured: Measured
    fitting: Cost
    recommender: Recommender


@dataclass(frozen=True)
class Run:
    """One split, and what is measured on it. `kept`: metrics whose numbers of each user are kept, as `ndcg@10`."""

    dealt: Split
    held: HeldBack
    ks: tuple[int, ...]
    progress: Progress | None = None
    kept: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        frames: Frames,
        folder: Path,
        settings: SplitSettings,
        *,
        ks: Sequence[int],
        n_users: int | None = None,
        progress: Progress | None = None,
        kept: tuple[str, ...] = (),
    ) -> Run:
        """Split the data; `n_users`: measure a seeded sample of that many test users."""
        dealt = split(frames, folder, settings)
        return cls.on(dealt, sample(dealt, n_users, settings.seed), ks=ks, progress=progress, kept=kept)

    @classmethod
    def on(
        cls,
        dealt: Split,
        test: pd.DataFrame,
        *,
        ks: Sequence[int],
        progress: Progress | None = None,
        kept: tuple[str, ...] = (),
    ) -> Run:
        """On a split that is there, and these of its held-back pairs."""
        held = HeldBack.of(dealt.train, test, given=dealt.given, rated=dealt.rated)
        return cls(dealt, held, tuple(sorted(set(ks))), progress, kept)

    def all(self, models: Sequence[str], settings: Mapping[str, Mapping[str, Any]]) -> dict[str, Ran]:
        """Every model by name, in the order asked for. The fitted ones come first, while the second graph starts."""
        found: dict[str, Ran] = {}
        asking = [name for name in models if name not in FITTED]
        with second_graph() if asking else nullcontext() as coming:
            for name in (name for name in models if name in FITTED):
                with cost() as fitting:
                    recommender = self._fit(name, settings.get(name, {}))
                found[name] = Ran(self.measure(recommender, IN_MEMORY), fitting, recommender)
            if coming is not None:
                graph = coming.result()
                fill(graph, self.dealt.train, self.progress)
                for name in asking:
                    asked = get(name, graph, with_reasons=False)
                    found[name] = Ran(self.measure(asked, IN_GRAPH), Cost(), asked)
        return {name: found[name] for name in models}

    def measure(self, recommender: Recommender, pace: Pace) -> Measured:
        """What a recommender gets on the held-back pairs."""
        return self.held.measure(recommender, self.ks, pace, self.progress, self.kept)

    def _fit(self, name: str, settings: Mapping[str, Any]) -> Recommender:
        progress = self.progress

        def tell(report: Any) -> None:
            if progress:
                progress(f"{name} learns", report.epoch, report.epochs)

        return make_fitted(name, settings, progress=tell, with_reasons=False).fit(self.held.snapshot)


def seeded(models: Sequence[str], seed: int, settings: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Each model's settings, with the seed where it has one and none is set."""
    found: dict[str, dict[str, Any]] = {}
    for name in models:
        has_seed = name in MODELS and "seed" in create(name).settings.kinds()
        found[name] = {**({"seed": seed} if has_seed else {}), **settings.get(name, {})}
    return found


def sample(dealt: Split, n_users: int | None, seed: int) -> pd.DataFrame:
    """The held-back pairs of a seeded sample of the test users."""
    users = sorted(set(dealt.test["user_id"]))
    if n_users is None or n_users >= len(users):
        return dealt.test
    hashes = hash_pairs(hash_ids(users), np.zeros(len(users), dtype=np.uint64), seed)
    chosen = {users[n] for n in np.argsort(hashes, kind="stable")[:n_users].tolist()}
    return dealt.test[dealt.test["user_id"].isin(chosen)].reset_index(drop=True)


def check_asked(models: Sequence[str], ks: Sequence[int], n_users: int | None) -> None:
    """InputError for what can't be evaluated."""
    known = (*FITTED, *(name for name in NAMES if name not in FITTED))
    for name in models:
        if name not in known:
            raise InputError(f"no recommender {name!r} to evaluate; there are {', '.join(sorted(known))}")
    if not models or len(set(models)) < len(models):
        raise InputError(f"expected different recommenders to evaluate, found {', '.join(models) or 'none'}")
    if not ks or min(ks) < 1:
        raise InputError(f"expected list lengths of at least 1, found {', '.join(map(str, ks)) or 'none'}")
    if n_users is not None and n_users < 1:
        raise InputError(f"expected at least one user to evaluate, found {n_users}")
