"""The command on a graph and what its home's service recorded: nothing is learnt from what came of the lists."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from graphrec.cli.app import app
from graphrec.cli.verbs import recommend as _recommend  # noqa: F401  (with two, the commands have names)
from graphrec.cli.verbs import replay as _replay  # noqa: F401  (registers the command)
from graphrec.experiments import Impression, Outcome, Shown, Store
from graphrec.experiments.store import FILE
from graphrec.frames import FramesWriter
from graphrec.graph import Graph
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.rows import open_rows
from graphrec.replay.entry import known_before

BEFORE, LATER = 1000, 5000


def test_only_what_came_before_the_lists_is_known(graph: Graph, tmp_path: Path) -> None:
    events = [("ada", "x", 10), ("bob", "a", 20), ("cid", "a", 30), ("bob", "b", 40)]
    events += [(user, "b", LATER + 1) for user in ("cid", "dan", "eve")]  # later, b is the more popular one
    with FramesWriter(tmp_path / "frames", "shop", "test") as writer:
        users, items, times = zip(*events, strict=True)
        columns = {"user_id": users, "item_id": items, "kind": ["view"] * len(events), "at": times}
        writer.add("interactions", pa.table({name: list(values) for name, values in columns.items()}))
        frames = writer.finish()
    with open_rows(frames) as rows:
        load_over_bolt(graph, rows, None)
    snapshot = known_before(graph, BEFORE)
    assert snapshot.matrix.nnz == 4
    assert dict(zip(snapshot.item_ids, snapshot.n_likers().tolist(), strict=True)) == {"a": 2, "b": 1, "x": 1}
    shown = [Shown("a", None, 0.8), Shown("b", None, 0.5)]
    lists = [Impression(f"r{n}", BEFORE + n, "ada", "", None, shown) for n in range(3)]
    Store(graph.home / FILE).write(lists, [Outcome("e1", "click", "ada", "a", BEFORE + 5)])
    asked = ["replay", "--with", "popular", "-k", "1"]
    run = CliRunner()
    told = json.loads(run.invoke(app, [*asked, "--json"]).stdout)
    assert told["before"] == BEFORE
    assert told["found"]["n_lists"] == 3
    assert told["found"]["ips"]["value"] == pytest.approx(1 / 3 / 0.8), "a is the most popular item of what came before"
    said = run.invoke(app, asked)
    assert said.exit_code == 0, said.output
    assert "too little" in said.output
    (graph.home / FILE).unlink()
