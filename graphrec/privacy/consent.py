"""Opting out and in without a service: by the journal all the same, so that services of the home know it at once."""

from __future__ import annotations

import time
import uuid

from graphrec.errors import GraphError, InputError
from graphrec.graph import Graph
from graphrec.journal import JOURNAL, Drain, Journal
from graphrec.privacy.entry import entry_of

WAIT_S = 60.0
"""How long Neo4j may take to have it, with all events before it."""
ASK_S = 0.02


def opt_out(graph: Graph, user_id: str) -> None:
    """Let nothing count that a user did or does. GraphError where Neo4j doesn't have it yet; the journal does then."""
    _tell(graph, "opt_out", user_id)


def opt_in(graph: Graph, user_id: str) -> None:
    """Let all count again that a user did. GraphError as for `opt_out`."""
    _tell(graph, "opt_in", user_id)


def has_opted_out(graph: Graph, user_id: str) -> bool:
    """Whether nothing counts that a user does."""
    return bool(graph.read("consent/is_opted_out", user_ids=[entry_of(graph.home).user(user_id)]))


def _tell(graph: Graph, what: str, user_id: str) -> None:
    change = {"change_id": uuid.uuid4().hex, "what": what, "user_id": entry_of(graph.home).user(user_id)}
    with Journal(graph.home / JOURNAL) as journal, Drain(journal, graph) as drain:
        sequence = journal.append((), [change]).sequences[0]
        end = time.monotonic() + WAIT_S
        while journal.delivered_sequence() < sequence:
            if time.monotonic() > end:
                raise GraphError(
                    f"it is safe in the journal {journal.path} and running services heed it, but Neo4j hasn't got it "
                    f"yet ({drain.trouble or 'events before it wait'}); a service delivers it, or say it again later"
                )
            time.sleep(ASK_S)
        if any(refused.sequence == sequence for refused in journal.refused()):
            raise InputError(f"Neo4j refused it; the table `refused` of {journal.path} says why")
