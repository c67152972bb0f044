"""Which version readers see, and what one holds."""

from __future__ import annotations

from graphrec.errors import ModelError
from graphrec.graph import Graph
from graphrec.transfer import read_vectors
from graphrec.versions.files import has_files, load_files
from graphrec.versions.learnt import Learnt
from graphrec.versions.similar import read_similar
from graphrec.versions.vectors import Embeddings
from graphrec.versions.version import ModelVersion, check_name


def current(graph: Graph, name: str) -> ModelVersion | None:
    """The version that readers see, or None where the model was never published."""
    rows = graph.read("model/current", model=check_name(name))
    return ModelVersion.of_node(rows[0]["properties"]) if rows else None


def all_versions(graph: Graph) -> list[tuple[ModelVersion, bool]]:
    """Every version that the graph knows, the newest of each model first, and whether readers see it."""
    rows = graph.read("model/versions")
    return [(ModelVersion.of_node(row["properties"]), row["live"]) for row in rows]


def rollback(graph: Graph, name: str) -> ModelVersion:
    """The version before, live again. Raises ModelError where the graph holds none."""
    rows = graph.write("model/rollback", model=check_name(name))
    if not rows:
        raise ModelError(f"the graph holds no version of {name} before the one that is live; train again")
    return ModelVersion.of_node(rows[0]["properties"])


def load_learnt(graph: Graph, version: ModelVersion) -> Learnt:
    """What a version holds: from its files where this home has them, else from the graph."""
    return load_files(graph, version) if has_files(graph, version) else read_slot(graph, version)


def read_slot(graph: Graph, version: ModelVersion) -> Learnt:
    """What a version holds, from its slot. ModelError if a newer run takes the slot meanwhile."""
    embeddings = _read_vectors(graph, version) if version.dim else None
    similar = read_similar(graph, version.name, version.held_slot) if version.n_neighbours else None
    held = [found for found, _ in all_versions(graph) if (found.name, found.version) == (version.name, version.version)]
    if not held or held[0].slot != version.slot:
        raise ModelError(f"version {version.version} of {version.name} was overwritten while it was read; read again")
    return Learnt(embeddings, similar)


def _read_vectors(graph: Graph, version: ModelVersion) -> Embeddings:
    user_ids, user_vectors = read_vectors(graph, "User", version.vector_property)
    item_ids, item_vectors = read_vectors(graph, "Item", version.vector_property)
    return Embeddings(user_ids, user_vectors, item_ids, item_vectors, version.ending)
