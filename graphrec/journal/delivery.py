"""A batch of events into Neo4j; those that it refuses for good are found by halving and put aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from neo4j.exceptions import ClientError, Neo4jError

from graphrec.errors import GraphError, InputError
from graphrec.graph import Graph
from graphrec.ingest.events import record
from graphrec.journal.journal import Entry

OF_THE_EVENT = ("Neo.ClientError.Statement.", "Neo.ClientError.Schema.ConstraintValidationFailed")
"""What Neo4j calls an error that lies in the values."""

NOT_OF_THE_EVENT = ("Neo.ClientError.Statement.SyntaxError", "Neo.ClientError.Statement.AccessMode")


@dataclass
class Delivery:
    """What became of a batch. `taken`: one of the events that Neo4j has; reasons of refusals by sequence number."""

    taken: Entry | None = None
    refused: dict[int, str] = field(default_factory=dict)
    doubt: GraphError | None = None


def deliver(graph: Graph, entries: Sequence[Entry]) -> dict[int, str]:
    """The reasons why Neo4j refused some of the events, by sequence number; it has all others, committed.

    GraphError if they can't be delivered now: Neo4j is away, or refuses with what may be its own fault, as on a full
    disk, and an event that it has already as well. What was committed before is known by its log, so all may be
    delivered again.
    """
    found = Delivery()
    _deliver(graph, entries, found)
    if found.doubt:
        if found.taken is None:
            raise found.doubt
        record(graph, [found.taken.event])
    return found.refused


def _deliver(graph: Graph, entries: Sequence[Entry], found: Delivery) -> None:
    try:
        record(graph, [entry.event for entry in entries])
        found.taken = entries[0]
    except (GraphError, InputError, ValueError, TypeError, OverflowError) as error:
        if isinstance(error, GraphError) and not _is_refusal(error):
            raise
        if len(entries) > 1:
            middle = len(entries) // 2
            _deliver(graph, entries[:middle], found)
            _deliver(graph, entries[middle:], found)
            return
        found.refused[entries[0].sequence] = f"{type(error).__name__}: {error}"
        if isinstance(error, GraphError) and not _lies_in_the_event(error):
            found.doubt = error


def _is_refusal(error: GraphError) -> bool:
    """Whether Neo4j looked at the events and said no; else it is away or busy, and the same may work later."""
    cause = error.__cause__
    return isinstance(cause, Neo4jError) and not cause.is_retryable() and not _is_about_access(cause)


def _is_about_access(error: Neo4jError) -> bool:
    code = error.code or ""
    return code.startswith("Neo.ClientError.Security.") or code.startswith(NOT_OF_THE_EVENT)


def _lies_in_the_event(error: GraphError) -> bool:
    cause = error.__cause__
    return isinstance(cause, ClientError) and (cause.code or "").startswith(OF_THE_EVENT)
