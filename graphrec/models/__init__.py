"""Models that are fitted to a snapshot. Importing this imports no torch: a model's file does, when it is fitted."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphrec.errors import InputError
from graphrec.models.base import GraphModel, Model, Progress, Report
from graphrec.snapshot import Snapshot

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
"""Read when torch is loaded, later than this. Threads that wait spinning take the core that the other threads, or
Neo4j beside them, need: with one core busy elsewhere a short operation took 4 ms instead of 0.14."""

NEURAL: Mapping[str, tuple[str, str]] = {
    "multvae": ("graphrec.models.neural.multvae", "MultVAE"),
    "sasrec": ("graphrec.models.neural.sasrec", "SASRec"),
    "neumf": ("graphrec.models.neural.neumf", "NeuMF"),
    "two_tower": ("graphrec.models.neural.two_tower", "TwoTower"),
}
"""Networks that score items from their files."""

HYBRIDS: Mapping[str, tuple[str, str]] = {
    "weighted": ("graphrec.models.hybrids.weighted", "Weighted"),
    "switching": ("graphrec.models.hybrids.switching", "Switching"),
    "cascade": ("graphrec.models.hybrids.cascade", "Cascade"),
    "augmented": ("graphrec.models.hybrids.augmented", "Augmented"),
    "stacked": ("graphrec.models.hybrids.stacked", "Stacked"),
}
"""Several models as one."""

SCORING: Mapping[str, tuple[str, str]] = {
    "svd": ("graphrec.models.factors.svd", "SVD"),
    "svdpp": ("graphrec.models.factors.svd", "SVDpp"),
    "als": ("graphrec.models.factors.likes", "ALS"),
    "bpr": ("graphrec.models.factors.likes", "BPR"),
    "nmf": ("graphrec.models.factors.likes", "NMF"),
    "content": ("graphrec.models.content.model", "Content"),
    **NEURAL,
    **HYBRIDS,
}
LIVE: Mapping[str, tuple[str, str]] = {
    "user_neighbours": ("graphrec.models.neighbours.model", "UserNeighbours"),
    "item_neighbours": ("graphrec.models.neighbours.model", "ItemNeighbours"),
}
"""Models that score items from memory, and whose numbers a query of the graph gives as well, always fresh."""

FILE_NAMES = tuple(SCORING)
"""Models that have nothing to write into the graph: their versions are files."""

SCORING_NAMES = (*FILE_NAMES, *LIVE)
"""Models that score items for a profile."""

FILTER_NAMES = ("p3alpha", "item_graph", "ease", "gfcf", "chebyshev", "spectral")

MODELS: Mapping[str, tuple[str, str]] = {
    "blend": ("graphrec.models.blend.model", "Blend"),
    "lightgcn": ("graphrec.models.lightgcn.model", "LightGCN"),
    "popular": ("graphrec.models.popularity", "Popularity"),
    **SCORING,
    **LIVE,
    **dict.fromkeys(FILTER_NAMES, ("graphrec.models.filters.model", "FILTERS")),
}
"""Where each model's class, or the table that holds it, lies, by name."""

__all__ = [
    "FILE_NAMES",
    "FILTER_NAMES",
    "MODELS",
    "SCORING_NAMES",
    "GraphModel",
    "Model",
    "Progress",
    "Report",
    "create",
    "fit",
    "load_model",
    "model_class",
]


def model_class(name: str) -> Any:
    """The class of that name, imported now."""
    if name not in MODELS:
        raise InputError(f"no model {name!r}; there are {', '.join(MODELS)}")
    module, attribute = MODELS[name]
    found = getattr(importlib.import_module(module), attribute)
    return found[name] if isinstance(found, Mapping) else found


def create(name: str, settings: Mapping[str, Any] | None = None) -> Model:
    """A model that has learnt nothing yet, with some of its settings replaced."""
    model: Model = model_class(name).of(settings or {})
    return model


def fit(
    name: str, snapshot: Snapshot, settings: Mapping[str, Any] | None = None, progress: Progress | None = None
) -> Model:
    """The model of that name, fitted to the snapshot."""
    return create(name, settings).fit(snapshot, progress)


def load_model(name: str, folder: Path) -> Model:
    """The model of that name that was saved to a folder. ModelError where there is none."""
    model: Model = model_class(name).load(folder)
    return model
