"""Versions of what a model learnt, in one of two slots of the graph, files beside it, and one pointer.

A model learns vectors of users and items, a graph of similar items, or both. A writer fills the idle slot and awaits
its index; then one transaction moves the pointer. A query resolves the pointer and reads the slot in one go, so it
sees one version, whole. The old slot stays until the next run.
"""

from graphrec.versions.files import load_files, version_folder
from graphrec.versions.learnt import Learnt, Neighbours
from graphrec.versions.pointer import all_versions, current, load_learnt, read_slot, rollback
from graphrec.versions.publish import publish
from graphrec.versions.vectors import Embeddings, unit_vectors
from graphrec.versions.version import ModelVersion, slot_index, slot_property

__all__ = [
    "Embeddings",
    "Learnt",
    "ModelVersion",
    "Neighbours",
    "all_versions",
    "current",
    "load_files",
    "load_learnt",
    "publish",
    "read_slot",
    "rollback",
    "slot_index",
    "slot_property",
    "unit_vectors",
    "version_folder",
]
