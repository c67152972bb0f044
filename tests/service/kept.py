"""A small graph and the files of its models, taken into memory and brought back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphrec.graph import Graph
from graphrec.versions import all_versions

NODES = "MATCH (n) RETURN elementId(n) AS id, labels(n) AS labels, properties(n) AS properties"
RELATIONSHIPS = """
MATCH (a)-[r]->(b)
RETURN elementId(a) AS begin, elementId(b) AS end, type(r) AS type, properties(r) AS properties
"""
MAKE_NODES = """
UNWIND $rows AS row
CREATE (n:$(row.labels))
SET n = row.properties
RETURN row.id, elementId(n)
"""
MAKE_RELATIONSHIPS = """
UNWIND $rows AS row
MATCH (a), (b) WHERE elementId(a) = row.begin AND elementId(b) = row.end
CREATE (a)-[r:$(row.type)]->(b)
SET r = row.properties
"""


@dataclass(frozen=True)
class Kept:
    """Nodes and relationships as rows, and the bytes of each file below the home's models."""

    nodes: list[dict[str, Any]]
    relationships: list[dict[str, Any]]
    files: dict[Path, bytes]


def keep(graph: Graph) -> Kept:
    """All that a graph holds, and its models."""
    folder = graph.home / "models"
    files = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with graph.session() as session:
        return Kept(session.run(NODES).data(), session.run(RELATIONSHIPS).data(), files)


def put_back(graph: Graph, kept: Kept) -> None:
    """The same in a graph that has its schema, in place of all else; the graph's own id comes along."""
    with graph.session() as session:
        session.run("MATCH (n) DETACH DELETE n").consume()
        places = dict(session.run(MAKE_NODES, rows=kept.nodes).values())
        rows = [row | {"begin": places[row["begin"]], "end": places[row["end"]]} for row in kept.relationships]
        session.run(MAKE_RELATIONSHIPS, rows=rows).consume()
    for version, live in all_versions(graph):
        if live and version.dim:
            named = {"index": version.index, "property": version.vector_property}
            graph.run("model/create_index", named, dim=version.dim)
            graph.read("model/await_index", index=version.index, seconds=60)
    for name, content in kept.files.items():
        path = graph.home / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
