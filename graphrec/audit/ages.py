"""Vectors that are older than the data: what came since the live versions were trained."""

from __future__ import annotations

from datetime import UTC, datetime

from graphrec.audit.finding import EXAMPLES, NOTE, WARNING, Example, Finding
from graphrec.audit.source import Source
from graphrec.graph import Graph
from graphrec.versions.pointer import all_versions
from graphrec.versions.version import ModelVersion

ADVICE = "Train again: `graphrec retrain`."


def ages(source: Source, graph: Graph) -> list[Finding]:
    """A finding for each live version that interactions or items came after."""
    live = [version for version, is_live in all_versions(graph) if is_live]
    return [one for version in live for one in (*_newer(source, version), *_without(source, graph, version))]


def _newer(source: Source, version: ModelVersion) -> list[Finding]:
    newer = f'"at" > {int(version.trained_at)} AND "at" <= {source.now}'
    count, total = int(source.value(f"SELECT count(*) FROM events WHERE {newer}")), source.count("events")
    if not count:
        return []
    day = datetime.fromtimestamp(version.trained_at / 1000, UTC).strftime("%Y-%m-%d %H:%M")
    says = f"interactions since version {version.version} of {version.name} was trained ({day} UTC)"
    return [
        Finding(f"embeddings.{version.name}", WARNING, "rows", count, total, count / total, count, says, "", ADVICE)
    ]


def _without(source: Source, graph: Graph, version: ModelVersion) -> list[Finding]:
    if not version.dim or version.slot is None:
        return []
    rows = graph.read("transfer/items_without", property=version.vector_property)
    ids = sorted(item_id for row in rows for item_id in row["item_id"])
    if not ids:
        return []
    total = source.count("items")
    examples = tuple(Example((text,), None, None, "no vector") for text in ids[:EXAMPLES])
    says = f"items without a vector of version {version.version} of {version.name}"
    name = f"embeddings.{version.name}.items"
    share = len(ids) / total if total else 0.0
    return [Finding(name, NOTE, "items", len(ids), total, share, 0, says, "", ADVICE, examples)]
