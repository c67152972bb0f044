"""A batch of entries into Neo4j, in their order; those that it refuses for good are found by halving and put aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from neo4j.exceptions import Neo4jError

from graphrec.errors import GraphError, InputError
from graphrec.graph import Graph
from graphrec.ingest.changing import write_changes
from graphrec.ingest.events import record
from graphrec.journal.journal import Entry
from graphrec.journal.rows import EVENT

OF_THE_EVENT = ("Neo.ClientError.Statement.", "Neo.ClientError.Schema.ConstraintValidationFailed")
"""What Neo4j calls an error that lies in the values."""

DOUBTFUL = ("Neo.DatabaseError.", "Neo.ClientError.Request.")
"""What may lie in the values, or in Neo4j as on a full disk. All other errors of it are waited for until they pass."""

MOST_DOUBTS = 50
"""Entries tried one by one while Neo4j takes none at all."""


@dataclass
class Delivery:
    """What became of a batch so far. `taken`: the last entry that Neo4j took; reasons of refusals by sequence number.

    `doubts`: errors of single entries before Neo4j took any.
    """

    taken: Entry | None = None
    refused: dict[int, str] = field(default_factory=dict)
    doubts: list[GraphError] = field(default_factory=list)


def deliver(graph: Graph, entries: Sequence[Entry]) -> dict[int, str]:
    """The reasons why Neo4j refused some of the entries, by sequence number; it has all others, committed.

    Events between two changes go together, and so do neighbouring changes. GraphError if they can't be delivered now:
    Neo4j is away, or refuses with what may be its own fault and takes no other entry either. All may be delivered
    again, in their order: events are known by their log, and what a change undid is undone by it again.
    """
    found = Delivery()
    for _, run in groupby(entries, key=lambda entry: entry.what):
        _deliver(graph, list(run), found)
    if found.doubts and not found.taken:
        raise found.doubts[-1]
    return found.refused


def _deliver(graph: Graph, entries: Sequence[Entry], found: Delivery) -> None:
    try:
        _write(graph, entries)
        found.taken = entries[-1]
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


def _write(graph: Graph, entries: Sequence[Entry]) -> None:
    """Entries that are all events, or all changes."""
    if entries[0].what == EVENT:
        record(graph, [entry.event for entry in entries])
    else:
        write_changes(graph, [entry.event for entry in entries])


def _make_sure(graph: Graph, found: Delivery, error: GraphError) -> None:
    """Raise GraphError where the trouble is Neo4j's own: it doesn't even take the entry that it took last, which
    changes nothing as long as none came after it."""
    if found.taken:
        _write(graph, [found.taken])
        return
    found.doubts.append(error)
    if len(found.doubts) > MOST_DOUBTS:
        raise error


def _code(error: GraphError) -> str:
    """Neo4j's code, empty where it didn't answer or says that the same may work later."""
    cause = error.__cause__
    return (cause.code or "") if isinstance(cause, Neo4jError) and not cause.is_retryable() else ""
