"""After forgetting and scrubbing no file of the home holds the id, and the graph is the same: data, schema, answers.

One server of its own, which is killed in the middle, stopped, and started again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import graphrec
from graphrec.connect import local
from graphrec.experiments import Outcome
from graphrec.experiments.store import FILE, Store
from graphrec.frames import FramesWriter
from graphrec.graph import Graph
from graphrec.holdings.forget import forget
from graphrec.holdings.scrub import scrub
from graphrec.holdings.search import files_with_text
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.events import record
from graphrec.ingest.rows import open_rows
from graphrec.ingest.stats import read_stats
from graphrec.journal import JOURNAL, Journal
from graphrec.server import Home, down
from graphrec.versions import Embeddings, Learnt, current, publish
from tests.conftest import start

GONE = "kqzvjxwpbnmtrdhgfsclqeyuioazwxsd"
USERS = [*(f"u{n}" for n in range(12)), GONE]
ITEMS = [f"i{n}" for n in range(15)]
ODD = """
MATCH (i:Item {item_id: 'i0'}) SET i.note = 'a "quoted", line\nand another', i.empty = '', i.none = [], i.year = 'MMXX',
  i.day = date('2020-02-29'), i.place = point({x: 1.5, y: -2}), i.words = ['a', ''], i.flags = [true, false]
WITH i MATCH (j:Item {item_id: 'i1'})
SET j.year = 2020, j.tiny = 5e-324, j.third = 1.0 / 3, j.big = 9223372036854775807, j.nan = 0.0 / 0.0,
  j:`Odd label, "x"`
CREATE (i)-[:`RELATED TO` {why: 'both, "really"', at: 3}]->(j)
"""


def stocked(graph: Graph, folder: Path) -> None:
    """Loaded and logged interactions, tags, follows, two versions of vectors, and what no importer reads plainly."""
    rng = np.random.default_rng(3)
    pairs = sorted({(u, str(i)) for u in USERS for i in rng.choice(ITEMS, 6, replace=False)})
    with FramesWriter(folder, "tiny", "test") as writer:
        columns = {"user_id": [u for u, _ in pairs], "item_id": [i for _, i in pairs]}
        writer.add("interactions", pa.table({**columns, "kind": ["like"] * len(pairs), "at": [1_000] * len(pairs)}))
        writer.add("items", pa.table({"item_id": ITEMS, "title": [f"Film {n}" for n in range(15)]}))
        writer.add("item_tags", pa.table({"item_id": ITEMS, "tag": [("even", "odd")[n % 2] for n in range(15)]}))
        writer.add("follows", pa.table({"user_id": ["u0", "u1", GONE], "followee_id": [GONE, "u2", "u0"]}))
        frames = writer.finish()
    with open_rows(frames) as opened:
        load_over_bolt(graph, opened, None)
    events = [
        {"user_id": user, "item_id": "i3", "kind": "view", "at": 5, "context": {"mood": "calm"}} for user in USERS
    ]
    record(graph, [{"event_id": f"e-{event['user_id']}", **event} for event in events])
    for seed in (1, 2):
        vectors = np.random.default_rng(seed).normal(size=(len(USERS) + len(ITEMS), 4)).astype(np.float32)
        users, items = (np.array(sorted(ids), dtype=object) for ids in (USERS, ITEMS))
        learnt = Learnt(Embeddings(users, vectors[: len(USERS)], items, vectors[len(USERS) :]))
        publish(graph, "lightgcn", learnt)
    with graph.session() as session:
        session.run(ODD).consume()


def spread(home: Path) -> None:
    """The id in all that isn't the graph."""
    with Journal(home / JOURNAL) as journal:
        journal.append([{"event_id": f"j-{GONE}", "user_id": GONE, "item_id": "i1", "kind": "view"}])
    Store(home / FILE).write(outcomes=[Outcome("o", "view", GONE, "i1", 5, None)])
    for name, encoding in (("rejects/bad.csv", "utf-8"), ("staging/frames-999999999/x.parquet", "utf-16-le")):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_bytes(f"{GONE},i1\n".encode(encoding))
    for name, encoding in (("debug.log", "utf-16-be"), ("query.log", "utf-8")):
        with (home / "neo4j" / "logs" / name).open("ab") as log:
            log.write(GONE.encode(encoding))


def answers(graph: Graph) -> list[Any]:
    """What others are recommended, by walks, counts, vectors and their index."""
    return [
        graphrec.recommend(graph, user, k=5, model=model)[["item_id", "score"]].round(9).to_numpy().tolist()
        for user in USERS[:3]
        for model in ("walk", "cooccurrence", "lightgcn")
    ]


def whole(graph: Graph) -> dict[str, Any]:
    """All that the graph holds but the idle slot, told in an order that the store has no part in."""
    with graph.session() as session:
        nodes = session.run("MATCH (n) RETURN labels(n), properties(n)").values()
        edges = session.run("MATCH (a)-[r]->(b) RETURN properties(a), type(r), properties(r), properties(b)").values()
        schema = session.run("SHOW CONSTRAINTS YIELD name, createStatement").values()
        schema += session.run("SHOW INDEXES YIELD name, createStatement, state").values()
    told = {"nodes": nodes, "edges": edges, "schema": [row for row in schema if row[1]]}
    return {name: sorted(map(_plain, rows)) for name, rows in told.items()}


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{key}: {_plain(value[key])}" for key in sorted(value) if key != "embedding_lightgcn_a")
            + "}"
        )
    return "[" + ", ".join(map(_plain, value)) + "]" if isinstance(value, list) else repr(value)


def killed_while_importing(home: Home) -> None:
    """A command that dies while the new store is made."""
    command = [sys.executable, "-m", "graphrec", "forget", "--scrub", "--yes", f"--home={home.root}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        steps = []
        while not steps or not steps[-1].startswith("import"):
            steps.append(process.stderr.readline())
            assert steps[-1], "".join(steps)
        process.kill()


def test_after_forget_and_scrub_no_file_holds_the_id_and_the_graph_is_the_same(mortal: Home, tmp_path: Path) -> None:
    with local(mortal, start(mortal)) as graph:
        stocked(graph, tmp_path)
    spread(mortal.root)
    port = start(mortal).port
    held_by = {path.relative_to(mortal.root).parts[0] for path in files_with_text(mortal.root, GONE)}
    assert held_by >= {"neo4j", "service", "experiments", "models", "rejects", "staging"}
    receipt, _ = forget(mortal.root, GONE)
    assert any("--scrub" in place for place in receipt.not_reached)
    with local(mortal, start(mortal)) as graph:
        before, said, live = whole(graph), answers(graph), current(graph, "lightgcn")
        checksum = read_stats(graph).checksum
    killed_while_importing(mortal)
    with local(mortal, start(mortal)) as graph:
        assert read_stats(graph).checksum == checksum, "the old store stands"
    steps: list[str] = []
    receipt, path = scrub(mortal.root, GONE, steps.append)
    assert files_with_text(mortal.root, GONE) == []
    assert not any("still holds" in place for place in receipt.not_reached)
    assert "the new store takes the place of the old one" in steps
    assert mortal.running().port == port, "services that run find it again"  # type: ignore[union-attr]
    with local(mortal, start(mortal)) as graph:
        after = whole(graph)
        assert answers(graph) == said
        assert current(graph, "lightgcn") == live
    assert after["edges"] == before["edges"]
    assert after["schema"] == [row for row in before["schema"] if "lightgcn_a" not in row], "the idle slot is gone"
    assert [row for row in after["nodes"] if "Model" not in row] == [
        row for row in before["nodes"] if "Model" not in row
    ]
    _finish_what_was_cut_off(mortal, after)
    assert path.is_file()


def _finish_what_was_cut_off(home: Home, after: dict[str, Any]) -> None:
    """Killed between the removal of the old store and the move of the new one, a start takes the new one."""
    down(home)
    data = home.neo4j / "data"
    (home.renewed / "neo4j").mkdir(parents=True)
    data.rename(home.renewed / "neo4j" / "data")
    home.renewing_file.touch()
    (data / "databases" / "half").mkdir(parents=True)
    assert not home.store_is_empty()
    with local(home, start(home)) as graph:
        assert whole(graph) == after
    assert not home.renewed.exists()
    assert not home.renewing_file.exists()


@pytest.mark.parametrize("cut_at", ["rmtree", "replace", "unlink"])
def test_a_swap_that_is_cut_off_anywhere_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut_at: str
) -> None:
    home = Home.at(tmp_path)
    (home.neo4j / "data" / "old").mkdir(parents=True)
    (home.renewed / "neo4j" / "data" / "new").mkdir(parents=True)
    home.finish_renewal()
    assert (home.neo4j / "data" / "old").is_dir(), "it isn't whole yet"
    home.renewing_file.touch()

    def cut(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil if cut_at == "rmtree" else Path, cut_at, cut)
        with pytest.raises(KeyboardInterrupt):
            home.finish_renewal()
        assert home.renewing_file.exists()
        assert not home.store_is_empty()
    home.finish_renewal()
    home.finish_renewal()
    assert [path.name for path in (home.neo4j / "data").iterdir()] == ["new"]
    assert [path.name for path in home.root.iterdir()] == ["neo4j"]
