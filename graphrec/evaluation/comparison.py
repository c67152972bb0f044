"""Recommenders compared on one split: fitted or asked, ranked for every test user, measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from graphrec.errors import InputError
from graphrec.evaluation.held_back import HeldBack, clock
from graphrec.evaluation.lists import check_path, write_lists
from graphrec.evaluation.parts import BEST_SPLIT, Split, SplitSettings, split
from graphrec.evaluation.ranking import IN_GRAPH, IN_MEMORY, Pace, Progress
from graphrec.evaluation.stage import fill, second_graph
from graphrec.frames import Frames
from graphrec.graph import Graph
from graphrec.hashing import hash_ids, hash_pairs
from graphrec.recommend.base import Recommender
from graphrec.recommend.fitted import FITTED, make_fitted
from graphrec.recommend.registry import NAMES, get

DEFAULT_MODELS = ("walk", "cooccurrence", "lightgcn", "popular")
DEFAULT_KS = (10, 20)


@dataclass(frozen=True)
class Evaluation:
    """What was measured: the split in words and numbers, and a row a model (model, metric@k …, seconds)."""

    dataset: str
    split: str
    says: str
    relevant: float | None
    seed: int
    n_users: int
    n_train: int
    n_test: int
    n_items: int
    left_out: Mapping[str, int]
    ks: tuple[int, ...]
    rows: Sequence[Mapping[str, Any]] = field(default_factory=list)

    def table(self) -> pd.DataFrame:
        """The rows as a table."""
        return pd.DataFrame(list(self.rows))


def compare(
    frames: Frames,
    models: Sequence[str] = DEFAULT_MODELS,
    *,
    ks: Sequence[int] = DEFAULT_KS,
    settings: SplitSettings = BEST_SPLIT,
    n_users: int | None = None,
    lists: Path | None = None,
    model_settings: Mapping[str, Mapping[str, Any]] | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Every metric at every k, for each model, over all items with the training items masked.

    `n_users`: measure a seeded sample of that many test users. Fitted models learn in memory; those that ask the
    graph get a server of their own, which is gone afterwards. The lists can be written to a CSV or Parquet file.
    """
    _check(models, ks, n_users)
    if lists is not None:
        check_path(lists)
    asks = any(name not in FITTED for name in models)
    with TemporaryDirectory(prefix="graphrec-") as folder, second_graph() if asks else nullcontext() as coming:
        dealt = split(frames, Path(folder), settings)
        held = HeldBack.of(dealt.train, _sample(dealt, n_users, settings.seed))
        run = _Run(dealt, held, tuple(sorted(set(ks))), progress)
        rows, tables = run.all(models, model_settings or {}, coming)
        if lists is not None:
            write_lists(lists, tables)
        return run.told(frames.name, settings, rows)


@dataclass(frozen=True)
class _Run:
    """One split, and what is measured on it."""

    dealt: Split
    held: HeldBack
    ks: tuple[int, ...]
    progress: Progress | None

    def all(
        self, models: Sequence[str], settings: Mapping[str, Mapping[str, Any]], coming: Future[Graph] | None
    ) -> tuple[list[dict[str, Any]], list[pd.DataFrame]]:
        """A row and the ranked lists of each model. The fitted ones come first, while the second graph is empty."""
        found: dict[str, tuple[dict[str, Any], pd.DataFrame]] = {}
        for name in (name for name in models if name in FITTED):
            with clock() as fitting:
                recommender = self._fit(name, settings.get(name, {}))
            found[name] = self._measure(recommender, IN_MEMORY, fitting[0])
        if coming is not None:
            graph = coming.result()
            fill(graph, self.dealt.train, self.progress)
            for name in (name for name in models if name not in FITTED):
                found[name] = self._measure(get(name, graph, with_reasons=False), IN_GRAPH, 0.0)
        return [found[name][0] for name in models], [found[name][1] for name in models]

    def told(self, dataset: str, settings: SplitSettings, rows: list[dict[str, Any]]) -> Evaluation:
        """The rows with what they were measured on."""
        return Evaluation(
            dataset=dataset,
            split=self.dealt.method,
            says=self.dealt.says,
            relevant=settings.relevant,
            seed=settings.seed,
            n_users=len(self.held.truth.user_ids),
            n_train=self.held.snapshot.seen.nnz,
            n_test=len(self.held.truth.pairs),
            n_items=int(self.held.truth.in_catalogue.sum()),
            left_out=self.dealt.left_out,
            ks=self.ks,
            rows=rows,
        )

    def _fit(self, name: str, settings: Mapping[str, Any]) -> Recommender:
        progress = self.progress

        def tell(report: Any) -> None:
            if progress:
                progress(f"{name} learns", report.epoch, report.epochs)

        return make_fitted(name, settings, progress=tell, with_reasons=False).fit(self.held.snapshot)

    def _measure(self, recommender: Recommender, pace: Pace, fit_s: float) -> tuple[dict[str, Any], pd.DataFrame]:
        figures, ranking_s, table = self.held.measure(recommender, self.ks, pace, self.progress)
        return {"model": recommender.name, **figures, "fit_s": fit_s, "recommend_s": ranking_s}, table


def _sample(dealt: Split, n_users: int | None, seed: int) -> pd.DataFrame:
    """The held-back pairs of a seeded sample of the test users."""
    users = sorted(set(dealt.test["user_id"]))
    if n_users is None or n_users >= len(users):
        return dealt.test
    hashes = hash_pairs(hash_ids(users), np.zeros(len(users), dtype=np.uint64), seed)
    chosen = {users[n] for n in np.argsort(hashes, kind="stable")[:n_users].tolist()}
    return dealt.test[dealt.test["user_id"].isin(chosen)].reset_index(drop=True)


def _check(models: Sequence[str], ks: Sequence[int], n_users: int | None) -> None:
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
