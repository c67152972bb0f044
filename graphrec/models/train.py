"""From the graph and back into it: read the snapshot, fit a model, publish its vectors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.models import MODELS, create
from graphrec.models.base import EmbeddingModel, Progress
from graphrec.models.checkpoint import discard_state
from graphrec.snapshot import Snapshot
from graphrec.versions import Embeddings, ModelVersion, publish
from graphrec.versions.files import model_folder
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
    progress: Progress | None = None,
    publishing: Publishing | None = None,
) -> ModelVersion:
    """The new version, live. With `resume` an interrupted run of the same data and settings goes on where it was.

    Interrupted at any moment, it leaves the version before live and whole.
    """
    model = create(name, settings)
    if not isinstance(model, EmbeddingModel):
        raise InputError(f"{name} has no vectors to write into the graph; train one of {', '.join(_trainable())}")
    folder = checkpoint_folder(graph.home, name)
    if not resume:
        discard_state(folder)
    model.checkpoints, model.resume = folder, resume
    model.fit(Snapshot.from_graph(graph), progress)
    version = publish_model(graph, model, publishing)
    discard_state(folder)
    return version


def publish_model(graph: Graph, model: EmbeddingModel, progress: Publishing | None = None) -> ModelVersion:
    """Publish what a fitted model has learnt; the model itself is kept beside its vectors."""
    return publish(
        graph,
        model.name,
        Embeddings(model.user_ids, model.user_vectors, model.item_ids, model.item_vectors),
        metric=model.metric,
        metrics=model.metrics,
        settings=model.settings_dict,
        save=model.save,
        progress=progress,
    )


def _trainable() -> list[str]:
    return [name for name in MODELS if isinstance(create(name), EmbeddingModel)]
