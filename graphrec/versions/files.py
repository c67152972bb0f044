"""The files of a version: HOME/models/NAME/VERSION with what was learnt as npz and a manifest, never pickle."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from graphrec.errors import ModelError
from graphrec.graph import Graph
from graphrec.versions.arrays import matrix_arrays, matrix_of, read_arrays, read_ids, write_arrays
from graphrec.versions.learnt import Learnt, Neighbours
from graphrec.versions.vectors import Embeddings, Ending
from graphrec.versions.version import ModelVersion, check_name

FORMAT = 1
MANIFEST = "manifest.json"
VECTORS = "vectors.npz"
NEIGHBOURS = "neighbours.npz"

Save = Callable[[Path], None]
"""Writes whatever else belongs to a version into its folder."""


def model_folder(home: Path, name: str) -> Path:
    """Where all versions of a model lie."""
    return home / "models" / check_name(name)


def version_folder(home: Path, name: str, version: int) -> Path:
    """Where one version lies."""
    return model_folder(home, name) / f"{version:06d}"


def write_files(home: Path, version: ModelVersion, learnt: Learnt, save: Save | None) -> Path:
    """The folder of the version, written beside and then renamed, so that it is there whole or not at all."""
    folder = version_folder(home, version.name, version.version)
    beside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    if learnt.embeddings is not None:
        _write_vectors(beside / VECTORS, learnt.embeddings)
    if learnt.neighbours is not None:
        _write_neighbours(beside / NEIGHBOURS, learnt.neighbours)
    if save:
        save(beside / "model")
    manifest = {**version.node(), "format": FORMAT}
    (beside / MANIFEST).write_text(json.dumps(manifest, sort_keys=True, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    beside.replace(folder)
    return folder


def has_files(graph: Graph, version: ModelVersion) -> bool:
    """Whether this home holds the files of the version."""
    return (version_folder(graph.home, version.name, version.version) / MANIFEST).is_file()


def load_files(graph: Graph, version: ModelVersion) -> Learnt:
    """What a version holds, from this home. Raises ModelError if they are missing or belong to another graph."""
    folder = checked_folder(graph, version)
    return Learnt(
        _read_vectors(folder / VECTORS, version.ending) if version.dim else None,
        _read_neighbours(folder / NEIGHBOURS) if version.n_neighbours else None,
    )


def checked_folder(graph: Graph, version: ModelVersion) -> Path:
    """Where a version's files lie. Raises ModelError if they are missing or belong to another graph."""
    folder = version_folder(graph.home, version.name, version.version)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"no files of version {version.version} of {version.name} in {folder} ({error})") from error
    if manifest.get("graph_id") != version.graph_id or manifest.get("format") != FORMAT:
        raise ModelError(
            f"{folder} belongs to the graph {manifest.get('graph_id')} (format {manifest.get('format')}), "
            f"not to {version.graph_id} (format {FORMAT}); use another --home, or train again"
        )
    return folder


def _write_vectors(path: Path, embeddings: Embeddings) -> None:
    arrays = {"user_vectors": embeddings.user_vectors, "item_vectors": embeddings.item_vectors}
    write_arrays(path, arrays, {"user_ids": embeddings.user_ids, "item_ids": embeddings.item_ids})


def _read_vectors(path: Path, ending: Ending) -> Embeddings:
    arrays = read_arrays(path)
    ids = read_ids(arrays, "user_ids"), read_ids(arrays, "item_ids")
    return Embeddings(ids[0], arrays["user_vectors"], ids[1], arrays["item_vectors"], ending)


def _write_neighbours(path: Path, neighbours: Neighbours) -> None:
    write_arrays(path, matrix_arrays("scores", neighbours.scores), {"item_ids": neighbours.item_ids})


def _read_neighbours(path: Path) -> Neighbours:
    arrays = read_arrays(path)
    item_ids = read_ids(arrays, "item_ids")
    return Neighbours(item_ids, matrix_of(arrays, "scores", (len(item_ids), len(item_ids))))


def prune_files(home: Path, name: str, oldest: int) -> None:
    """Remove the files of versions older than one, and what killed runs left behind."""
    for folder in model_folder(home, name).iterdir():
        left_over = folder.name.startswith(".") and folder.name.endswith(".part")
        if left_over or (folder.name.isdigit() and int(folder.name) < oldest):
            shutil.rmtree(folder, ignore_errors=True)
