"""The service under load: rates beside an empty FastAPI endpoint, and what the served lists are worth.

    python benchmarks/serve.py --data DIR --home DIR [--seconds 40] [--workers 1]

DIR of `--data` holds `gowalla/train.txt` and `gowalla/test.txt`; the home is loaded and trained where it is empty,
which takes some minutes. Service, Neo4j and 8 keep-alive clients share the machine; users are drawn evenly from all, no
answer is cached. The first four rows are measured by turns, a quarter of their time each. One table:

    empty      an empty FastAPI endpoint with as many workers
    default    lists of 20; 1 request in 20 is an event, whose item the next answer must not hold
    rules      with exclusions, diversity over vectors and a share of rare items; Gowalla has no tags or properties
    walk       lists by a Cypher walk (`with=walk`), two clients; over one kind of interaction, as loaded, and over two
    events     2,000 events a second in hundreds for a minute, as far as they come through, beside 4 clients

and recall@20 of the served bodies beside that of the same blend in memory, for all test users: before the first event,
since each event hides an item and moves lists, and once more after all of them.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from clients import Ask, Told, drive, get, post
from filters import Data, K, read_pairs

from graphrec.connect import connect
from graphrec.evaluation.ranking import IN_MEMORY, rank_users
from graphrec.ingest.load import load
from graphrec.models.blend.model import Blend
from graphrec.models.train import train
from graphrec.recommend.blended import BlendedRecommender
from graphrec.recommend.catalogue import Catalogue
from graphrec.serving.prepare import prepare as make_lists
from graphrec.versions import current, version_folder

EVENT_EVERY = 20
EVENTS_A_SECOND = 2_000
MINUTE_S = 60.0
WARM_S = 10.0
TURNS = 4
RULES = "&diversity=0.3&rare=0.2&exclude=1&exclude=2"


def main() -> None:
    arguments = read_arguments()
    data = Data.of(arguments.data / "gowalla", 0)
    prepare(arguments)
    users = np.unique(read_pairs(arguments.data / "gowalla" / "train.txt")["user_id"].to_numpy(dtype=object))
    with empty(arguments.workers) as bare, service(arguments) as (port, started, process):
        drawn = draw(len(users))
        lists = lambda more="": lambda _: (get(f"/v1/users/{users[next(drawn)]}/recommendations?k=20{more}"), None)  # noqa: E731
        mixed = Mixed(users, EVENT_EVERY)
        asked: dict[str, tuple[int, Ask]] = {
            "empty": (bare, lambda _: (get("/"), None)),
            "default, lists alone": (port, lists()),
            "default, 1 in 20 an event": (port, mixed.ask),
            "rules": (port, lists(RULES)),
        }
        served = served_lists(port, data)
        rows = by_turns(asked, arguments.seconds)
        drive(port, lists("&with=walk"), WARM_S, n_clients=2)
        rows["walk"] = drive(port, lists("&with=walk"), arguments.seconds, n_clients=2)
        rows["lists beside 2,000 events a second"], sent = beside_events(port, lists(), users, MINUTE_S)
        view(port, users[0])
        rows["walk over two kinds"] = drive(port, lists("&with=walk"), arguments.seconds, n_clients=2)
        after = served_lists(port, data)
        memory = sum(child.memory_info().rss for child in [process, *process.children(recursive=True)]) / 2**30
    print(table(rows))
    print(f"\nEvents whose item the next answer held: {mixed.stale} of {mixed.checked}.")
    print(f"Events taken beside the lists: {sent:.0f} a second.")
    print(f"Start to ready: {started:.1f} s. Memory of the service: {memory:.2f} GiB.")
    own = in_memory(arguments.home, data)
    recall, late, offline = (data.figures(lists)["recall@20"] for lists in (served, after, own))
    print(f"\nrecall@20 of the served bodies {recall:.4f}, after all events {late:.4f}, of the blend {offline:.4f}")


def by_turns(asked: Mapping[str, tuple[int, Ask]], seconds: float) -> dict[str, Told]:
    """Each for so many seconds in all, by turns, since a machine's speed changes from minute to minute; warm."""
    for port, ask in asked.values():
        drive(port, ask, WARM_S)
    rows = {name: Told() for name in asked}
    for _ in range(TURNS):
        for name, (port, ask) in asked.items():
            rows[name].add(drive(port, ask, seconds / TURNS))
    return rows


class Mixed:
    """Lists, and now and then an event; the answer after it is for the same user and must not hold its item."""

    def __init__(self, users: Any, every: int) -> None:
        self.users = users
        self.every = every
        self.drawn = draw(len(users))
        self.numbers = itertools.count()
        self.next_user: dict[int, tuple[str, str]] = {}
        self.last: dict[int, list[str]] = {}
        self.checked = self.stale = 0
        self.run = time.time_ns()

    def ask(self, client: int) -> tuple[bytes, Callable[[int, bytes], None] | None]:
        """What a client asks next."""
        number = next(self.numbers)
        if client in self.next_user:
            user, item = self.next_user.pop(client)
            return get(f"/v1/users/{user}/recommendations?k=20"), lambda _, body: self._check(item, body)
        if number % self.every == 0 and self.last.get(client):
            user, item = self.last.pop(client)
            event = {"event_id": f"{self.run}-{number}", "user_id": user, "item_id": item}
            self.next_user[client] = user, item
            return post("/v1/events", json.dumps(event).encode()), None
        user = self.users[next(self.drawn)]
        told = (lambda _, body: self._remember(client, user, body)) if number % self.every == self.every - 9 else None
        return get(f"/v1/users/{user}/recommendations?k=20"), told

    def _remember(self, client: int, user: str, body: bytes) -> None:
        items = json.loads(body)["items"]
        self.last[client] = [user, items[0]["item_id"]]

    def _check(self, item: str, body: bytes) -> None:
        self.checked += 1
        self.stale += item in [row["item_id"] for row in json.loads(body)["items"]]


def beside_events(port: int, lists: Any, users: Any, seconds: float) -> tuple[Told, float]:
    """Lists asked for by 4 clients while another process sends 2,000 events a second; how many it really sent."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        sending = pool.apply_async(send_events, (port, users, seconds))
        told = drive(port, lists, seconds, n_clients=4)
        return told, sending.get() / seconds


def send_events(port: int, users: Any, seconds: float) -> int:
    """Send events in hundreds, as many as are due by the clock; how many were taken within the time."""
    rng = np.random.default_rng(5)
    begun, sent = time.perf_counter(), 0
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while time.perf_counter() - begun < seconds:
        names, items, run = users[rng.integers(0, len(users), 100)], rng.integers(0, 40_000, 100), time.time_ns()
        rows = [
            {"event_id": f"{run}-{n}", "user_id": user, "item_id": str(item)}
            for n, (user, item) in enumerate(zip(names.tolist(), items.tolist(), strict=True))
        ]
        post_json(connection, {"events": rows})
        sent += len(rows)
        time.sleep(max(0.0, begun + sent / EVENTS_A_SECOND - time.perf_counter()))
    return sent


def view(port: int, user: str) -> None:
    """One event of another kind: from then on walks look at what kind each relationship is of."""
    event = {"event_id": f"view-{time.time_ns()}", "user_id": user, "item_id": "0", "kind": "view"}
    post_json(http.client.HTTPConnection("127.0.0.1", port), event)
    time.sleep(2)


def post_json(connection: http.client.HTTPConnection, body: Any) -> None:
    connection.request("POST", "/v1/events", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 202, answer.status


def served_lists(port: int, data: Data) -> pd.DataFrame:
    """What the service gives every test user."""
    rows: list[tuple[str, str, int]] = []
    left = iter(data.users.tolist())
    n_left = len(data.users)

    def ask(_: int) -> tuple[bytes, Callable[[int, bytes], None]]:
        user = next(left, data.users[0])

        def told(status: int, body: bytes) -> None:
            rows.extend((user, item["item_id"], item["rank"]) for item in json.loads(body)["items"])

        return get(f"/v1/users/{user}/recommendations?k={K}"), told

    while len({user for user, _, _ in rows}) < n_left:
        drive(port, ask, 5)
    return pd.DataFrame(rows, columns=["user_id", "item_id", "rank"]).drop_duplicates(["user_id", "item_id"])


def in_memory(home: Path, data: Data) -> pd.DataFrame:
    """The lists of the same version, by the blend as `evaluate` has it."""
    with connect(home) as graph:
        live = current(graph, "blend")
        assert live is not None
        blend = Blend.load(version_folder(graph.home, "blend", live.version) / "model")
    whole = BlendedRecommender.over(blend, Catalogue.of(data.snapshot))
    whole.with_reasons = False
    return rank_users(whole, data.users, K, IN_MEMORY)


def draw(n: int) -> Iterator[int]:
    """Numbers below n, drawn evenly."""
    rng = np.random.default_rng(1)
    while True:
        yield from rng.integers(0, n, 10_000).tolist()


def prepare(arguments: argparse.Namespace) -> None:
    """Load, train and make the lists where that hasn't been done."""
    with connect(arguments.home) as graph:
        is_empty = not graph.read("popular/items", k=1)
    if is_empty:
        load(arguments.data / "gowalla" / "train.txt", arguments.home)
    with connect(arguments.home) as graph:
        if current(graph, "blend") is None:
            train(graph)
        version = current(graph, "blend")
        assert version is not None
        make_lists(graph, version)


@contextmanager
def service(arguments: argparse.Namespace) -> Iterator[tuple[int, float, psutil.Process]]:
    """A service that is ready: its port, how long that took, and its process."""
    port = free_port()
    command = [sys.executable, "-m", "graphrec", "serve", "--open", "--port", str(port)]
    command += ["--workers", str(arguments.workers), "--home", str(arguments.home)]
    with _process(command) as (process, begun):
        wait(f"http://127.0.0.1:{port}/ready")
        yield port, time.perf_counter() - begun, process


@contextmanager
def empty(workers: int) -> Iterator[int]:
    """The empty endpoint."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "empty:app", "--port", str(port), "--workers", str(workers)]
    command += ["--no-access-log", "--log-level", "warning", "--app-dir", str(Path(__file__).parent)]
    with _process(command):
        wait(f"http://127.0.0.1:{port}/")
        yield port


@contextmanager
def _process(command: list[str]) -> Iterator[tuple[psutil.Process, float]]:
    begun = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield psutil.Process(process.pid), begun
    finally:
        process.terminate()
        process.wait(30)


def wait(url: str, seconds: float = 600) -> None:
    """Until something answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(url)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def table(rows: Mapping[str, Told]) -> str:
    """Markdown."""
    first = next(iter(rows.values()))
    lines = ["| 8 clients, 20 items a list | a second | part of the empty endpoint | p50 ms | p99 ms | failed |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for name, told in rows.items():
        cells = [name, f"{told.rate:,.0f}", f"{told.rate / first.rate:.2f}"]
        cells += [f"{told.percentile(50):.1f}", f"{told.percentile(99):.1f}", str(told.failed)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("GRAPHREC_DATA")
    parser.add_argument("--data", type=Path, default=data and Path(data), required=data is None)
    parser.add_argument("--home", type=Path, required=True, help="a home of its own, so that no other data are touched")
    parser.add_argument("--seconds", type=float, default=40, help="for how long each row is measured")
    parser.add_argument("--workers", type=int, default=1, help="processes of the service and of the empty endpoint")
    return parser.parse_args()


if __name__ == "__main__":
    main()
