"""A person taken out of everything that graphrec holds, running services included, with a receipt."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from filelock import FileLock

from graphrec.connect import connect
from graphrec.graph import Graph
from graphrec.holdings.held_by_graph import tell
from graphrec.holdings.places import Place, places_of
from graphrec.holdings.receipt import FOLDER, Begun, Counts, Receipt, hash_of, now
from graphrec.ingest.schema import ensure_schema
from graphrec.ingest.staging import one_load
from graphrec.journal import JOURNAL, Journal
from graphrec.privacy.entry import entry_of
from graphrec.server import Home

Tell = Callable[[str], None]
"""Called with the name of the place that is emptied next."""

LEARNT = "what models learnt of items from many people, this one among them: it goes with the next training"
OUTSIDE = (
    "files outside of the home: what was loaded, rejects, exports, reports and backups; a load brings back who is in it"
)
ELSEWHERE = "journals, models and recordings in homes of other machines that serve the same graph"
STORE = "deleted records in Neo4j's store files, transaction logs and debug logs, until `graphrec forget --scrub`"
REMOTE_STORE = (
    "store files, transaction logs, query and debug logs, dumps and backups of the Neo4j at {uri}: rebuild its store "
    "and drop its old logs there (neo4j-admin database copy, or a dump loaded into a new store)"
)


def held(home: Path | None, user_id: str) -> Counts:
    """How much is held of a person, by place. Nothing is changed."""
    with opened(home) as (graph, journal):
        return _count(places_of(graph, journal), entry_of(graph.home).user(user_id))


def forget(home: Path | None, user_id: str, told: Tell = lambda name: None) -> tuple[Receipt, Path]:
    """The receipt, and where it lies, after a person was taken out of all places.

    From the first step on nobody is answered from it in any worker. Killed anywhere, the same again goes on, and its
    receipt tells all. Loads wait meanwhile. GraphrecError, with nothing lost, where Neo4j or a writer of models
    is in the way for too long.
    """
    with opened(home) as (graph, journal), alone(graph.home):
        user_id = entry_of(graph.home).user(user_id)
        places = places_of(graph, journal)
        person = hash_of(graph.home, user_id)
        begun = Begun.open(graph.home, person, _count(places, user_id))
        for place in places:
            told(place.name)
            place.remove(user_id)
        tell(graph, journal, {"what": "read_anew", "reason": "forget"})
        left = {name: counts for name, counts in _count(places, user_id).items() if counts}
        receipt = Receipt(
            what="forget",
            person=person,
            began_at=begun.began_at,
            ended_at=now(),
            graph_id=ensure_schema(graph),
            places=begun.places,
            not_reached=[*(_left(name) for name in left), *not_reached(graph)],
        )
        path = receipt.write(graph.home)
        begun.end()
    return receipt, path


@contextmanager
def opened(home: Path | None) -> Iterator[tuple[Graph, Journal]]:
    """The graph of a home, and its journal, which a running service has open too."""
    with connect(home) as graph, Journal(graph.home / JOURNAL) as journal:
        yield graph, journal


def is_remote() -> bool:
    """Whether the graph is another's than the home's, so that its files can't be reached."""
    return bool(os.environ.get("NEO4J_URI"))


def not_reached(graph: Graph) -> list[str]:
    """Where something may still be of a person who was taken out."""
    store = [REMOTE_STORE.format(uri=graph.uri), ELSEWHERE] if is_remote() else [STORE]
    return [*store, LEARNT, OUTSIDE]


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """One such command at a time, and no load into a local home."""
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    load = nullcontext() if is_remote() else one_load(Home.at(root))
    with FileLock(root / FOLDER / "lock"), load:
        yield


def _count(places: tuple[Place, ...], user_id: str) -> Counts:
    return {place.name: dict(place.count(user_id)) for place in places}


def _left(name: str) -> str:
    return f"the place '{name}' has something of the person again: it came while this ran; run the same again"
