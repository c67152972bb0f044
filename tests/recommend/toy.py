"""Five people and five films, worked by hand.

ann: Alien, Blade Runner            bob: Alien, Blade Runner, Casablanca
cid: Alien, Casablanca              dee: Duck Soup            eve follows bob and cid, and has Duck Soup
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from graphrec.frames import Frames, FramesWriter
from graphrec.graph import Graph
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.rows import open_rows
from graphrec.ingest.schema import ensure_schema

LIKES = [
    ("ann", "a"),
    ("ann", "b"),
    ("bob", "a"),
    ("bob", "b"),
    ("bob", "c"),
    ("cid", "a"),
    ("cid", "c"),
    ("dee", "d"),
    ("eve", "d"),
]
TITLES = {"a": "Alien", "b": "Blade Runner", "c": "Casablanca", "d": "Duck Soup", "e": "Eraserhead"}
TAGS = [("a", "space"), ("b", "future"), ("c", "war"), ("d", "war"), ("e", "space")]


def stage_toy(folder: Path) -> Frames:
    users, items = zip(*LIKES, strict=True)
    with FramesWriter(folder, "toy", "test") as writer:
        times = pa.array(range(1000, 1000 + len(LIKES)))
        writer.add(
            "interactions", pa.table({"user_id": users, "item_id": items, "kind": ["rating"] * len(users), "at": times})
        )
        writer.add("items", pa.table({"item_id": list(TITLES), "title": list(TITLES.values())}))
        writer.add("item_tags", pa.table({"item_id": [i for i, _ in TAGS], "tag": [t for _, t in TAGS]}))
        writer.add("follows", pa.table({"user_id": ["eve", "eve"], "followee_id": ["bob", "cid"]}))
        return writer.finish()


def load_toy(graph: Graph, folder: Path) -> None:
    ensure_schema(graph)
    with open_rows(stage_toy(folder)) as rows:
        load_over_bolt(graph, rows, None)
