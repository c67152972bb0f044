"""Models that are fitted to a snapshot. Importing this imports no torch: a model's file does, when it is fitted."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import Any

from graphrec.errors import InputError
from graphrec.models.base import EmbeddingModel, Model, Progress, Report
from graphrec.snapshot import Snapshot

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
"""Read when torch is loaded, later than this. Threads that wait spinning take the core that the other threads, or
Neo4j beside them, need: with one core busy elsewhere a short operation took 4 ms instead of 0.14."""

MODELS: Mapping[str, tuple[str, str]] = {
    "lightgcn": ("graphrec.models.lightgcn", "LightGCN"),
    "popularity": ("graphrec.models.popularity", "Popularity"),
}
"""Where each model's class lies, by name."""

__all__ = ["MODELS", "EmbeddingModel", "Model", "Progress", "Report", "create", "fit", "model_class"]


def model_class(name: str) -> Any:
    """The class of that name, imported now."""
    if name not in MODELS:
        raise InputError(f"no model {name!r}; there are {', '.join(MODELS)}")
    module, class_name = MODELS[name]
    return getattr(importlib.import_module(module), class_name)


def create(name: str, settings: Mapping[str, Any] | None = None) -> Model:
    """A model that has learnt nothing yet, with some of its settings replaced."""
    model: Model = model_class(name).of(settings or {})
    return model


def fit(
    name: str, snapshot: Snapshot, settings: Mapping[str, Any] | None = None, progress: Progress | None = None
) -> Model:
    """The model of that name, fitted to the snapshot."""
    return create(name, settings).fit(snapshot, progress)
