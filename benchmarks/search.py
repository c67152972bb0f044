"""The items nearest to a vector: approximate search beside the exact product, over catalogues of several sizes.

    pip install -e '.[search]'
    python benchmarks/search.py [--sizes 10000 100000 1000000] [--ways exact usearch faiss neo4j] [--limit 900]

Generated items of 64 numbers as graphrec's models give them: directions in clusters of unequal size, one number that
says how popular an item is, and one that fills the length up to 1; users near one to three clusters. Each way works in
a process of its own, which is cut off after `--limit` seconds, and on one thread, as a worker of the service; Neo4j has
all cores. Recall is the share of the exact 20 best. Memory: what
the process grew by while the index was built, for Neo4j what the server holds in all.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
from children import Child, CutError
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from graphrec.connect import local
from graphrec.frames import FramesWriter
from graphrec.graph import Graph
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.rows import open_rows
from graphrec.ingest.schema import ensure_schema
from graphrec.recommend.topk import top_k
from graphrec.server import Home, StartOptions, down, ensure_running, this_process
from graphrec.versions import Embeddings, Learnt, publish, unit_vectors

K = 20
DIM = 62
N_USERS = 1_000
ALONE = 300
TOGETHER = 100
N_CLUSTERS = 300
POPULARITY = 0.072
"""The weight of the logarithm of an item's likers: temperature 0.12 times popularity 0.6, LightGCN's defaults."""

TIE = 1e-6
EFFORTS = (64, 256)
"""How many candidates usearch and faiss keep while they search."""

OVERFETCH = (2.0, 10.0)
"""How many times more than 20 Neo4j's index is asked for."""

Vectors = NDArray[np.float32]
Found = NDArray[np.int64]
Search = Callable[[Found], Found]
"""From users to their items, users × K."""


@dataclass(frozen=True)
class Timed:
    """What one way found for all users, how long queries took, and what it cost to be there."""

    name: str
    found: Found
    alone_ms: Sequence[float]
    together_s: float
    build_s: float
    gib: float


def main() -> None:
    arguments = read_arguments()
    print(
        "| items | way | recall@20 | alone, a second | p50 ms | p99 ms | in batches of 100, a second | build, s | MiB |"
    )
    print("|--:|---|--:|--:|--:|--:|--:|--:|--:|")
    for n_items in arguments.sizes:
        users, items = made(n_items, arguments.seed)
        best: Found | None = None
        for way in dict.fromkeys(["exact", *arguments.ways]):
            with Child(measure, way, n_items, arguments.seed) as child:
                try:
                    for _ in range(N_ROWS[way]):
                        timed = child.receive(arguments.limit)
                        best = timed.found if best is None else best
                        tell(n_items, timed, recall(users, items, best, timed.found))
                except CutError as error:
                    print(f"| {n_items:,} | {way}: {error} | | | | | | | |", flush=True)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--limit", type=float, default=900, help="seconds that a way may take to its next result")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def made(n_items: int, seed: int) -> tuple[Vectors, Vectors]:
    """Users and items, vectors of length 1 and 64 numbers, whose product is a score as LightGCN's."""
    users, items = raw(n_items, seed)
    return unit_vectors(users, items, "dot")


def raw(n_items: int, seed: int) -> tuple[Vectors, Vectors]:
    """Directions in clusters, users ending with 1 and items with their popularity: users × 63, items × 63."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(N_CLUSTERS, DIM)).astype(np.float32)
    share = 1 / (np.arange(N_CLUSTERS) + 5.0)
    of_item = rng.choice(N_CLUSTERS, n_items, p=share / share.sum())
    items = _directions(centres[of_item] + rng.normal(scale=0.8, size=(n_items, DIM)).astype(np.float32))
    of_user = rng.choice(N_CLUSTERS, (N_USERS, 3), p=share / share.sum())
    mixture = rng.dirichlet([0.5] * 3, N_USERS).astype(np.float32)
    tastes = np.einsum("uc,ucd->ud", mixture, centres[of_user])
    users = _directions(tastes + rng.normal(scale=0.5, size=tastes.shape).astype(np.float32))
    likers = 200.0 * n_items / (rng.permutation(n_items) + 20.0) ** 0.8 / n_items**0.2
    popularity = (POPULARITY * np.log1p(likers)).astype(np.float32)
    return np.column_stack([users, np.ones(N_USERS, dtype=np.float32)]), np.column_stack([items, popularity])


def _directions(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def recall(users: Vectors, items: Vectors, best: Found, found: Found) -> float:
    """The share of places filled by items as near as the exact 20th; what is equal counts as found."""
    least = np.einsum("ud,ud->u", users, items[best[:, -1]])
    scores = np.einsum("ud,ukd->uk", users, items[np.maximum(found, 0)])
    return float(((scores >= least[:, None] - TIE) & (found >= 0)).mean())


def measure(send: Callable[[Timed], None], way: str, n_items: int, seed: int) -> None:
    """The child's work: build, then one result for each effort."""
    threadpool_limits(1)
    users, items = made(n_items, seed)
    for built in WAYS[way](users, items, seed):
        built.search(np.arange(TOGETHER))  # warms up
        alone = []
        for user in range(ALONE):
            started = time.perf_counter()
            built.search(np.array([user]))
            alone.append(1000 * (time.perf_counter() - started))
        started = time.perf_counter()
        parts = [built.search(np.arange(start, start + TOGETHER)) for start in range(0, N_USERS, TOGETHER)]
        together = time.perf_counter() - started
        send(Timed(built.name, np.concatenate(parts), alone, together, built.build_s, built.gib))


@dataclass(frozen=True)
class Built:
    """A way to search that is ready."""

    name: str
    search: Search
    build_s: float
    gib: float


def exact(users: Vectors, items: Vectors, seed: int) -> Iterator[Built]:
    """One product with all items, and graphrec's cut at the best."""

    def search(asked: Found) -> Found:
        return top_k(users[asked] @ items.T, K).column.reshape(len(asked), K)

    yield Built("exact: NumPy's product", search, 0.0, items.nbytes / 2**30)


def usearch(users: Vectors, items: Vectors, seed: int) -> Iterator[Built]:
    """usearch's HNSW in single precision."""
    from usearch.index import Index

    before, started = held(), time.perf_counter()
    index = Index(ndim=items.shape[1], metric="ip", dtype="f32", connectivity=16, expansion_add=128)
    index.add(np.arange(len(items)), items)
    build_s, gib = time.perf_counter() - started, held() - before
    for effort in EFFORTS:
        index.expansion_search = effort

        def search(asked: Found) -> Found:
            return np.asarray(index.search(users[asked], K, threads=1).keys, dtype=np.int64).reshape(len(asked), K)

        yield Built(f"usearch, HNSW 16, effort {effort}", search, build_s, gib)


def faiss(users: Vectors, items: Vectors, seed: int) -> Iterator[Built]:
    """faiss's HNSW in single precision."""
    import faiss as library

    before, started = held(), time.perf_counter()
    index = library.IndexHNSWFlat(items.shape[1], 16, library.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 128
    index.add(items)
    build_s, gib = time.perf_counter() - started, held() - before
    for effort in EFFORTS:
        index.hnsw.efSearch = effort

        def search(asked: Found) -> Found:
            return index.search(users[asked], K)[1]

        yield Built(f"faiss, HNSW 16, effort {effort}", search, build_s, gib)


def neo4j(users: Vectors, items: Vectors, seed: int) -> Iterator[Built]:
    """The vector index by the query embedding/search, on a server of its own; building is writing and indexing."""
    with server() as (graph, process):
        item_ids = load_items(graph, len(items))
        user_ids = [f"u{n}" for n in range(N_USERS)]
        started = time.perf_counter()
        ids = np.array(user_ids, dtype=object), np.array(item_ids, dtype=object)
        vectors = raw(len(items), seed)
        publish(graph, "lightgcn", Learnt(Embeddings(ids[0], vectors[0], ids[1], vectors[1]), metric="dot"))
        build_s = time.perf_counter() - started
        places = {item_id: n for n, item_id in enumerate(item_ids)}
        for overfetch in OVERFETCH:

            def search(asked: Found, overfetch: float = overfetch) -> Found:
                wanted = [user_ids[user] for user in asked]
                rows = graph.read("embedding/search", user_ids=wanted, k=K, overfetch=overfetch)
                return placed(rows, wanted, places)

            gib = process.memory_info().rss / 2**30
            yield Built(f"Neo4j's index, overfetch {overfetch:g}", search, build_s, gib)


def placed(rows: Sequence[Mapping[str, Any]], user_ids: Sequence[str], places: Mapping[str, int]) -> Found:
    """Rows of a query as users × K, -1 where it found fewer."""
    found = np.full((len(user_ids), K), -1, dtype=np.int64)
    line = {user_id: n for n, user_id in enumerate(user_ids)}
    filled = [0] * len(user_ids)
    for row in rows:
        n = line[row["user_id"]]
        found[n, filled[n]] = places[row["item_id"]]
        filled[n] += 1
    return found


@contextmanager
def server() -> Iterator[tuple[Graph, psutil.Process]]:
    """A server of usual size with an empty home, and its process; gone afterwards, also where this process is ended."""
    with tempfile.TemporaryDirectory(prefix="graphrec-search-", ignore_cleanup_errors=True) as folder:
        home = Home.at(Path(folder) / "home")
        state = ensure_running(home, StartOptions("benchmark", None, guard=this_process(), remove=True))
        try:
            with local(home, state) as graph:
                ensure_schema(graph)
                yield graph, psutil.Process(state.pid)
        finally:
            down(home)


def load_items(graph: Graph, n_items: int) -> list[str]:
    """The ids of nodes that were made: items, and the users."""
    item_ids = [f"i{n}" for n in range(n_items)]
    with tempfile.TemporaryDirectory() as folder, FramesWriter(Path(folder) / "frames", "items", "made") as writer:
        writer.add("items", pa.table({"item_id": item_ids}))
        writer.add("users", pa.table({"user_id": [f"u{n}" for n in range(N_USERS)]}))
        with open_rows(writer.finish()) as rows:
            load_over_bolt(graph, rows)
    return item_ids


WAYS: Mapping[str, Callable[[Vectors, Vectors, int], Iterator[Built]]] = {
    "exact": exact,
    "usearch": usearch,
    "faiss": faiss,
    "neo4j": neo4j,
}
N_ROWS = {"exact": 1, "usearch": len(EFFORTS), "faiss": len(EFFORTS), "neo4j": len(OVERFETCH)}


def held() -> float:
    """GiB of this process."""
    return psutil.Process().memory_info().rss / 2**30


def tell(n_items: int, timed: Timed, found: float) -> None:
    """One row of the table."""
    p50, p99 = np.percentile(timed.alone_ms, [50, 99])
    alone, together = 1000 * len(timed.alone_ms) / sum(timed.alone_ms), N_USERS / timed.together_s
    cells = [f"{n_items:,}", timed.name, f"{found:.4f}", f"{alone:,.0f}", f"{p50:.2f}", f"{p99:.2f}"]
    cells += [f"{together:,.0f}", f"{timed.build_s:.1f}", f"{1024 * timed.gib:,.0f}"]
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
