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
from scipy import sparse

from graphrec import versions
from graphrec.errors import ModelError
from graphrec.graph import Graph
from graphrec.versions import Embeddings, Learnt, Neighbours
from graphrec.versions import similar as similar_module

N_USERS, N_ITEMS, DIM = 40, 60, 8


def ids(prefix: str, n: int) -> NDArray[np.object_]:
    return np.array(sorted(f"{prefix}{i}" for i in range(n)), dtype=object)


def make_nodes(graph: Graph, n_users: int = N_USERS, n_items: int = N_ITEMS) -> None:
    with graph.session() as session:
        session.run("UNWIND $ids AS id CREATE (:User {user_id: id})", ids=ids("u", n_users).tolist()).consume()
        session.run("UNWIND $ids AS id CREATE (:Item {item_id: id})", ids=ids("i", n_items).tolist()).consume()


def learnt(seed: int, n_items: int = N_ITEMS, k: int = 6) -> Learnt:
    """Vectors and similar items; every fourth item has none."""
    return Learnt(vectors(seed, n_items=n_items), similar(seed, n_items, k))


def similar(seed: int, n_items: int = N_ITEMS, k: int = 6) -> Neighbours:
    rng = np.random.default_rng(seed)
    lengths = np.where(np.arange(n_items) % 4, rng.integers(1, k + 1, n_items), 0)
    lengths[1] = k
    columns = [rng.choice(n_items, n, replace=False) for n in lengths]
    scores = [np.sort(rng.random(n))[::-1] for n in lengths]
    parts = np.concatenate(scores).astype(np.float32), np.concatenate(columns), np.r_[0, np.cumsum(lengths)]
    return Neighbours(ids("i", n_items), sparse.csr_array(parts, shape=(n_items, n_items)))


def same(one: Neighbours, other: Neighbours) -> bool:
    """The same items in the same order with the same scores."""
    parts = zip(*((n.scores.indptr, n.scores.indices, n.scores.data) for n in (one, other)), strict=True)
    return one.item_ids.tolist() == other.item_ids.tolist() and all(np.array_equal(a, b) for a, b in parts)


def vectors(seed: int, n_users: int = N_USERS, n_items: int = N_ITEMS, dim: int = DIM) -> Embeddings:
    rng = np.random.default_rng(seed)
    draw: Callable[[int], NDArray[np.float32]] = lambda n: rng.normal(size=(n, dim)).astype(np.float32)  # noqa: E731
    return Embeddings(ids("u", n_users), draw(n_users), ids("i", n_items), draw(n_items))


def test_what_is_published_is_what_the_graph_and_the_files_hold(graph: Graph) -> None:
    make_nodes(graph)
    given = learnt(1)
    version = versions.publish(graph, "toy", given, metrics={"recall@20": 0.5}, settings={"seed": 1})
    assert versions.current(graph, "toy") == version
    assert (version.version, version.slot, version.dim, version.n_neighbours) == (1, "a", DIM, 6)
    unit = given.vectors.item_vectors / np.linalg.norm(given.vectors.item_vectors, axis=1, keepdims=True)
    for found in (versions.load_files(graph, version), versions.read_slot(graph, version)):
        assert found.vectors.item_ids.tolist() == given.vectors.item_ids.tolist()
        assert found.vectors.user_ids.tolist() == given.vectors.user_ids.tolist()
        np.testing.assert_allclose(found.vectors.item_vectors, unit, atol=1e-6)
        assert same(found.similar, given.similar)


def test_a_version_holds_vectors_or_similar_items_or_both(graph: Graph) -> None:
    make_nodes(graph)
    both, alone, none = learnt(1), Learnt(neighbours=similar(2)), Learnt(vectors(3))
    for given, wanted in ((both, (DIM, 6)), (both, (DIM, 6)), (alone, (0, 6)), (none, (DIM, 0))):
        version = versions.publish(graph, "toy", given)
        assert (version.dim, version.n_neighbours) == wanted
        for found in (versions.load_files(graph, version), versions.read_slot(graph, version)):
            assert (found.dim, found.n_neighbours) == wanted
            assert not version.n_neighbours or same(found.similar, given.similar)
    with graph.session() as session:
        held = session.run("MATCH ()-[s]->() RETURN type(s) AS type, count(*) AS n").data()
    assert held == [{"type": "SIMILAR_A", "n": similar(2).scores.nnz}], "a slot holds nothing of the version before"
    with graph.session() as session:
        left = session.run("MATCH (i:Item) WHERE i.embedding_toy_a IS NOT NULL RETURN count(*)").single(strict=True)
    assert left.value() == 0


def test_similar_items_of_models_and_slots_are_kept_apart(graph: Graph) -> None:
    make_nodes(graph)
    given = {(name, seed): Learnt(neighbours=similar(seed)) for name in ("toy", "other") for seed in (1, 2)}
    held = {key: versions.publish(graph, key[0], value) for key, value in given.items()}
    assert {(v.name, v.slot) for v in held.values()} == {(n, s) for n in ("toy", "other") for s in "ab"}
    for key, version in held.items():
        assert same(versions.read_slot(graph, version).similar, given[key].similar)


def test_items_that_the_graph_lacks_are_left_out_and_the_others_stay_in_order(graph: Graph) -> None:
    make_nodes(graph, n_items=40)
    with graph.session() as session:
        session.run("CREATE (:Item {item_id: 'a new one'})").consume()
    given = similar(1, 60)
    version = versions.publish(graph, "toy", Learnt(neighbours=given))
    found = versions.read_slot(graph, version).similar
    known = set(ids("i", 40))
    rows = np.split(given.item_ids[given.scores.indices], given.scores.indptr[1:-1])
    wanted = {i: [j for j in row if j in known] for i, row in zip(given.item_ids, rows, strict=True) if i in known}
    rows = np.split(found.item_ids[found.scores.indices], found.scores.indptr[1:-1])
    assert {i: row.tolist() for i, row in zip(found.item_ids, rows, strict=True)} == wanted | {"a new one": []}


def test_similar_items_are_written_in_many_batches_and_again(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    make_nodes(graph, n_items=300)
    monkeypatch.setattr(similar_module, "RELATIONSHIPS_A_BATCH", 50)
    monkeypatch.setattr(similar_module, "ITEMS_A_BATCH", 20)
    given, done = similar(1, 300), list[int]()
    for _ in range(2):
        n = similar_module.write_similar(graph, "toy", "a", given, lambda n_done, total: done.append(n_done))
        assert n == given.scores.nnz
        assert same(similar_module.read_similar(graph, "toy", "a"), given)
    assert len(done) > 30
    assert done[-1] == 300


def test_slots_alternate_and_the_old_one_stays_until_the_next_run(graph: Graph) -> None:
    make_nodes(graph)
    first, second, third = (versions.publish(graph, "toy", learnt(seed)) for seed in (1, 2, 3))
    assert [v.slot for v in (first, second, third)] == ["a", "b", "a"]
    held = {v.version: (v.slot, live) for v, live in versions.all_versions(graph)}
    assert held == {1: (None, False), 2: ("b", False), 3: ("a", True)}
    with pytest.raises(ModelError, match="overwritten"):
        versions.read_slot(graph, first)
    assert versions.load_files(graph, first).vectors.item_vectors.shape == (N_ITEMS, DIM)


def test_rollback_makes_the_version_before_live_again(graph: Graph) -> None:
    make_nodes(graph)
    first = versions.publish(graph, "toy", learnt(1))
    with pytest.raises(ModelError, match="no version of toy before"):
        versions.rollback(graph, "toy")
    versions.publish(graph, "toy", learnt(2))
    assert versions.rollback(graph, "toy") == first
    assert versions.current(graph, "toy") == first
    third = versions.publish(graph, "toy", learnt(3))
    assert (third.version, third.slot) == (3, "b")


def test_a_slot_holds_nothing_of_the_version_before(graph: Graph) -> None:
    make_nodes(graph)
    versions.publish(graph, "toy", learnt(1))
    versions.publish(graph, "toy", learnt(2))
    fewer = Learnt(vectors(3, n_users=5, n_items=7, dim=4), similar(3, 7, k=2))
    third = versions.publish(graph, "toy", fewer)
    found = versions.read_slot(graph, third).vectors
    assert versions.read_slot(graph, third).similar.scores.nnz == fewer.similar.scores.nnz
    assert (len(found.user_ids), len(found.item_ids), third.dim) == (5, 7, 4)


def test_old_files_go_and_three_versions_stay(graph: Graph) -> None:
    make_nodes(graph)
    for seed in range(5):
        versions.publish(graph, "toy", learnt(seed))
    kept = sorted(path.name for path in (graph.home / "models" / "toy").iterdir() if path.is_dir())
    assert kept == ["000003", "000004", "000005"]
    assert [v.version for v, _ in versions.all_versions(graph)] == [5, 4, 3]


def test_files_of_another_graph_are_refused(graph: Graph) -> None:
    make_nodes(graph)
    version = versions.publish(graph, "toy", learnt(1))
    manifest = versions.version_folder(graph.home, "toy", version.version) / "manifest.json"
    body = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**body, "graph_id": "another"}), encoding="utf-8")
    with pytest.raises(ModelError, match="belongs to the graph another"):
        versions.load_files(graph, version)


def test_a_later_run_takes_the_slot_and_the_earlier_one_moves_nothing(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_nodes(graph)
    first = versions.publish(graph, "toy", learnt(1))

    def claim_again(what: str, done: int, total: int) -> None:
        if what == "user vectors":
            graph.write("model/claim", model="toy")

    with pytest.raises(ModelError, match="another run has claimed the slot"):
        versions.publish(graph, "toy", learnt(2), progress=claim_again)
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
        versions.publish(graph, "toy", Learnt(change(vectors(1))))
    assert versions.current(graph, "toy") is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Learnt(), "found neither"),
        (Learnt(neighbours=Neighbours(ids("i", 59), similar(1).scores)), "of 59 items, found the shape \\(60, 60\\)"),
        (Learnt(neighbours=Neighbours(ids("i", 60), similar(1).scores * np.nan)), "aren't all finite"),
        (Learnt(neighbours=Neighbours(ids("i", 60), sparse.csr_array((60, 60)))), "no item has a similar one"),
    ],
)
def test_similar_items_that_fit_nothing_are_refused(graph: Graph, given: Learnt, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        versions.publish(graph, "toy", given)
    assert versions.current(graph, "toy") is None


def numbered(number: int) -> Learnt:
    """What tells its version: every user and item of version n points where n says, and every score is n."""
    angle = number * 0.1
    row = np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)
    tiled = np.tile(row, (N_USERS, 1)), np.tile(row, (N_ITEMS, 1))
    ring = sparse.csr_array(np.roll(np.eye(N_ITEMS, dtype=np.float32), 1, axis=1) * np.float32(number))
    return Learnt(
        Embeddings(ids("u", N_USERS), tiled[0], ids("i", N_ITEMS), tiled[1]), Neighbours(ids("i", N_ITEMS), ring)
    )


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

    def near() -> None:
        rows = graph.read("similar/items", model="toy", item_ids=ids("i", N_ITEMS).tolist(), k=5)
        told = {(row["version"], row["score"]) for row in rows}
        if len(rows) != N_ITEMS or len(told) != 1 or any(version != score for version, score in told):
            wrong.append(f"similar: {len(rows)} rows of {told}")

    def read_on(once: Callable[[], None]) -> None:
        while not stop.is_set() and not wrong:
            once()

    readers = [threading.Thread(target=read_on, args=(once,)) for once in (check, search, near)]
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
from graphrec import versions
from graphrec.connect import connect
sys.path.insert(0, sys.argv[1])
from test_versions import learnt

def wait(what, done, total):
    if what == sys.argv[2]:
        print("reached", flush=True)
        time.sleep(60)

with connect(start=False) as graph:
    versions.publish(graph, "toy", learnt(2), progress=wait)
"""


@pytest.mark.parametrize("moment", ["user vectors", "item vectors", "index", "similar items"])
def test_killed_while_writing_it_leaves_the_old_version_whole_and_can_run_again(graph: Graph, moment: str) -> None:
    make_nodes(graph)
    first = versions.publish(graph, "toy", learnt(1))
    before = versions.read_slot(graph, first)
    script = [sys.executable, "-c", KILLED, str(Path(__file__).parent), moment]
    with subprocess.Popen(script, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline().strip() == "reached"
        writer.kill()
    assert versions.current(graph, "toy") == first
    after = versions.read_slot(graph, first)
    np.testing.assert_array_equal(before.vectors.item_vectors, after.vectors.item_vectors)
    np.testing.assert_array_equal(before.vectors.user_vectors, after.vectors.user_vectors)
    assert same(before.similar, after.similar)
    again = versions.publish(graph, "toy", learnt(2))
    assert (again.version, again.slot) == (3, "b")
    wanted = versions.unit_vectors(vectors(2).user_vectors, vectors(2).item_vectors, "cosine")
    held = versions.read_slot(graph, again)
    np.testing.assert_allclose(held.vectors.item_vectors, wanted[1], atol=1e-7)
    assert same(held.similar, similar(2))
