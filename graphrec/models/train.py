"""From the graph and back into it: read the snapshot, fit a model, publish what it has learnt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.models import LIVE, MODELS, create
from graphrec.models.base import GraphModel, Progress, Resumable, ScoringModel, WarmModel
from graphrec.models.checkpoint import discard_state
from graphrec.snapshot import Snapshot
from graphrec.versions import ModelVersion, current, publish
from graphrec.versions.files import has_files, model_folder, version_folder
from graphrec.versions.publish import KEPT
from graphrec.versions.publish import Progress as Publishing


def checkpoint_folder(home: Path, name: str) -> Path:
    """Where an interrupted training of a model waits to be resumed."""
    return model_folder(home, name) / ".checkpoint"


def train(
    graph: Graph,
    name: str = "blend",
    settings: Mapping[str, Any] | None = None,
    *,
    warm: bool = False,
    resume: bool = False,
    again: bool = False,
    progress: Progress | None = None,
    publishing: Publishing | None = None,
) -> ModelVersion:
    """The live version of the graph as it is: a new one, or the one before if neither data nor settings have changed.

    `warm`: start at what the live version has learnt, if there is one, and train for a few epochs only. `resume`: an
    interrupted run of the same data and settings goes on where it was. `again`: train even if nothing has changed.
    Of a model that has nothing to write into the graph the version is its files.
    Interrupted at any moment, it leaves the version before live and whole.
    """
    model: Any = create(name, settings)
    if name not in trainable():
        raise InputError(f"{name} is counted where it is asked for; train one of {', '.join(trainable())}")
    if warm:
        follow(graph, model)
    snapshot = Snapshot.from_graph(graph, facts=getattr(model, "needs_facts", False), stated=True)
    if not again and (live := _unchanged(graph, model, snapshot)):
        return live
    folder = checkpoint_folder(graph.home, name)
    if not resume:
        discard_state(folder)
    if isinstance(model, Resumable):
        model.checkpoints, model.resume = folder, resume
    model.fit(snapshot, progress)
    version = publish_model(graph, model, snapshot, publishing)
    discard_state(folder)
    return version


def follow(graph: Graph, model: GraphModel | ScoringModel) -> ModelVersion | None:
    """Let a model follow the live version, where this home holds its files; else None."""
    if not isinstance(model, WarmModel):
        raise InputError(f"{model.name} can't start from an earlier version; train it without a warm start")
    live = current(graph, model.name)
    folder = version_folder(graph.home, model.name, live.version) / "model" if live and has_files(graph, live) else None
    model.previous = folder
    return live if folder else None


def publish_model(
    graph: Graph,
    model: GraphModel | ScoringModel,
    snapshot: Snapshot,
    progress: Publishing | None = None,
    *,
    keep: int = KEPT,
) -> ModelVersion:
    """Publish what a model has learnt from a snapshot; the model itself is kept beside it."""
    return publish(
        graph,
        model.name,
        model.learnt(snapshot) if isinstance(model, GraphModel) else None,
        metrics=model.metrics,
        settings=model.settings_dict,
        fingerprint=model.fingerprint(snapshot),
        save=model.save,
        keep=keep,
        progress=progress,
    )


def _unchanged(graph: Graph, model: GraphModel | ScoringModel, snapshot: Snapshot) -> ModelVersion | None:
    """The live version, if the model would only learn it again."""
    live = current(graph, model.name)
    if not live or not has_files(graph, live):
        return None
    known = isinstance(model, WarmModel) and model.is_known(snapshot)
    return live if known or live.fingerprint == model.fingerprint(snapshot) else None


def trainable() -> list[str]:
    """The models that are trained; others are counted where they are asked for."""
    return [name for name in MODELS if name not in ("popular", *LIVE)]
