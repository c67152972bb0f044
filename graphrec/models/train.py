"""From the graph and back into it: read the snapshot, fit a model, publish what it has learnt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.models import MODELS, create
from graphrec.models.base import GraphModel, Progress, Resumable
from graphrec.models.checkpoint import discard_state
from graphrec.snapshot import Snapshot
from graphrec.versions import ModelVersion, current, publish
from graphrec.versions.files import has_files, model_folder
from graphrec.versions.publish import Progress as Publishing


def checkpoint_folder(home: Path, name: str) -> Path:
    """Where an interrupted training of a model waits to be resumed."""
    return model_folder(home, name) / ".checkpoint"


def train(
    graph: Graph,
    name: str = "lightgcn",
    settings: Mapping[str, Any] | None = None,
    *,
    resume: bool = False,
    again: bool = False,
    progress: Progress | None = None,
    publishing: Publishing | None = None,
) -> ModelVersion:
    """The live version of the graph as it is: a new one, or the one before if neither data nor settings have changed.

    `resume`: an interrupted run of the same data and settings goes on where it was. `again`: train even if nothing
    has changed. Interrupted at any moment, it leaves the version before live and whole.
    """
    model = create(name, settings)
    if not isinstance(model, GraphModel):
        raise InputError(f"{name} has nothing to write into the graph; train one of {', '.join(_trainable())}")
    snapshot = Snapshot.from_graph(graph)
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


def publish_model(
    graph: Graph, model: GraphModel, snapshot: Snapshot, progress: Publishing | None = None
) -> ModelVersion:
    """Publish what a model has learnt from a snapshot; the model itself is kept beside it."""
    return publish(
        graph,
        model.name,
        model.learnt(snapshot),
        metrics=model.metrics,
        settings=model.settings_dict,
        fingerprint=model.fingerprint(snapshot),
        save=model.save,
        progress=progress,
    )


def _unchanged(graph: Graph, model: GraphModel, snapshot: Snapshot) -> ModelVersion | None:
    """The live version, if the model would only learn it again."""
    live = current(graph, model.name)
    same = live and live.fingerprint == model.fingerprint(snapshot) and has_files(graph, live)
    return live if same else None


def _trainable() -> list[str]:
    return [name for name in MODELS if isinstance(create(name), GraphModel)]
