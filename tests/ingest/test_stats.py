"""The checksum: the same for the same data, another for any change."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import nasty

from graphrec.graph import Graph
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.rows import open_rows
from graphrec.ingest.stats import read_stats

CHANGES = [
    "MATCH (u:User) WITH u ORDER BY u.user_id LIMIT 1 SET u.age = 31",
    "MATCH (i:Item {item_id: ','}) SET i.title = 'other'",
    "MATCH ()-[r:INTERACTED]->() WITH r LIMIT 1 SET r.count = r.count + 1",
    "MATCH ()-[r:INTERACTED]->() WHERE r.rating IS NOT NULL WITH r LIMIT 1 REMOVE r.rating",
    "MATCH ()-[r:INTERACTED]->() WHERE r.first_at IS NOT NULL WITH r LIMIT 1 SET r.first_at = r.first_at - 1",
    "MATCH ()-[r:HAS_TAG]->() WITH r LIMIT 1 SET r.weight = 9",
    "MATCH ()-[r:TAGGED]->() WITH r LIMIT 1 DELETE r",
    "MATCH ()-[r:FOLLOWS]->() WITH r LIMIT 1 DELETE r",
    "CREATE (:Tag {name: 'one more'})",
]
COMPUTED = [
    "MATCH (i:Item) SET i.embedding_lightgcn_a = [1.0, 2.0]",
    "MATCH (i:Item), (j:Item) WHERE i.item_id < j.item_id WITH i, j LIMIT 3 CREATE (i)-[:SIMILAR {score: 1.0}]->(j)",
    "CREATE (:Model {name: 'm', version: '1'})",
    "CREATE (:Event {event_id: 'e'})",
]


@pytest.fixture
def filled(graph: Graph, tmp_path: Path) -> Graph:
    with open_rows(nasty(tmp_path)) as rows:
        load_over_bolt(graph, rows)
    return graph


def run(graph: Graph, statement: str) -> None:
    with graph.session() as session:
        session.run(statement).consume()


def test_every_change_of_data_changes_the_checksum(filled: Graph) -> None:
    seen = {read_stats(filled).checksum}
    for statement in CHANGES:
        run(filled, statement)
        checksum = read_stats(filled).checksum
        assert checksum not in seen, statement
        seen.add(checksum)


def test_what_is_computed_stays_outside(filled: Graph) -> None:
    before = read_stats(filled).checksum
    for statement in COMPUTED:
        run(filled, statement)
        assert read_stats(filled).checksum == before, statement


def test_the_order_in_the_store_does_not_matter(filled: Graph) -> None:
    before = read_stats(filled)
    run(
        filled,
        "MATCH (u)-[r:INTERACTED]->(i) WITH u, i, r, properties(r) AS p ORDER BY p.kind DESC, i.item_id "
        "DELETE r CREATE (u)-[n:INTERACTED]->(i) SET n = p",
    )
    assert read_stats(filled) == before


def test_counts(filled: Graph) -> None:
    found = read_stats(filled)
    assert (found.nodes["users"], found.nodes["items"], found.nodes["tags"]) == (14, 14, 11)
    assert sum(found.kinds.values()) == found.relationships["interacted"]
    assert (found.relationships["tagged"], found.relationships["follows"]) == (9, 8)
