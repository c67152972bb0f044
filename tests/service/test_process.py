"""`graphrec serve` as a process: cut off by a client, taking over versions under load, asked to end within requests."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx2
import numpy as np
import psutil
import pytest
from faults import Gate, cut_off
from served import Served
from shop import N_ITEMS, SMALL, wait

from graphrec.graph import Graph
from graphrec.ingest.events import record
from graphrec.journal import Journal
from graphrec.models.train import train
from graphrec.server import Home
from graphrec.serving.lists import Lists, lists_folder
from graphrec.versions import current
from graphrec.versions.arrays import read_arrays, read_ids

JOURNAL = "service/journal.sqlite"
N_THREADS, PAUSE_S = 3, 0.1
"""What asks meanwhile leaves some of the machine to the training."""
FINISH_S = 40
"""Longer than the service may take to end."""


@pytest.fixture(scope="module")
def served(shop: Graph) -> Iterator[Served]:
    with Served(shop.home) as found:
        found.wait("/ready")
        yield found


def test_events_whose_connection_was_cut_and_that_are_sent_again_count_once(shop: Graph, served: Served) -> None:
    events = [{"event_id": f"cut{n}", "user_id": f"u{n % 7}", "item_id": f"cut{n % 5}"} for n in range(60)]
    for event in events:
        cut_off(served.port, request_of(event))
    answers = [httpx2.post(f"{served.url}/v1/events", json={"events": events}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["repeated"] > 0, "no cut came after a commit"
    assert answers[1].json() == {"new": 0, "repeated": 60}
    with Journal(shop.home / JOURNAL) as journal:
        wait(lambda: journal.stats().waiting == 0)
    with shop.session() as session:
        log = session.run("MATCH (e:Event) WHERE e.event_id STARTS WITH 'cut' RETURN e.event_id").value()
        summed = session.run("MATCH ()-[r:INTERACTED]->(i:Item) WHERE i.item_id STARTS WITH 'cut' RETURN sum(r.count)")
        assert sorted(log) == sorted(event["event_id"] for event in events)
        assert summed.value() == [60]


def test_ids_of_any_script_come_back_as_they_are(served: Served) -> None:
    for n, name in enumerate(
        (*"日é.-👩", "a b", "a+b", "a%2Fb", "%00", "a/b", "..", "👩‍👩‍👧", "x" * 4_000, "\u202eabc", "NULL")
    ):
        event = {"event_id": f"odd{n}", "user_id": name, "item_id": "i0"}
        assert httpx2.post(f"{served.url}/v1/events", json=event).status_code == 202
        answer = httpx2.get(f"{served.url}/v1/users/{quote(name, safe='').replace('.', '%2E')}/recommendations")
        assert answer.status_code == 200, answer.text
        assert answer.json()["user_id"] == name
        assert answer.json()["strategy"] == "fold_in"


def request_of(event: dict[str, Any]) -> bytes:
    """A whole request, as it goes over the wire."""
    body = json.dumps(event).encode()
    head = "POST /v1/events HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: "
    return f"{head}{len(body)}\r\n\r\n".encode() + body


def test_a_new_version_is_taken_over_without_a_failed_request(shop: Graph, served: Served) -> None:
    """New ids come before all others, so that positions of one version mean other items in the next."""
    first = version_of(served)
    with Load(served) as load:
        for n in (1, 2):
            new = [(f"0{n}{k}", f"0{n}{k}", f"i{k}") for k in range(5)] + [
                (f"1{n}{k}", f"u{k}", f"0{n}{k}") for k in range(5)
            ]
            record(shop, [{"event_id": e, "user_id": u, "item_id": i, "kind": "like"} for e, u, i in new])
            train(shop, "blend", SMALL, again=True)
            wait(lambda n=n: version_of(served) == first + n, seconds=300)  # type: ignore[misc]
            load.wait_for_more()
    assert load.failures == []
    assert {answer["model"]["version"] for answer in load.lists} == {first, first + 1, first + 2}
    expected = {version: lists_of(shop, version) for version in range(first, first + 3)}
    for answer in load.lists:
        found = [item["item_id"] for item in answer["items"]]
        assert found == expected[answer["model"]["version"]][answer["user_id"]]
    for answer in load.others:
        for item in answer["items"]:
            titled = item["item_id"].startswith("i")
            assert item["title"] == (f"Film {item['item_id'][1:]}" if titled else None)
            assert int(item["item_id"][1:]) % 2 or not titled, "the filter was for odd items"


class Load:
    """Threads that ask, each with one connection, until the block ends."""

    def __init__(self, served: Served) -> None:
        self.lists: list[dict[str, Any]] = []
        self.others: list[dict[str, Any]] = []
        self.failures: list[str] = []
        self._served = served
        self._ending = threading.Event()
        self._pool = ThreadPoolExecutor(N_THREADS)

    def __enter__(self) -> Load:
        self._running = [self._pool.submit(self._ask, thread) for thread in range(N_THREADS)]
        self.wait_for_more()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._pool.shutdown()
        for thread in self._running:
            thread.result()

    def wait_for_more(self) -> None:
        """Until some more were answered."""
        wanted = len(self.lists) + 20 * N_THREADS
        wait(lambda: len(self.lists) >= wanted or any(thread.done() for thread in self._running))

    def _ask(self, thread: int) -> None:
        rng = np.random.default_rng(thread)
        with httpx2.Client(base_url=self._served.url, timeout=30) as client:
            while not self._ending.wait(PAUSE_S):
                user = f"u{rng.integers(20, 40)}"
                self._note(client.get(f"/v1/users/{user}/recommendations"), self.lists)
                path = rng.choice([f"/v1/users/{user}/recommendations", "/v1/items/i1/similar", "/v1/popular"])
                self._note(client.get(f"{path}?where=tag=odd&seen=true&k={N_ITEMS}"), self.others)

    def _note(self, answer: httpx2.Response, answers: list[dict[str, Any]]) -> None:
        if answer.status_code == 200:
            answers.append(answer.json())
        else:
            self.failures.append(answer.text)


def version_of(served: Served) -> int:
    found: int = httpx2.get(f"{served.url}/v1/popular").json()["model"]["version"]
    return found


def lists_of(shop: Graph, version: int) -> dict[str, list[str]]:
    """The first ten items of each user, as they were prepared for a version."""
    live = current(shop, "blend")
    assert live is not None
    folder = lists_folder(shop.home, replace(live, version=version))
    lists, arrays = Lists.read(folder), read_arrays(folder / "ids.npz")
    users, items = read_ids(arrays, "user_ids").tolist(), read_ids(arrays, "item_ids").tolist()
    return {user: [items[item] for item in row[:10]] for user, row in zip(users, lists.items.tolist(), strict=True)}


def test_what_was_accepted_is_answered_when_it_is_asked_to_end(shop: Graph, served: Served) -> None:
    half = Begun.event(served, "half")
    with ThreadPoolExecutor(1) as pool:
        many = pool.submit(post_many, served)
        wait(lambda: (shop.home / JOURNAL).exists() and n_known(shop, "many") > 0)
        served.terminate()
        wait(lambda: not served.says_yes("/live"))
        assert half.finish() == 202
        taken = many.result()
    assert served.status(FINISH_S) == 0
    assert not (shop.home / f"{JOURNAL}-wal").exists(), "the journal wasn't closed"
    assert n_known(shop, "many") >= taken
    assert n_known(shop, "half") == 1


def test_it_ends_in_time_while_neo4j_hangs(shop: Graph, server: Home) -> None:
    with Gate(int(shop.uri.rsplit(":", 1)[1])) as gate:
        password = server.credentials().password
        named = {"NEO4J_URI": f"bolt://127.0.0.1:{gate.port}", "NEO4J_PASSWORD": password}
        with Served(shop.home, **named) as served:
            served.wait("/ready")
            half = Begun.event(served, "late")
            gate.shut()
            event = {"event_id": "hung", "user_id": "u1", "item_id": "i0"}
            assert httpx2.post(f"{served.url}/v1/events", json=event).status_code == 202
            people = Begun(served, b"GET /v1/users/u0/people HTTP/1.1\r\nHost: here\r\n\r\n")
            served.terminate()
            assert people.finish() == 503
            assert half.finish() == 202
            assert served.status(FINISH_S) == 0
    assert not (shop.home / f"{JOURNAL}-wal").exists(), "the journal wasn't closed"
    assert n_known(shop, "hung") == n_known(shop, "late") == 1


def test_workers_end_when_the_process_that_started_them_is_killed(shop: Graph) -> None:
    with Served(shop.home, "--workers=2") as served:
        served.wait("/ready")
        workers = psutil.Process(served.process.pid).children(recursive=True)
        assert len(workers) >= 2
        served.kill()
        wait(lambda: not any(is_alive(worker) for worker in workers))
    assert not served.says_yes("/live")


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Begun:
    """A request that the service has begun to read, of which the rest isn't sent yet."""

    def __init__(self, served: Served, begin: bytes, rest: bytes = b"") -> None:
        self._rest = rest
        self._socket = socket.create_connection(("127.0.0.1", served.port))
        self._socket.settimeout(30)
        self._socket.sendall(begin)
        for _ in range(2):  # what came before is read before what comes now is answered
            assert served.says_yes("/live")

    @classmethod
    def event(cls, served: Served, name: str) -> Begun:
        """An event without its last byte."""
        whole = request_of({"event_id": name, "user_id": "u1", "item_id": "i1"})
        return cls(served, whole[:-1], whole[-1:])

    def finish(self) -> int:
        """The status of the answer, once the rest is sent."""
        with self._socket:
            self._socket.sendall(self._rest)
            return int(self._socket.recv(65_536).split()[1])


def post_many(served: Served) -> int:
    """Events one by one until nobody answers; how many were taken."""
    with httpx2.Client(base_url=served.url, timeout=30) as client:
        for n in range(100_000):
            event = {"event_id": f"many{n}", "user_id": "u2", "item_id": f"i{n % 3}"}
            try:
                answer = client.post("/v1/events", json=event)
            except httpx2.TransportError:
                return n
            assert answer.status_code == 202, answer.text
    raise AssertionError("the service didn't end")


def n_known(shop: Graph, beginning: str) -> int:
    """How many events whose ids begin so are in the journal."""
    with Journal(shop.home / JOURNAL) as journal:
        known = [entry.event["event_id"] for entry in journal.read_after(0, 1_000_000)]
    return sum(name.startswith(beginning) for name in known)
