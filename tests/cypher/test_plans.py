"""Every query file against the real server: EXPLAIN agrees with the header, and no plan reads all of it unasked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from graphrec import queries
from graphrec.graph import Graph

FORBIDDEN = ("AllNodesScan", "CartesianProduct", "DirectedAllRelationshipsScan", "UndirectedAllRelationshipsScan")
TYPES = {"read": "rs", "write": ("w", "rw"), "write-implicit": ("r", "w", "rw", "s")}
"""What the server may call a query of each access: it reads, writes, or tells or changes the schema."""
RECOMMENDING = [name for name, query in queries.all_queries().items() if {"k", "excluded"} <= set(query.parameters)]


@pytest.fixture(scope="module")
def schema(session_graph: Graph) -> Graph:
    from graphrec.ingest.schema import ensure_schema

    ensure_schema(session_graph)
    return session_graph


def operators(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("children", []):
        yield from operators(child)


@pytest.mark.parametrize("name", [n for n, q in queries.all_queries().items() if not q.identifiers])
def test_plan_agrees_with_the_header(schema: Graph, name: str) -> None:
    query = queries.get(name)
    given = dict.fromkeys(query.parameters) | query.defaults | queries.example_parameters(query)
    with schema.session() as session:
        summary = session.run(f"EXPLAIN {query.text}", given).consume()  # type: ignore[arg-type]
    assert summary.query_type in TYPES[query.access], f"{name} is of type {summary.query_type}"
    if summary.plan is None:
        return
    for operator in operators(summary.plan):
        kind = operator["operatorType"].split("@")[0]
        assert kind not in FORBIDDEN, f"{name} has {kind}: {operator['args'].get('Details')}"
        if kind in ("NodeByLabelScan", "PartitionedNodeByLabelScan"):
            label = operator["args"]["Details"].split(":")[-1]
            assert label in query.scans, f"{name} scans {label} whole; say `scans: {label}` or avoid it"


@pytest.mark.parametrize("name", RECOMMENDING)
def test_empty_graph_gives_no_rows(schema: Graph, name: str) -> None:
    query = queries.get(name)
    assert query.access == "read"
    given = dict(queries.example_parameters(query))
    assert set(given) == set(query.parameters), "the :param line gives every parameter, so that Browser runs the file"
    assert {key: value for key, value in given.items() if key in query.defaults and value != query.defaults[key]} == {}
