"""The places that may hold something of a person, each told, counted and emptied in the same way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from graphrec.graph import Graph
from graphrec.holdings.held_by_graph import HeldByGraph
from graphrec.holdings.held_by_journal import HeldByJournal
from graphrec.holdings.held_by_models import HeldByModels
from graphrec.holdings.held_by_recordings import HeldByRecordings
from graphrec.holdings.held_by_staging import HeldByStaging
from graphrec.journal import Journal


class Place(Protocol):
    """Where something of a person may be held."""

    name: str

    def count(self, user_id: str) -> Mapping[str, int]:
        """How much of what is held; nothing that is 0."""

    def remove(self, user_id: str) -> None:
        """Take it out. Again, it changes nothing; killed in the middle, it goes on."""

    def rows(self, user_id: str) -> Iterator[tuple[str, Any]]:
        """All that is held, one thing at a time: what it is, and its content."""


def places_of(graph: Graph, journal: Journal) -> tuple[Place, ...]:
    """All places, in the order in which they are emptied: nothing that comes later can fill one that came before."""
    home: Path = graph.home
    return (
        HeldByGraph(graph, journal),
        HeldByJournal(journal),
        HeldByRecordings(home),
        HeldByModels(home),
        HeldByStaging(home),
    )
