"""Publishing a version: fill the idle slot with what was learnt, await its index, move the pointer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from graphrec.errors import GraphError, ModelError
from graphrec.graph import Graph
from graphrec.transfer import read_ids, write_vectors
from graphrec.versions.files import Save, model_folder, prune_files, write_files
from graphrec.versions.forgetting import forget_missing
from graphrec.versions.learnt import Learnt
from graphrec.versions.pointer import all_versions
from graphrec.versions.similar import write_similar
from graphrec.versions.vectors import Embeddings, Ids, Vectors
from graphrec.versions.version import ModelVersion, slot_index

KEPT = 3
"""Versions whose files stay, the new one among them; those whose vectors are in the graph stay in any case."""

INDEX_SECONDS = 3600
"""How long an index may take to build; 40,000 items take about 15 seconds."""

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and how much there is."""


def publish(
    graph: Graph,
    name: str,
    learnt: Learnt | None,
    *,
    metrics: Mapping[str, float] | None = None,
    settings: Mapping[str, Any] | None = None,
    fingerprint: str = "",
    save: Save | None = None,
    keep: int = KEPT,
    progress: Progress | None = None,
) -> ModelVersion:
    """The new version, live. Killed at any moment, it leaves the old one live and whole, and can be run again.

    `learnt`: what goes into the slot; None of a model that lies in its files alone, whose slot stays empty. Vectors are
    kept with length 1 (`unit_vectors`). `save` writes more into the version's folder. Raises ModelError
    where another run fills the same model's slot.
    """
    if learnt is None and save is None:
        raise ModelError(
            "expected something for the graph, or files to keep, found neither; there is nothing to publish"
        )
    found = Learnt(metric="files") if learnt is None else learnt.checked()
    unit = found.unit()
    told = {"metric": found.metric, "dim": unit.dim, "n_neighbours": unit.n_neighbours, "fingerprint": fingerprint}
    told |= {"ending": unit.embeddings.ending if unit.embeddings else ()}
    told |= {"metrics": metrics or {}, "settings": settings or {}, "numbers": found.numbers}
    folder = model_folder(graph.home, name)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0):
            version = _claim(graph, name, told)
            written = write_files(graph.home, version, unit, save)
            forget_missing(written, set(read_ids(graph, "user")[0]))  # who was deleted while the model learnt
            _fill(graph, version, unit, progress or _silent)
            _swap(graph, version)
            _prune(graph, version, keep)
    except Timeout:
        raise ModelError(f"another run is writing a version of {name}; wait until it has ended") from None
    return version


def _claim(graph: Graph, name: str, told: Mapping[str, Any]) -> ModelVersion:
    rows = graph.write("model/claim", model=name)
    if not rows:
        raise ModelError("the graph has no id yet; run `graphrec schema` first")
    now = int(time.time() * 1000)
    return ModelVersion(name=name, trained_at=now, **rows[0], **told)


def _fill(graph: Graph, version: ModelVersion, learnt: Learnt, progress: Progress) -> None:
    """All of the slot, also where this version has less to put there than the one before: nothing old may stay."""
    _fill_vectors(graph, version, learnt.embeddings, progress)

    def tell(done: int, total: int) -> None:
        _still_claimed(graph, version)
        if learnt.neighbours is not None:
            progress("similar items", done, total)

    write_similar(graph, version.name, version.held_slot, learnt.neighbours, tell)


def _fill_vectors(graph: Graph, version: ModelVersion, embeddings: Embeddings | None, progress: Progress) -> None:
    """The index goes first: a slot is filled faster without it, and it may have another width."""
    graph.run("model/drop_index", {"index": version.index})
    for label in ("user", "item"):
        graph.run(f"model/clear_{label}", property=version.vector_property)
    if embeddings is None:
        return
    _write(graph, version, ("User", embeddings.user_ids, embeddings.user_vectors), progress)
    _write(graph, version, ("Item", embeddings.item_ids, embeddings.item_vectors), progress)
    progress("index", 0, 1)
    graph.run(
        "model/create_index",
        {"index": version.index, "property": version.vector_property},
        dim=version.dim,
    )
    try:
        graph.read("model/await_index", index=version.index, seconds=INDEX_SECONDS)
    except GraphError as error:
        raise ModelError(
            f"the vector index {slot_index(version.name, str(version.slot))} wasn't built; the version before stays "
            f"live, `graphrec doctor` says what is wrong ({error})"
        ) from error
    progress("index", 1, 1)


def _write(graph: Graph, version: ModelVersion, nodes: tuple[str, Ids, Vectors], progress: Progress) -> None:
    """Those without a direction get none: an index knows no cosine of 0."""
    label, ids, vectors = nodes
    known = np.flatnonzero(np.any(vectors != 0, axis=1))

    def tell(done: int, total: int) -> None:
        _still_claimed(graph, version)
        progress(f"{label.lower()} vectors", done, total)

    write_vectors(graph, label, ids[known], vectors[known], version.vector_property, progress=tell)


def _swap(graph: Graph, version: ModelVersion) -> None:
    named = {"model": version.name, "version": version.version}
    if not graph.write("model/record", **named, properties=version.node()) or not graph.write("model/swap", **named):
        raise _lost(version)


def _prune(graph: Graph, version: ModelVersion, keep: int) -> None:
    """Numbers have gaps where runs were killed, so versions are counted."""
    known = [found for found, _ in all_versions(graph) if found.name == version.name]
    oldest = min(found.version for n, found in enumerate(known) if n < keep or found.slot)
    graph.write("model/forget", model=version.name, before=oldest)
    prune_files(graph.home, version.name, oldest)


def _still_claimed(graph: Graph, version: ModelVersion) -> None:
    """Raise ModelError if a later run has claimed the slot."""
    if graph.read("model/claimed", model=version.name)[0]["version"] != version.version:
        raise _lost(version)


def _lost(version: ModelVersion) -> ModelError:
    return ModelError(
        f"another run has claimed the slot that version {version.version} of {version.name} was written to; "
        "the version before stays live until that run has ended"
    )


def _silent(what: str, done: int, total: int) -> None:
    pass
