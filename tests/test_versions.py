"""Versions: two slots, one pointer, no mixtures, nothing lost when killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from graphrec import versions
from graphrec.errors import ModelError
from graphrec.graph import Graph
from graphrec.versions import Embeddings

N_USERS, N_ITEMS, DIM = 40, 60, 8


def ids(prefix: str, n: int) -> NDArray[np.object_]:
    return np.array(sorted(f"{prefix}{i}" for i in range(n)), dtype=object)


def make_nodes(graph: Graph, n_users: int = N_USERS, n_items: int = N_ITEMS) -> None:
    with graph.session() as session:
        session.run("UNWIND $ids AS id CREATE (:User {user_id: id})", ids=ids("u", n_users).tolist()).consume()
        session.run("UNWIND $ids AS id CREATE (:Item {item_id: id})", ids=ids("i", n_items).tolist()).consume()


def vectors(seed: int, n_users: int = N_USERS, n_items: int = N_ITEMS, dim: int = DIM) -> Embeddings:
    rng = np.random.default_rng(seed)
    draw: Callable[[int], NDArray[np.float32]] = lambda n: rng.normal(size=(n, dim)).astype(np.float32)  # noqa: E731
    return Embeddings(ids("u", n_users), draw(n_users), ids("i", n_items), draw(n_items))


def test_the_vectors_published_are_those_in_the_graph_and_in_the_files(graph: Graph) -> None:
    make_nodes(graph)
    given = vectors(1)
    version = versions.publish(graph, "toy", given, metrics={"recall@20": 0.5}, settings={"seed": 1})
    assert versions.current(graph, "toy") == version
    assert (version.version, version.slot, version.dim) == (1, "a", DIM)
    unit = given.item_vectors / np.linalg.norm(given.item_vectors, axis=1, keepdims=True)
    for found in (versions.load_files(graph, version), versions.read_slot(graph, version)):
        assert found.item_ids.tolist() == given.item_ids.tolist()
        assert found.user_ids.tolist() == given.user_ids.tolist()
        np.testing.assert_allclose(found.item_vectors, unit, atol=1e-6)


def test_slots_alternate_and_the_old_one_stays_until_the_next_run(graph: Graph) -> None:
    make_nodes(graph)
    first, second, third = (versions.publish(graph, "toy", vectors(seed)) for seed in (1, 2, 3))
    assert [v.slot for v in (first, second, third)] == ["a", "b", "a"]
    held = {v.version: (v.slot, live) for v, live in versions.all_versions(graph)}
    assert held == {1: (None, False), 2: ("b", False), 3: ("a", True)}
    with pytest.raises(ModelError, match="overwritten"):
        versions.read_slot(graph, first)
    assert versions.load_files(graph, first).item_vectors.shape == (N_ITEMS, DIM)


def test_rollback_makes_the_version_before_live_again(graph: Graph) -> None:
    make_nodes(graph)
    first = versions.publish(graph, "toy", vectors(1))
    with pytest.raises(ModelError, match="no version of toy before"):
        versions.rollback(graph, "toy")
    versions.publish(graph, "toy", vectors(2))
    assert versions.rollback(graph, "toy") == first
    assert versions.current(graph, "toy") == first
    third = versions.publish(graph, "toy", vectors(3))
    assert (third.version, third.slot) == (3, "b")


def test_a_slot_holds_nothing_of_the_version_before(graph: Graph) -> None:
    make_nodes(graph)
    versions.publish(graph, "toy", vectors(1))
    versions.publish(graph, "toy", vectors(2))
    fewer = vectors(3, n_users=5, n_items=7, dim=4)
    third = versions.publish(graph, "toy", fewer)
    found = versions.read_slot(graph, third)
    assert (len(found.user_ids), len(found.item_ids), third.dim) == (5, 7, 4)


def test_old_files_go_and_three_versions_stay(graph: Graph) -> None:
    make_nodes(graph)
    for seed in range(5):
        versions.publish(graph, "toy", vectors(seed))
    kept = sorted(path.name for path in (graph.home / "models" / "toy").iterdir() if path.is_dir())
    assert kept == ["000003", "000004", "000005"]
    assert [v.version for v, _ in versions.all_versions(graph)] == [5, 4, 3]


def test_files_of_another_graph_are_refused(graph: Graph) -> None:
    make_nodes(graph)
    version = versions.publish(graph, "toy", vectors(1))
    manifest = versions.version_folder(graph.home, "toy", version.version) / "manifest.json"
    body = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**body, "graph_id": "another"}), encoding="utf-8")
    with pytest.raises(ModelError, match="belongs to the graph another"):
        versions.load_files(graph, version)


def test_a_later_run_takes_the_slot_and_the_earlier_one_moves_nothing(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_nodes(graph)
    first = versions.publish(graph, "toy", vectors(1))

    def claim_again(what: str, done: int, total: int) -> None:
        if what == "user vectors":
            graph.write("model/claim", model="toy")

    with pytest.raises(ModelError, match="another run has claimed the slot"):
        versions.publish(graph, "toy", vectors(2), progress=claim_again)
    assert versions.current(graph, "toy") == first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e: Embeddings(e.user_ids[1:], e.user_vectors, e.item_ids, e.item_vectors), "a vector for each of 39"),
        (lambda e: Embeddings(e.user_ids, e.user_vectors * np.nan, e.item_ids, e.item_vectors), "aren't finite"),
        (lambda e: Embeddings(e.user_ids, e.user_vectors[:, 1:], e.item_ids, e.item_vectors), "7 numbers"),
        (lambda e: Embeddings(e.user_ids, e.user_vectors, e.item_ids, e.item_vectors * 0), "no item has a vector"),
    ],
)
def test_vectors_that_fit_nothing_are_refused(
    graph: Graph, change: Callable[[Embeddings], Embeddings], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        versions.publish(graph, "toy", change(vectors(1)))
    assert versions.current(graph, "toy") is None


def numbered(number: int) -> Embeddings:
    """Vectors that tell their version: every user and item of version n points where n says."""
    angle = number * 0.1
    row = np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)
    return Embeddings(ids("u", N_USERS), np.tile(row, (N_USERS, 1)), ids("i", N_ITEMS), np.tile(row, (N_ITEMS, 1)))


READ = """CYPHER 25
MATCH (g:Graph {name: 'graphrec'})
MATCH (m:Model {name: 'toy', version: g.live_toy})
WITH m.version AS version, 'embedding_toy_' + m.slot AS property
MATCH (n:User|Item)
RETURN version, n[property] AS vector"""


def test_a_reader_never_sees_a_mixture(graph: Graph) -> None:
    """While versions are published one after the other, each read gives the vectors of one version, all of them."""
    make_nodes(graph)
    versions.publish(graph, "toy", numbered(1))
    stop, seen, wrong = threading.Event(), set[int](), list[str]()

    def check() -> None:
        with graph.session() as session:
            rows = session.run(READ).values()
        number = rows[0][0]
        angles = {round(float(np.arctan2(v[1], v[0])), 3) for _, v in rows if v is not None}
        found = sum(vector is not None for _, vector in rows)
        seen.add(number)
        if len(rows) != N_USERS + N_ITEMS or found != len(rows) or angles != {round(number * 0.1, 3)}:
            wrong.append(f"version {number}: {found} of {len(rows)} vectors, angles {angles}")

    def search() -> None:
        rows = graph.read("embedding/search", model="toy", user_ids=["u1", "u2"], k=5, overfetch=2.0, excluded=[])
        numbers = {row["version"] for row in rows}
        if len(numbers) != 1 or len(rows) != 10 or any(abs(row["score"] - 1) > 1e-5 for row in rows):
            wrong.append(f"search: {rows}")

    def read_on(once: Callable[[], None]) -> None:
        while not stop.is_set() and not wrong:
            once()

    readers = [threading.Thread(target=read_on, args=(once,)) for once in (check, search)]
    for reader in readers:
        reader.start()
    for number in range(2, 8):
        versions.publish(graph, "toy", numbered(number))
    stop.set()
    for reader in readers:
        reader.join()
    assert not wrong, wrong[:3]
    assert len(seen) >= 3, "the reader must have seen several versions, or the test shows nothing"


KILLED = """
import sys, time
from pathlib import Path
import numpy as np
from graphrec import versions
from graphrec.connect import connect
from graphrec.versions import Embeddings
sys.path.insert(0, sys.argv[1])
from test_versions import vectors

def wait(what, done, total):
    if what == sys.argv[2]:
        print("reached", flush=True)
        time.sleep(60)

with connect(start=False) as graph:
    versions.publish(graph, "toy", vectors(2), progress=wait)
"""


@pytest.mark.parametrize("moment", ["user vectors", "item vectors", "index"])
def test_killed_while_writing_it_leaves_the_old_version_whole_and_can_run_again(graph: Graph, moment: str) -> None:
    make_nodes(graph)
    first = versions.publish(graph, "toy", vectors(1))
    before = versions.read_slot(graph, first)
    script = [sys.executable, "-c", KILLED, str(Path(__file__).parent), moment]
    with subprocess.Popen(script, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline().strip() == "reached"
        writer.kill()
    assert versions.current(graph, "toy") == first
    after = versions.read_slot(graph, first)
    np.testing.assert_array_equal(before.item_vectors, after.item_vectors)
    np.testing.assert_array_equal(before.user_vectors, after.user_vectors)
    again = versions.publish(graph, "toy", vectors(2))
    assert (again.version, again.slot) == (3, "b")
    wanted = versions.unit_vectors(vectors(2).user_vectors, vectors(2).item_vectors, "cosine")
    np.testing.assert_allclose(versions.read_slot(graph, again).item_vectors, wanted[1], atol=1e-7)
