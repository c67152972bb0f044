"""A small graph with a trained blend, and a service over it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from fastapi.testclient import TestClient
from kept import Kept, keep, put_back

from graphrec.frames import FramesWriter
from graphrec.graph import Graph
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.rows import open_rows
from graphrec.ingest.schema import ensure_schema
from graphrec.models.train import train
from graphrec.service.app import application
from graphrec.service.settings import ServiceSettings
from graphrec.serving.prepare import prepare
from graphrec.versions import current

N_USERS, N_ITEMS = 40, 30
SMALL = {"filter": "item_graph", "n_stored": 10, "lightgcn.embedding_dim": 4, "lightgcn.epochs": 2}


_kept: list[Kept] = []


def stock(graph: Graph, folder: Path) -> None:
    """Users u0 …, items i0 … with titles, years and tags, two circles of taste, followed people, and a live blend with
    its lists. Made once a run; each call brings back the same graph and files, and an empty journal."""
    shutil.rmtree(graph.home / "service", ignore_errors=True)
    ensure_schema(graph)
    if _kept:
        put_back(graph, _kept[0])
        return
    fill(graph, folder)
    train(graph, "blend", SMALL)
    live = current(graph, "blend")
    assert live is not None
    prepare(graph, live)
    _kept.append(keep(graph))


def fill(graph: Graph, folder: Path) -> None:
    """What is loaded, before anything is learnt."""
    rng = np.random.default_rng(7)
    pairs = {(u, int(i)) for u in range(N_USERS) for i in rng.choice(np.arange(u % 2, N_ITEMS, 2), 5, replace=False)}
    users, items = zip(*sorted(pairs), strict=True)
    names = [f"i{n}" for n in range(N_ITEMS)]
    with FramesWriter(folder, "shop", "test") as writer:
        rows = {"user_id": [f"u{u}" for u in users], "item_id": [f"i{i}" for i in items]}
        writer.add("interactions", pa.table({**rows, "kind": ["like"] * len(users), "at": [1_000] * len(users)}))
        facts = {"title": [f"Film {n}" for n in range(N_ITEMS)], "year": [1990 + n for n in range(N_ITEMS)]}
        writer.add("items", pa.table({"item_id": names, **facts}))
        tags = [("even", "odd")[n % 2] for n in range(N_ITEMS)]
        writer.add("item_tags", pa.table({"item_id": names, "tag": tags}))
        followed = {"user_id": ["u0", "u1", "u2"], "followee_id": ["u1", "u2", "u3"]}
        writer.add("follows", pa.table(followed))
        frames = writer.finish()
    with open_rows(frames) as opened:
        load_over_bolt(graph, opened, None)


@contextmanager
def opened(graph: Graph, **settings: Any) -> Iterator[TestClient]:
    """A client of a service that is ready."""
    told = ServiceSettings(str(graph.home), **{"open": True, **settings})
    with TestClient(application(told), raise_server_exceptions=False) as client:
        wait(lambda: client.get("/ready").status_code == 200)
        yield client
        keeper, journal = client.app.state.service.keeper, client.app.state.service.journal  # type: ignore[attr-defined]
        if keeper.trouble is None:  # nothing of this test reaches the graph of the next
            wait(lambda: journal.stats().waiting == 0)


def wait(is_so: Any, seconds: float = 60) -> None:
    """Until something is the case."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def ids(answer: Any) -> list[str]:
    """The items of a list."""
    assert answer.status_code == 200, answer.text
    return [item["item_id"] for item in answer.json()["items"]]


def drained(client: TestClient) -> None:
    """Wait until Neo4j has all that is in the journal, and has refused nothing of it."""
    journal = client.app.state.service.journal  # type: ignore[attr-defined]
    wait(lambda: journal.stats().waiting == 0)
    assert journal.stats().refused == 0


def rows(graph: Graph, query: str, **values: Any) -> list[list[Any]]:
    """What a query of a test's own gives."""
    with graph.session() as session:
        return session.run(query, values).values()  # type: ignore[arg-type]
