"""What deleting leaves behind in files: a store rebuilt, logs dropped, queues written anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from graphrec.connect import connect, local
from graphrec.experiments.store import FILE, Store
from graphrec.holdings.forget import LEARNT, OUTSIDE, alone, is_remote, not_reached
from graphrec.holdings.receipt import Receipt, hash_of, now
from graphrec.holdings.search import files_with_text
from graphrec.holdings.store_copy import complete, copy_out
from graphrec.ids import clean_id
from graphrec.ingest.schema import ensure_schema
from graphrec.ingest.staging import remove_leftovers, staging_folder
from graphrec.journal import JOURNAL, Journal
from graphrec.privacy.entry import entry_of
from graphrec.server import Home, StartOptions, importer
from graphrec.server.renewal import privately, renewal
from graphrec.versions.dropping import keep_live_only

REJECTS = "rejects"
"""A folder of the home for rows that loads refused, where they were told to put them there."""

SHORT = 6
"""Characters of an id below which files aren't searched for it: it would be found everywhere."""

Tell = Callable[[str], None]
"""Called with what is done next."""


def scrub(home: Path | None, user_id: str | None = None, told: Tell = lambda step: None) -> tuple[Receipt, Path]:
    """The receipt, and where it lies, after nothing of what was deleted before is left in the files of a home.

    Old versions of models go, staging, rejects in the home, Neo4j's transaction logs and all other logs; its store is
    rebuilt by export and bulk import, journal and recordings are vacuumed. `user_id`: whom to look for in all files
    afterwards. A local Neo4j is away meanwhile: services answer from memory, and events wait. Killed anywhere, the old
    or the new store stands whole, and the same again goes on. A remote Neo4j's files can't be reached, as the receipt
    says.
    """
    began_at = now()
    with connect(home) as graph, alone(graph.home):
        told("old versions of models")
        places = {"models": {"versions": keep_live_only(graph)}}
        told("staging and rejects")
        places["staging"] = {"folders of killed loads": _drop_staging(graph.home)}
        told("journal and recordings")
        with Journal(graph.home / JOURNAL) as journal:
            journal.vacuum()
        Store(graph.home / FILE).vacuum()
        graph_id = ensure_schema(graph)
        root, left = graph.home, not_reached(graph)
        graph.close()
        if not is_remote():
            places["store"] = rebuild(Home.at(root), told)
            left = [LEARNT, OUTSIDE]
        person = hash_of(root, entry_of(root).user(user_id)) if user_id is not None else None
        found = _found(root, user_id) if user_id is not None else []
        receipt = Receipt("scrub", person, began_at, now(), graph_id, places, [*found, *left])
        return receipt, receipt.write(root)


def rebuild(home: Home, told: Tell = lambda step: None) -> dict[str, int]:
    """How many nodes and relationships stand in the new store, which has taken the place of the old one."""
    running = home.running()
    like = StartOptions.of(running) if running else None
    with staging_folder(home, "renewal") as folder, renewal(home) as beside:
        told("export")
        with privately(home, like) as state, local(home, state) as graph:
            copied = copy_out(graph, folder, beside.root)
        told("import")
        importer.run(beside, copied.arguments)
        told("constraints, indexes and a comparison of both stores")
        with privately(beside, like) as state, local(beside, state) as graph:
            complete(graph, copied)
        told("the new store takes the place of the old one")
    return {"nodes": copied.n_nodes, "relationships": copied.n_relationships}


def _drop_staging(root: Path) -> int:
    n_folders = remove_leftovers(root)
    rejects = root / REJECTS
    if rejects.is_dir():
        shutil.rmtree(rejects)
    return n_folders


def _found(root: Path, user_id: str) -> list[str]:
    """The files of the home in which an id still stands, as it was given or as the graph held it."""
    ids = {clean_id(user_id), entry_of(root).user(user_id)}
    return [told for each in sorted(ids) for told in _found_as(root, each)]


def _found_as(root: Path, user_id: str) -> list[str]:
    if len(user_id) < SHORT:
        return [f"ids of fewer than {SHORT} characters aren't searched for: they are found everywhere"]
    return [f"the file {path.relative_to(root)} still holds the id" for path in files_with_text(root, user_id)]
