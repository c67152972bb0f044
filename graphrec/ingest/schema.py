"""The schema: constraints, indexes, and the graph's own id."""

from __future__ import annotations

import uuid

from graphrec.graph import Graph

CONSTRAINTS = (
    "user_id",
    "item_id",
    "tag_name",
    "model_version",
    "event_id",
    "event_at",
    "event_item",
    "event_user",
    "graph_name",
)
"""The files under `cypher/schema/` that make a constraint or an index of that name."""

INDEX_SECONDS = 3600
"""How long a constraint over a filled graph may take to build."""


def ensure_schema(graph: Graph) -> str:
    """The graph's id, after making whatever of the schema is missing. Running it again changes nothing."""
    for name in CONSTRAINTS:
        graph.run(f"schema/{name}")
    graph.run("schema/await_indexes", seconds=INDEX_SECONDS)
    rows = graph.write("schema/graph_node", graph_id=str(uuid.uuid4()))
    return str(rows[0]["graph_id"])
