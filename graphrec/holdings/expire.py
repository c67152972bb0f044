"""Retention: what was done before a time goes, in batches, from graph, journal and what experiments recorded."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from graphrec.errors import InputError
from graphrec.experiments.store import FILE, Store
from graphrec.graph import Graph
from graphrec.holdings.forget import opened
from graphrec.holdings.held_by_graph import await_delivered, tell
from graphrec.holdings.held_by_models import HeldByModels
from graphrec.journal import Journal
from graphrec.nightly.interrupted import drop_interrupted, interrupted
from graphrec.transfer import read_ids

DAYS = {"d": 1.0, "w": 7.0, "m": 365.25 / 12, "y": 365.25}
DAY_MS = 86_400_000
A_PAGE = 1_000

_AGE = re.compile(r"(\d+(?:\.\d+)?)([dwmy])")

Tell = Callable[[str], None]
"""Called with what goes next."""


@dataclass(frozen=True)
class Expired:
    """How much was older than `before` (epoch ms): relationships whose last time lies there, events of the log, rows of
    the journal, recordings of experiments, and users of whom nothing is left. `nights`: interrupted ones, whose copy
    of the interactions is dropped whole, whatever its age."""

    before: int
    relationships: int = 0
    events: int = 0
    journal: int = 0
    recordings: int = 0
    users: int = 0
    nights: int = 0
    dry_run: bool = field(default=False, kw_only=True)


def cutoff(age: str, now_ms: int | None = None) -> int:
    """The time, in epoch ms, before which something is older than an age such as 90d, 8w, 18m (months) or 2y."""
    found = _AGE.fullmatch(age.strip())
    if not found or not float(found[1]):
        raise InputError(f"expected an age such as 90d, 8w, 18m (months) or 2y, found {age!r}")
    return (now_ms or time.time_ns() // 1_000_000) - round(float(found[1]) * DAYS[found[2]] * DAY_MS)


def expire(
    home: Path | None, before: int, *, users: bool = False, dry_run: bool = False, told: Tell = lambda what: None
) -> Expired:
    """How much went, or with `dry_run` would go, of what was done before a time (epoch ms).

    A sum of what a user did to an item goes once its last time is older: sums don't tell their parts. What has no time
    stays. `users`: those of whom nothing is left go too. Running services read the graph anew afterwards. Killed in the
    middle, run it again. Cost: one pass over all interactions.
    """
    with opened(home) as (graph, journal):
        store = Store(graph.home / FILE)
        if dry_run:
            return _counted(graph, journal, store, before, users)
        told("interactions")
        n_relationships = graph.run("privacy/expire_relationships", before=before)[0]["n"]
        told("events")
        n_events = graph.run("privacy/expire_events", before=before)[0]["n"]
        told("journal and recordings")
        found = Expired(before, n_relationships, n_events, journal.expire(before), store.forget_before(before))
        found = replace(found, nights=drop_interrupted(graph.home))
        if users:
            told("users")
            found = replace(found, users=_forget_idle(graph, journal))
        tell(graph, journal, {"what": "read_anew", "reason": "expire"})
        return found


def _counted(graph: Graph, journal: Journal, store: Store, before: int, users: bool) -> Expired:
    """Users who would have nothing left then aren't known before; those are counted who have nothing now."""
    return Expired(
        before,
        graph.read("privacy/old_relationships", before=before)[0]["n"],
        graph.read("privacy/old_events", before=before)[0]["n"],
        journal.count_before(before),
        store.count("at < ?", before),
        sum(len(page) for page in _idle(graph)) if users else 0,
        len(interrupted(graph.home)),
        dry_run=True,
    )


def _idle(graph: Graph) -> Iterator[list[str]]:
    after, page = "", [""]
    while page:
        page = graph.read("privacy/idle_users", after=after, most=A_PAGE)[0]["user_ids"]
        if page:
            yield page
            after = page[-1]


def _forget_idle(graph: Graph, journal: Journal) -> int:
    """Delete them as any user is deleted, so that every worker follows; files of models let go of them too."""
    n_users = 0
    for page in _idle(graph):
        changes = [{"change_id": uuid.uuid4().hex, "what": "delete_user", "user_id": user_id} for user_id in page]
        await_delivered(graph, journal, changes)
        n_users += len(page)
    if n_users:
        HeldByModels(graph.home).remove_missing(set(read_ids(graph, "user")[0]))
    return n_users
