"""Arrays out of the graph and into it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made import NASTY, nasty

from graphrec import transfer
from graphrec.errors import GraphError
from graphrec.graph import Graph
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.rows import open_rows


def test_interactions_come_as_they_stand_in_the_graph(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "USERS_A_BLOCK", 4)
    frames = nasty(tmp_path)
    with open_rows(frames) as rows:
        load_over_bolt(graph, rows)
    read = transfer.read_interactions(graph)
    assert read.user_ids.tolist() == sorted([*NASTY, "no interactions"])
    assert read.item_ids.tolist() == sorted([*NASTY, "never seen"])
    with frames.database() as database:
        query = "SELECT user_id, item_id, kind, count, weight, rating, last_at FROM sums"
        expected = set(database.execute(query).fetchall())
    columns = zip(
        read.user_ids[read.user_idx],
        read.item_ids[read.item_idx],
        [read.kinds[kind] for kind in read.kind],
        read.count.tolist(),
        [None if np.isnan(weight) else weight for weight in read.weight.tolist()],
        [None if np.isnan(rating) else rating for rating in read.rating.tolist()],
        [None if at == transfer.NO_TIME else at for at in read.last_at.tolist()],
        strict=True,
    )
    assert set(columns) == expected
    assert (np.diff(read.user_idx) >= 0).all()


def test_an_empty_graph_gives_empty_columns(graph: Graph) -> None:
    read = transfer.read_interactions(graph)
    assert len(read.user_ids) == len(read.item_ids) == len(read.user_idx) == 0
    assert read.kinds == ()


def test_vectors_come_back_as_they_went_in(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "VECTORS_A_BLOCK", 3)
    graph.write("load/item_ids", ids=NASTY)
    matrix = np.random.default_rng(0).normal(size=(len(NASTY) + 1, 8)).astype(np.float32)
    written = transfer.write_vectors(graph, "Item", [*NASTY, "not there"], matrix, "embedding_test_a")
    assert written == len(NASTY)
    ids, found = transfer.read_vectors(graph, "Item", "embedding_test_a")
    assert ids.tolist() == sorted(NASTY)
    order = np.argsort(np.array(NASTY, dtype=object))
    np.testing.assert_array_equal(found, matrix[:-1][order])
    with graph.session() as session:
        stored = session.run("MATCH (i:Item {item_id: '007'}) RETURN i.embedding_test_a").single(strict=True)[0]
    assert isinstance(stored, list)
    assert len(stored) == 8


def test_vectors_of_nothing(graph: Graph) -> None:
    ids, matrix = transfer.read_vectors(graph, "User", "embedding_nothing_a")
    assert len(ids) == len(matrix) == 0
    with pytest.raises(GraphError, match="User or Item"):
        transfer.read_vectors(graph, "Tag", "embedding_nothing_a")
