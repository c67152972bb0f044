"""A server that starts, answers and stops."""

from __future__ import annotations

from graphrec.server import Home
from graphrec.server.jars import NEO4J_VERSION


def test_the_server_is_the_pinned_version(session_graph):
    with session_graph.session() as session:
        rows = session.run("CALL dbms.components() YIELD name, versions, edition").data()
    kernel = next(row for row in rows if row["name"] == "Neo4j Kernel")
    assert kernel["versions"] == [NEO4J_VERSION]
    assert kernel["edition"] == "community"


def test_the_state_names_a_living_process(server: Home):
    state = server.running()
    assert state is not None
    assert state.ready
