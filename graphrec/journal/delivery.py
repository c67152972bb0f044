"""A batch of events into Neo4j; those that it refuses for good are found by halving and put aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from neo4j.exceptions import Neo4jError

from graphrec.errors import GraphError, InputError
from graphrec.graph import Graph
from graphrec.ingest.events import record
from graphrec.journal.journal import Entry

OF_THE_EVENT = ("Neo.ClientError.Statement.", "Neo.ClientError.Schema.ConstraintValidationFailed")
"""What Neo4j calls an error that lies in the values."""

DOUBTFUL = ("Neo.DatabaseError.", "Neo.ClientError.Request.")
"""What may lie in the values, or in Neo4j as on a full disk. All other errors of it are waited for until they pass."""

MOST_DOUBTS = 50
"""Events tried one by one while Neo4j takes none at all."""


@dataclass
class Delivery:
    """What became of a batch so far. `taken`: an event that Neo4j has; reasons of refusals by sequence number.

    `doubts`: errors of single events before Neo4j took any.
    """

    taken: Entry | None = None
    refused: dict[int, str] = field(default_factory=dict)
    doubts: list[GraphError] = field(default_factory=list)


def deliver(graph: Graph, entries: Sequence[Entry]) -> dict[int, str]:
    """The reasons why Neo4j refused some of the events, by sequence number; it has all others, committed.

    GraphError if they can't be delivered now: Neo4j is away, or refuses with what may be its own fault and takes no
    other event either. What was committed before is known by its log, so all may be delivered again.
    """
    found = Delivery()
    _deliver(graph, entries, found)
    if found.doubts and not found.taken:
        raise found.doubts[-1]
    return found.refused


def _deliver(graph: Graph, entries: Sequence[Entry], found: Delivery) -> None:
    try:
        record(graph, [entry.event for entry in entries])
        found.taken = entries[0]
        return
    except GraphError as error:
        if not _code(error).startswith((*OF_THE_EVENT, *DOUBTFUL)):
            raise
        refusal: Exception = error
    except (InputError, ValueError, TypeError, OverflowError) as error:  # the driver's, of what it can't send
        refusal = error
    if len(entries) > 1:
        middle = len(entries) // 2
        _deliver(graph, entries[:middle], found)
        _deliver(graph, entries[middle:], found)
        return
    if isinstance(refusal, GraphError) and _code(refusal).startswith(DOUBTFUL):
        _make_sure(graph, found, refusal)
    found.refused[entries[0].sequence] = f"{type(refusal).__name__}: {refusal}"


def _make_sure(graph: Graph, found: Delivery, error: GraphError) -> None:
    """Raise GraphError where the trouble is Neo4j's own: it doesn't even take an event that it has already."""
    if found.taken:
        record(graph, [found.taken.event])
        return
    found.doubts.append(error)
    if len(found.doubts) > MOST_DOUBTS:
        raise error


def _code(error: GraphError) -> str:
    """Neo4j's code, empty where it didn't answer or says that the same may work later."""
    cause = error.__cause__
    return (cause.code or "") if isinstance(cause, Neo4jError) and not cause.is_retryable() else ""
