"""Stacking: a learning-to-rank model over what the parts say of an item, and over what is known of it and the profile.

LambdaMART as in LightGBM: Burges, "From RankNet to LambdaRank to LambdaMART" (2010); Ke et al., "LightGBM: a highly
efficient gradient boosting decision tree" (NeurIPS 2017).
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from graphrec.errors import InputError
from graphrec.models.arrays_model import Arrays
from graphrec.models.base import Block, Progress
from graphrec.models.hybrids.hybrid import Hybrid, Ints, Parts
from graphrec.models.hybrids.scorers import Floats, standardised
from graphrec.models.hybrids.settings import HybridSettings
from graphrec.models.hybrids.shortlists import Shortlists, shortlist, shortlists
from graphrec.models.settings import Range, Space
from graphrec.models.training_part import training_part
from graphrec.models.validation import Validation
from graphrec.snapshot import Snapshot

FEATURES = ("popularity", "n_liked", "tags")
"""Beside a score a part: log of an item's likers, log of how much the profile likes, the cosine of their tags."""

JUDGED = 4
"""One user in so many judges when to stop adding trees."""

PATIENCE = 30

TIES = 1e-4
"""Of the mean of the parts, so much decides between items that the trees hold for equal."""


@dataclass(frozen=True)
class StackedSettings(HybridSettings):
    """`depth`: how many of the best of each part are ranked anew. The rest are LightGBM's."""

    space: ClassVar[Space] = {
        "num_leaves": Range(4, 31),
        "learning_rate": Range(0.02, 0.2, log=True),
        "min_child_samples": Range(10, 200, log=True),
    }

    depth: int = 100
    n_estimators: int = 300
    num_leaves: int = 7
    learning_rate: float = 0.05
    min_child_samples: int = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        self.at_least("depth", 1)
        self.at_least("n_estimators", 1)
        self.at_least("num_leaves", 2)


class Stacked(Hybrid):
    """Items that a part ranks high come first, in the order that the trees give them; the others follow by the mean of
    the standardised scores. `found`: the trees as LightGBM writes them, and what features need of items."""

    name = "stacked"
    kind = StackedSettings

    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """Trees on what is withheld, then the parts on everything. Cost: the parts twice, and seconds."""
        library()
        validation = self.validation(snapshot)
        trees = self._trees(snapshot, validation, progress) if len(validation.users) else ""
        self.fitted(snapshot, progress)
        self.__dict__.pop("_booster", None)
        return {"trees": np.array(trees), **item_features(snapshot)}

    def scores(self, block: Block) -> Floats:
        """Where trees ranked: 1 and more; else below 0; −inf for items that no part knows."""
        tables = [self.said(name, block) for name in self.settings.names]
        said = [standardised(table) for table in tables]
        mean = np.mean(said, axis=0)
        total = mean - mean.max(axis=1, keepdims=True, initial=0) - 1
        columns, allowed = shortlist(said, block.rows, self.settings.depth)
        if self._booster is not None and allowed.any():
            row, place = np.nonzero(allowed)
            column = columns[row, place]
            ranked = self._booster.predict(self._features(said, block, row, column), num_threads=1)
            ranked += TIES * mean[row, column]
            total[row, column] = 2 + ranked / (1 + np.abs(ranked))
        return np.asarray(np.where(np.any([np.isfinite(table) for table in tables], axis=0), total, -np.inf))

    def parts_of(self, block: Block, row: Ints, column: Ints) -> Parts:
        """What each part and feature adds to the sum of the trees (Lundberg et al., "From local explanations to global
        understanding with explainable AI for trees", 2020)."""
        said = [standardised(self.said(name, block)) for name in self.settings.names]
        if self._booster is None:
            return {name: said[n][row, column] / len(said) for n, name in enumerate(self.settings.names)}
        features = self._features(said, block, row, column)
        added = np.asarray(self._booster.predict(features, pred_contrib=True, num_threads=1))
        return {name: added[:, n] for n, name in enumerate((*self.settings.names, *FEATURES))}

    @cached_property
    def _booster(self) -> Any:
        text = str(self.found["trees"])
        return library().Booster(model_str=text) if text else None

    def _trees(self, snapshot: Snapshot, validation: Validation, progress: Progress | None) -> str:
        part = training_part(snapshot, validation)
        self.fitted(part, progress)
        names = self.settings.names
        found = shortlists(part, validation, lambda b: [self.said(name, b) for name in names], self.settings.depth)
        self.found = item_features(part)
        rows = part.matrix[found.users]
        said = [table[found.allowed] for table in found.said]
        features = self._features(said, Block(rows, found.users, ()), *_pairs(found))
        trees, quality = learn_trees(features, found, self.settings, [*names, *FEATURES])
        self.metrics = {"validation_quality@20": round(quality, 6)}
        return trees

    def _features(self, said: Sequence[Floats], block: Block, row: Ints, column: Ints) -> Floats:
        """Pairs × (parts and FEATURES). `said` is rows × items, or the pairs' own in their order."""
        scores = [table[row, column] if table.ndim == 2 else table for table in said]
        n_liked = np.log1p(np.diff(block.rows.indptr))[row]
        tags = sparse.csr_array(
            (self.found["tags_data"], self.found["tags_indices"], self.found["tags_indptr"]),
            shape=(len(self.found["popularity"]), int(self.found["n_tags"])),
        )
        return np.column_stack(
            [*scores, self.found["popularity"][column], n_liked, alike(block.rows, tags, row, column)]
        )


def library() -> Any:
    """LightGBM. InputError that says how to install it where it isn't there."""
    try:
        return importlib.import_module("lightgbm")
    except ModuleNotFoundError:
        raise InputError("stacked learns by LightGBM; install it with `pip install 'graphrec[stacking]'`") from None


def item_features(snapshot: Snapshot) -> Arrays:
    """What features need of items: the logarithm of their likers, and their tags by rows of length 1."""
    length = np.sqrt(np.asarray((snapshot.tags * snapshot.tags).sum(axis=1), dtype=np.float64))
    tags = sparse.csr_array(sparse.diags_array(1 / np.where(length > 0, length, 1)) @ snapshot.tags)
    parts = {"tags_data": tags.data.astype(np.float32), "tags_indices": tags.indices, "tags_indptr": tags.indptr}
    return {"popularity": np.log1p(snapshot.n_likers()), "n_tags": np.array(tags.shape[1]), **parts}


def alike(rows: sparse.csr_array, tags: sparse.csr_array, row: Ints, column: Ints) -> Floats:
    """The cosine between the tags of what a row likes and those of an item; 0 where there are none."""
    liked = sparse.csr_array(rows @ tags)
    length = np.sqrt(np.asarray((liked * liked).sum(axis=1), dtype=np.float64))
    found = np.zeros(len(row))
    for start in range(0, len(row), 100_000):
        part = slice(start, start + 100_000)
        found[part] = np.asarray((liked[row[part]] * tags[column[part]]).sum(axis=1)).ravel()
    return found / np.where(length > 0, length, 1)[row]


def learn_trees(
    features: Floats, found: Shortlists, settings: StackedSettings, names: Sequence[str]
) -> tuple[str, float]:
    """The trees as text, and the quality of the lists of those who judged when to stop."""
    lightgbm, row = library(), _pairs(found)[0]
    hits = found.hits[found.allowed].astype(np.int32)
    judges = np.arange(len(found.users)) % JUDGED == 0
    parts = []
    for chosen in (~judges, judges):
        mine = chosen[row]
        groups = np.bincount(row[mine], minlength=len(judges))
        parts.append((features[mine], hits[mine], groups[groups > 0]))
    made = [lightgbm.Dataset(x, y, group=g, feature_name=list(names), free_raw_data=False) for x, y, g in parts]
    options = {
        "objective": "lambdarank",
        "metric": "ndcg",
        "eval_at": [20],
        "num_leaves": settings.num_leaves,
        "learning_rate": settings.learning_rate,
        "min_child_samples": settings.min_child_samples,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    stop = [lightgbm.early_stopping(PATIENCE, verbose=False)]
    model = lightgbm.train(options, made[0], settings.n_estimators, valid_sets=[made[1]], callbacks=stop)
    scores = np.zeros(found.columns.shape)
    scores[found.allowed] = model.predict(features, num_threads=1)
    text: str = model.model_to_string(num_iteration=model.best_iteration)
    return text, float(found.qualities(scores)[judges].mean())


def _pairs(found: Shortlists) -> tuple[Ints, Ints]:
    """Row and column of the places that count."""
    row, place = np.nonzero(found.allowed)
    return row, found.columns[row, place]
