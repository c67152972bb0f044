"""A stocked shop and a running service for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from shop import opened, stock

from graphrec.graph import Graph
from tests.conftest import empty


@pytest.fixture(scope="module")
def shop(session_graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """A graph with a live blend. The tests of a module share it, so each changes users of its own."""
    empty(session_graph)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHREC_HOME", str(session_graph.home))
        for name in ("NEO4J_URI", "NEO4J_USER", "NEO4J_PASSWORD", "NEO4J_DATABASE"):
            patch.delenv(name, raising=False)
        stock(session_graph, tmp_path_factory.mktemp("frames"))
        yield session_graph


@pytest.fixture(scope="module")
def client(shop: Graph) -> Iterator[TestClient]:
    """A client of one running service over the shop."""
    with opened(shop, budget_s=60.0, max_body=20_000) as found:
        yield found
