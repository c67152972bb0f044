"""A data set into the graph, by the way that fits: the bulk importer, or batches over Bolt."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphrec.connect import connect
from graphrec.errors import InputError
from graphrec.frames import Frames
from graphrec.graph import Graph
from graphrec.ingest import bulk
from graphrec.ingest.binding import bind
from graphrec.ingest.bolt import Progress, load_over_bolt
from graphrec.ingest.rows import Rows, open_rows
from graphrec.ingest.schema import ensure_schema
from graphrec.ingest.staging import one_load, staging_folder
from graphrec.privacy.entry import entry_of
from graphrec.server import Home
from loaders import load_frames

WAYS = ("auto", "bulk", "bolt")

MIN_BULK_ROWS = 200_000
"""Interactions from which the importer's process pays: below, batches are done before its Java has started."""


@dataclass(frozen=True)
class LoadReport:
    """What a load did: `way` is 'bulk' or 'bolt', `why` says in words what decided it."""

    name: str
    format: str
    way: str
    why: str
    counts: Mapping[str, int]
    duplicates: Mapping[str, int]
    rejected: int
    seconds: float


def ingest(
    frames: Frames, home: Path | None = None, *, via: str = "auto", progress: Progress | None = None
) -> LoadReport:
    """Put a data set into the graph of `home` (or of NEO4J_URI), with its schema.

    Loading the same again changes nothing. InputError when the bulk importer is asked for and can't be used.
    """
    if via not in WAYS:
        raise InputError(f"expected one of {', '.join(WAYS)} as the way in, found {via!r}")
    started = time.perf_counter()
    place = Home.at(home)
    alone = one_load(place) if not os.environ.get("NEO4J_URI") else nullcontext()
    with open_rows(frames) as rows, alone:
        way, why = choose_way(rows, place, via)
        if way == "bulk":
            _import(place, rows, progress)
        else:
            with connect(home) as graph:
                ensure_schema(graph)
                bind(graph, entry_of(place.root))
                load_over_bolt(graph, rows, progress)
        counts = _counts(rows)
    seconds = time.perf_counter() - started
    return LoadReport(
        frames.name, frames.format, way, why, counts, dict(frames.duplicates), frames.rejected, round(seconds, 3)
    )


def load(
    path: Path,
    home: Path | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    rejects: Path | None = None,
    kind: str | None = None,
    via: str = "auto",
    progress: Progress | None = None,
) -> LoadReport:
    """Load a folder, file or zip of any known format: checked whole, staged in the home, then put into the graph."""
    told = (lambda done, total: progress("reading", done, total)) if progress else None
    with staging_folder(Home.at(home), "frames") as folder:
        entry = entry_of(Home.at(home).root, makes_key=True)
        given: dict[str, Any] = {"columns": columns, "rejects": rejects, "kind": kind, "entry": entry}
        frames = load_frames(path, staging=folder, progress=told, **given)
        return ingest(frames, home, via=via, progress=progress)


def choose_way(rows: Rows, home: Home, via: str) -> tuple[str, str]:
    """'bulk' or 'bolt', and why."""
    if via == "bolt":
        return "bolt", "asked for"
    obstacle = _obstacle(rows, home, via)
    if via == "bulk":
        if obstacle:
            raise InputError(f"the bulk importer can't be used: {obstacle}; leave --via out, or say --via bolt")
        return "bulk", "asked for"
    return ("bolt", obstacle) if obstacle else ("bulk", "the local store is empty")


def is_empty(home: Home) -> bool:
    """Whether the local store holds no data yet. Starts the server only where a store exists."""
    if home.unfinished_import_file.exists() or (home.store_is_empty() and home.running() is None):
        return True
    with connect(home.root) as graph:
        return holds_nothing(graph)


def holds_nothing(graph: Graph) -> bool:
    """Whether the graph has no users, items, tags, events or models."""
    return not any(graph.read("stats/nodes")[0].values())


def _obstacle(rows: Rows, home: Home, via: str) -> str:
    """What speaks against the bulk importer, or ''."""
    if os.environ.get("NEO4J_URI"):
        return "NEO4J_URI names another server"
    if via == "auto" and rows.count("sums") < MIN_BULK_ROWS:
        return f"fewer than {MIN_BULK_ROWS:,} interactions are quicker so"
    if not bulk.fits(rows):
        return "a name or a value doesn't fit the importer's files"
    return "" if is_empty(home) else "the graph holds data already"


def _import(home: Home, rows: Rows, progress: Progress | None) -> None:
    bulk.load_in_bulk(home, rows, progress, still_empty=lambda: is_empty(home))
    with connect(home.root) as graph:
        ensure_schema(graph)
        entry = entry_of(home.root)
        if entry.pseudonyms:
            graph.write("privacy/bind_key", fingerprint=entry.pseudonyms.fingerprint)
        graph.write("load/kinds", kinds=rows.kinds(), complete=True)


def _counts(rows: Rows) -> dict[str, int]:
    views = {
        "users": "user_words",
        "items": "item_words",
        "tags": "tag_words",
        "interacted": "sums",
        "has_tag": "has_tag",
        "tagged": "tagged",
        "follows": "followed",
    }
    return {name: rows.count(view) for name, view in views.items()}
