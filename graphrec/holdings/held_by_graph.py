"""What Neo4j holds of a person: the node with its vectors, relationships, and events of the log."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphrec.errors import GraphrecError
from graphrec.graph import Graph
from graphrec.journal import Drain, Journal

A_PAGE = 1_000
TICK_S = 0.05
PATIENCE_S = 120.0
"""How long nothing may get on before it is given up."""
FOLLOW_S = 1.0
"""After which every worker that isn't held up has read what is in the journal: each looks ten times a second."""


class HeldByGraph:
    """The graph is changed through the journal, so that every running worker follows, in the same order."""

    name = "graph"

    def __init__(self, graph: Graph, journal: Journal) -> None:
        self._graph = graph
        self._journal = journal

    def count(self, user_id: str) -> Mapping[str, int]:
        """Node, vectors, relationships by type, events."""
        rows = self._graph.read("privacy/counts", user_id=user_id)
        return {row["what"]: row["n"] for row in rows if row["n"]}

    def remove(self, user_id: str) -> None:
        """Delete the user in the graph and in every worker; SIMILAR counts are counted again without the user."""
        tell(self._graph, self._journal, {"what": "delete_user", "user_id": user_id})
        time.sleep(FOLLOW_S)

    def rows(self, user_id: str) -> Iterator[tuple[str, Any]]:
        """The node, then relationships and events, page by page. Of who follows the user only the number is told."""
        for row in self._graph.read("privacy/user", user_id=user_id):
            yield "node", row
        yield from self._relationships(user_id)
        yield from self._events(user_id)
        for what, n in self.count(user_id).items():
            if what.endswith(" from others"):
                yield "counts", {"what": what, "n": n}

    def _relationships(self, user_id: str) -> Iterator[tuple[str, Any]]:
        page: list[dict[str, Any]] = [{}]
        first = 0
        while page:
            page = self._graph.read("privacy/relationships", user_id=user_id, first=first, most=A_PAGE)
            yield from (("relationships", row) for row in page)
            first += A_PAGE

    def _events(self, user_id: str) -> Iterator[tuple[str, Any]]:
        page: list[dict[str, Any]] = [{}]
        after = ""
        while page:
            page = self._graph.read("privacy/events", user_id=user_id, after=after, most=A_PAGE)
            yield from (("events", row["properties"]) for row in page)
            after = page[-1]["event_id"] if page else after


def tell(graph: Graph, journal: Journal, change: Mapping[str, Any]) -> None:
    """Write a change into the journal, and wait until Neo4j has it; see `await_delivered`."""
    await_delivered(graph, journal, [{"change_id": uuid.uuid4().hex, **change}])


def await_delivered(graph: Graph, journal: Journal, changes: Sequence[Mapping[str, Any]]) -> None:
    """Write changes into the journal, and wait until Neo4j has them, after all that stood there before.

    GraphrecError where Neo4j refuses one, or takes nothing for two minutes; the changes are in the journal then, and
    whoever drains it next delivers them.
    """
    with Drain(journal, graph) as drain:
        sequences = journal.append((), changes).sequences
        _await(journal, drain, sequences[-1])
    if any(refused.sequence in sequences for refused in journal.refused()):
        raise GraphrecError(f"Neo4j at {graph.uri} refused a change; the table `refused` of {journal.path} says why")


def _await(journal: Journal, drain: Drain, sequence: int) -> None:
    delivered, until = -1, 0.0
    while (now := journal.delivered_sequence()) < sequence:
        if now > delivered:
            delivered, until = now, time.monotonic() + PATIENCE_S
        if time.monotonic() > until:
            raise GraphrecError(
                f"Neo4j has taken nothing from {journal.path} for {PATIENCE_S:.0f} seconds "
                f"({drain.trouble or 'another process brings it there'}); run the same again when it does"
            )
        time.sleep(TICK_S)
