"""`graphrec audit` of a graph, and a night that stops on it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from graphrec import versions
from graphrec.audit.report import Report
from graphrec.audit.run import audit_graph
from graphrec.errors import AuditError
from graphrec.graph import Graph
from graphrec.ingest import load as loading
from graphrec.nightly import command_audit

NOW = 1_700_000_000_000
SPOILT = (
    "MATCH (u:User {user_id: 'u1'})-[r:INTERACTED]->() WITH r LIMIT 1 SET r.last_at = 4000000000000",
    "MATCH (u:User {user_id: 'u2'}), (i:Item {item_id: 'i2'}) "
    "CREATE (u)-[:INTERACTED {kind: 'rating', count: 1, rating: 9.0}]->(i)",
    "MATCH (i:Item {item_id: 'i9'}) SET i.title = 'the title 8'",
    "MATCH (i:Item {item_id: 'i7'}) REMOVE i.title",
    "CREATE (:Item {item_id: 'new', title: 'Nobody knows'})",
    "CREATE (:Event {event_id: 'e1', user_id: 'u3', item_id: 'i3', kind: 'view', at: 1600000000000, dwell: 0.4})",
    "UNWIND range(1, 30) AS n CREATE (:Event {event_id: 'f' + n, user_id: 'u' + n, item_id: 'i3', kind: 'view', "
    "at: 1600000000000 + n * 60000, dwell: 50.0})",
)


@pytest.fixture
def spoilt(graph: Graph, tmp_path: Path) -> Graph:
    """Forty users and ten items with titles, one version of vectors, and some things that went wrong."""
    rows = [f"u{n % 40},i{n % 37 % 10},{n % 5 + 1},{1577836800 + n * 86400}" for n in range(200)]
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "interactions.csv").write_text("user_id,item_id,rating,timestamp\n" + "\n".join(rows) + "\n", "utf-8")
    titles = [f"i{n},The Title {n}" for n in range(10)]
    (folder / "items.csv").write_text("item_id,title\n" + "\n".join(titles) + "\n", "utf-8")
    loading.load(folder, graph.home, via="bolt")
    publish(graph)
    with graph.session() as session:
        for statement in SPOILT:
            session.run(statement).consume()
    return graph


def publish(graph: Graph) -> None:
    """Vectors of a version whose training is said to be long ago."""
    ids = {
        word: [row for block in graph.read(f"transfer/{word}_ids") for row in block[f"{word}_id"]]
        for word in ("user", "item")
    }
    embeddings = versions.Embeddings(
        np.array(ids["user"], dtype=object),
        np.ones((len(ids["user"]), 4), dtype=np.float32),
        np.array(ids["item"], dtype=object),
        np.ones((len(ids["item"]), 4), dtype=np.float32),
    )
    versions.publish(graph, "lightgcn", versions.Learnt(embeddings))
    with graph.session() as session:
        session.run("MATCH (m:Model {name: 'lightgcn'}) SET m.trained_at = 1590000000000").consume()


def told(report: Report) -> dict[str, tuple[int, list[tuple[str, ...]]]]:
    return {one.check: (one.count, [example.ids for example in one.examples]) for one in report.found}


def test_a_graph_is_audited_and_a_night_stops_on_it(spoilt: Graph, tmp_path: Path) -> None:
    found = told(audit_graph(spoilt, now=NOW))
    assert found["times"][0] == 1
    assert found["times"][1][0][0] == "u1"
    assert found["duplicates"] == (1, [("u2", "i2")])
    assert found["scales"] == (1, [("u2", "i2")])
    assert found["near_titles"] == (1, [("i8", "i9")])
    assert found["metadata.items.title"] == (1, [("i7",)])
    assert found["accidents"] == (1, [("u3", "i3")])
    assert found["embeddings.lightgcn"][0] == 31
    assert found["embeddings.lightgcn.items"] == (1, [("new",)])

    policy = tmp_path / "policy.toml"
    policy.write_text("[limits]\ntimes = 0\n", encoding="utf-8")
    command = shlex.join([sys.executable, "-m", "graphrec", "audit", "--policy", str(policy)])
    with pytest.raises(AuditError, match="exit status 3"):
        command_audit(command)(spoilt)
    policy.write_text("[limits]\ntimes = 1\n", encoding="utf-8")
    command_audit(command)(spoilt)
