"""A person forgotten while two workers run: in graph, queue, models, recordings and every worker, with a receipt.

The tests share a shop and two workers over it, and each has users of its own; the last one lets all grow old."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from shop import ids, opened, rows, wait
from typer.testing import CliRunner

from graphrec.cli.app import app
from graphrec.cli.verbs import expire as _expire
from graphrec.cli.verbs import export as _export
from graphrec.cli.verbs import forget as _forget
from graphrec.errors import InputError
from graphrec.experiments.store import FILE, Store
from graphrec.graph import Graph
from graphrec.holdings import forget as forgetting
from graphrec.holdings import held_by_graph
from graphrec.holdings.expire import cutoff, expire
from graphrec.holdings.export import export
from graphrec.holdings.forget import forget, held
from graphrec.holdings.scrub import scrub
from graphrec.nightly.interrupted import FOLDER, SNAPSHOT
from graphrec.nightly.kept import write_snapshot
from graphrec.server import Home
from graphrec.serving.lists import NO_ITEM, lists_folder
from graphrec.serving.state import State, load_state
from graphrec.snapshot import Snapshot
from graphrec.versions import current
from graphrec.versions.forgetting import files_with, places_of

SIMILAR = """
MATCH (i:Item {item_id: 'i0'}), (j:Item {item_id: 'i2'})
CREATE (i)-[:SIMILAR {model: 'cooccurrence', version: 'v', score: 9.0, rank: 1, support: 9}]->(j)
"""
SUPPORT = "MATCH (:Item {item_id: 'i0'})-[s:SIMILAR]->() RETURN s.support"

VERBS = (_expire, _export, _forget)
"""Imported, so that the command line has them."""


@pytest.fixture(scope="module")
def workers(shop: Graph) -> Iterator[tuple[TestClient, TestClient]]:
    with opened(shop) as one, opened(shop) as other:
        yield one, other


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_by_graph, "FOLLOW_S", 0.3)


def service(client: TestClient) -> Any:
    return client.app.state.service  # type: ignore[attr-defined]


def state(client: TestClient) -> State:
    """The state of a worker, once it has all that is in the journal."""
    found = service(client)
    wait(lambda: found.keeper.state.sequence == found.journal.last_sequence(), seconds=20)
    return found.keeper.state  # type: ignore[no-any-return]


def told(client: TestClient, user: str, *items: str, at: int = 2_000) -> None:
    events = [
        {"event_id": f"{user}-{item}", "user_id": user, "item_id": item, "kind": "like", "at": at} for item in items
    ]
    assert client.post("/v1/events", json={"events": events}).status_code == 202


def trending(of: State) -> dict[str, float]:
    items, counts = of.trends.best()
    names = of.catalogue.ids.names
    return {names[item]: round(count, 6) for item, count in zip(items.tolist(), counts.tolist(), strict=True)}


def new_items(of: State) -> set[str]:
    names = of.catalogue.ids.names
    return {names[item] for item in np.flatnonzero(of.arrivals.is_new(np.arange(len(names))))}


def test_a_deleted_user_counts_nowhere_in_memory_at_once(shop: Graph, workers: tuple[TestClient, TestClient]) -> None:
    one, other = workers
    told(one, "u3", "i0", "i2", at=5_000)
    told(one, "u20", "fresh1", at=9_000)
    assert "fresh1" in trending(state(other))
    for user in ("u3", "u20"):
        assert one.delete(f"/v1/users/{user}").status_code == 202
    wait(lambda: service(one).journal.stats().waiting == 0)
    truth = load_state(shop)
    for client in workers:
        assert trending(state(client)) == trending(truth)
        assert new_items(state(client)) == new_items(truth)


def test_a_dry_run_lists_every_place_and_changes_nothing(shop: Graph, workers: tuple[TestClient, TestClient]) -> None:
    told(workers[0], "u5", "i1", "i3")
    wait(lambda: service(workers[0]).journal.stats().waiting == 0)
    before = held(shop.home, "u5")
    assert before["graph"] | {"INTERACTED": 0} == {"node": 1, "vectors": 1, "INTERACTED": 0, "events": 2}
    assert before["journal"] == {"events": 2}
    assert before["models"]["files"] >= 3
    assert before["models"]["lists"] == 1
    listed = CliRunner().invoke(app, ["forget", "u5", "--dry-run", "--json"])
    assert json.loads(listed.output) == before
    asked = CliRunner().invoke(app, ["forget", "u5"])
    assert isinstance(asked.exception, InputError)
    assert "say --yes" in str(asked.exception)
    assert held(shop.home, "u5") == before
    assert held(shop.home, "nobody") == {name: {} for name in before}


def test_all_that_is_held_is_exported(shop: Graph, workers: tuple[TestClient, TestClient], tmp_path: Path) -> None:
    told(workers[0], "u7", "i1")
    assert workers[0].put("/v1/users/u7", json={"properties": {"city": "Rome"}, "follows": ["u0"]}).status_code == 202
    assert workers[0].post("/v1/users/u7/onboarding", json={"tags": {"odd": 0.5}}).status_code == 202
    wait(lambda: service(workers[0]).journal.stats().waiting == 0)
    out = io.StringIO()
    n_things = export(shop.home, "u7", out)
    places = json.loads(out.getvalue())["places"]
    done = CliRunner().invoke(app, ["export", "u7", "--out", str(tmp_path / "u7.json")])
    assert done.output.startswith(f"{n_things} things are held")
    assert json.loads((tmp_path / "u7.json").read_text())["places"] == places
    assert (tmp_path / "u7.json").stat().st_mode & 0o077 == 0
    assert n_things == sum(len(things) for things in places.values())
    graph = {thing["what"]: thing["holds"] for thing in places["graph"]}
    assert graph["node"]["properties"]["city"] == "Rome"
    likes = [thing["holds"] for thing in places["graph"] if thing["what"] == "relationships"]
    assert {(row["type"], row["end"]) for row in likes} >= {("FOLLOWS", "u0"), ("PREFERS", "odd"), ("INTERACTED", "i1")}
    assert graph["events"]["event_id"] == "u7-i1"
    assert len(places["journal"]) == 3
    models = {thing["what"].rpartition("/")[2]: thing["holds"] for thing in places["models"]}
    assert len(models["vectors.npz"]["user_vectors"]) > 0
    assert ids(workers[0].get("/v1/users/u7/recommendations?k=1"))[0] in [row["item_id"] for row in models["list"]]


def test_a_person_is_forgotten_everywhere_while_workers_run(
    shop: Graph, workers: tuple[TestClient, TestClient]
) -> None:
    one, other = workers
    told(one, "u8", "i0", "i2", "i5")
    told(other, "u0", "i5")
    rows(shop, SIMILAR)
    for client in workers:
        trials = service(client).trials
        trials.explores = True
        done = [
            {"event_id": f"{user} {id(client)}", "user_id": user, "item_id": "i", "kind": "like"}
            for user in ("u8", "u9")
        ]
        trials.done(done)
    wait(lambda: service(one).journal.stats().waiting == 0)
    query = "MATCH (:Item {item_id: 'i0'})<-[:INTERACTED]-(v)-[:INTERACTED]->(:Item {item_id: 'i2'}) "
    both = rows(shop, query + "RETURN count(DISTINCT v.user_id)")[0][0]
    before, was = {client: state(client) for client in workers}, held(shop.home, "u8")
    receipt, path = forget(shop.home, "u8")
    assert {name: counts for name, counts in receipt.places.items() if name != "experiments"} == {
        name: counts for name, counts in was.items() if name != "experiments"
    }
    assert not any(held(shop.home, "u8").values())
    assert rows(shop, "MATCH (n:User|Event {user_id: 'u8'}) RETURN n") == []
    assert rows(shop, SUPPORT) == ([[both - 1]] if both > 1 else [])
    assert files_with(shop.home / "models", "u8") == []
    for client in workers:
        wait(lambda: service(client).keeper.state is not before[client], seconds=20)  # noqa: B023
        assert "u8" not in state(client).users.names
        answer = client.get("/v1/users/u8/recommendations").json()
        assert answer["strategy"] in ("trending", "popular")
        assert answer["degraded"] is False
        assert client.get("/v1/users/u9/recommendations").json()["strategy"] == "blend"
    store = Store(shop.home / FILE)
    wait(lambda: store.read("SELECT DISTINCT user_id FROM outcomes WHERE user_id IN ('u8', 'u9')") == [("u9",)])
    text = path.read_text()
    assert "u8" not in text
    assert json.loads(text)["person"] == receipt.person
    assert path.stat().st_mode & 0o077 == 0
    again, _ = forget(shop.home, "u8")
    assert again.person == receipt.person
    assert not any(again.places.values()), "nothing was left"


def test_lists_in_mapped_files_are_emptied_for_workers_that_have_them(shop: Graph) -> None:
    live = current(shop, "blend")
    assert live is not None
    folder = lists_folder(shop.home, live)
    mapped = np.load(folder / "items.npy", mmap_mode="r")
    place = places_of(folder / "ids.npz", {"u11"})[0]
    others = np.delete(mapped.copy(), place, axis=0)
    assert mapped[place, 0] != NO_ITEM
    forget(shop.home, "u11")
    assert (mapped[place] == NO_ITEM).all()
    assert (np.delete(mapped, place, axis=0) == others).all()


def test_killed_at_any_place_it_goes_on_and_its_receipt_tells_all(
    shop: Graph, workers: tuple[TestClient, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    told(workers[0], "u12", "i0", "i2")
    Store(shop.home / FILE).write(outcomes=[])
    wait(lambda: service(workers[0]).journal.stats().waiting == 0)
    was = held(shop.home, "u12")
    for place in ("HeldByGraph", "HeldByJournal", "HeldByModels", "HeldByStaging"):
        kind = getattr(forgetting.places_of.__globals__[place], "remove")  # noqa: B009

        def killed(self: Any, user_id: str, remove: Any = kind) -> None:
            remove(self, user_id)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(forgetting.places_of.__globals__[place], "remove", killed)
            with pytest.raises(KeyboardInterrupt):
                forget(shop.home, "u12")
    receipt, _ = forget(shop.home, "u12")
    assert receipt.places == was | {"journal": was["journal"] | {"events": receipt.places["journal"]["events"]}}
    assert not any(held(shop.home, "u12").values())
    assert list((shop.home / "privacy" / "begun").iterdir()) == []


def test_of_a_remote_neo4j_the_receipt_says_what_it_cannot_reach(
    shop: Graph, workers: tuple[TestClient, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Home.at(shop.home).credentials()
    monkeypatch.setenv("NEO4J_URI", shop.uri)
    monkeypatch.setenv("NEO4J_PASSWORD", known.password)
    port = Home.at(shop.home).running()
    for receipt, _ in (forget(shop.home, "u13"), scrub(shop.home, "u13")):
        assert any(f"dumps and backups of the Neo4j at {shop.uri}" in place for place in receipt.not_reached)
    assert "store" not in receipt.places
    assert Home.at(shop.home).running() == port, "the server went on"
    told(workers[1], "u16", "i1")
    wait(lambda: service(workers[1]).journal.stats().waiting == 0)
    assert rows(shop, "MATCH (e:Event {user_id: 'u16'}) RETURN e.item_id") == [["i1"]], "and so did the queue"


def liked(found: State, user_id: str) -> list[str]:
    """What somebody likes, by a worker's memory."""
    return [found.catalogue.ids.names[item] for item in found.tastes.items_of(found.users.places[user_id])[0]]


def test_what_is_old_goes_in_the_graph_and_in_workers(shop: Graph, workers: tuple[TestClient, TestClient]) -> None:
    one = workers[0]
    told(one, "u14", "i1", at=10**15 // 10)
    wait(lambda: service(one).journal.stats().waiting == 0)
    n_old = rows(shop, "MATCH ()-[r:INTERACTED]->() WHERE r.last_at < 50000 RETURN count(r)")[0][0]
    before = {client: state(client) for client in workers}
    night = shop.home / "models" / "lightgcn" / FOLDER
    night.mkdir(parents=True)
    write_snapshot(night / SNAPSHOT, Snapshot.from_graph(shop))
    counted = expire(shop.home, 50_000, users=True, dry_run=True)
    assert (counted.nights, night.is_dir()) == (1, True)
    assert counted.relationships == n_old > 100
    assert rows(shop, "MATCH ()-[r:INTERACTED]->() WHERE r.last_at < 50000 RETURN count(r)")[0][0] == n_old
    gone = expire(shop.home, 50_000, users=True)
    assert (gone.relationships, gone.events) == (n_old, counted.events)
    assert (gone.nights, night.exists()) == (1, False), "the copy of an interrupted night goes whole"
    assert gone.users > 20
    assert rows(shop, "MATCH (u)-[r:INTERACTED]->(i) RETURN u.user_id, i.item_id, r.last_at") == [["u14", "i1", 10**14]]
    assert files_with(shop.home / "models", "u14")
    assert not files_with(shop.home / "models", "u15")
    for client in workers:
        wait(lambda: liked(state(client), "u14") == ["i1"], seconds=20)  # noqa: B023  (it may read for others before)
        assert state(client) is not before[client]
        assert client.get("/v1/users/u15/recommendations").json()["strategy"] != "blend"
        now = state(client)
        assert now.catalogue.n_likers.sum() == 1
    assert expire(shop.home, 50_000).relationships == 0
    done = CliRunner().invoke(app, ["expire", "--older-than", "2y", "--dry-run", "--json"])
    assert json.loads(done.output)["dry_run"] is True


def test_on_a_terminal_the_id_is_to_be_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["u1", "u2", "scrub"])
    monkeypatch.setattr("sys.stdin", type("Terminal", (io.StringIO,), {"isatty": lambda self: True})())
    monkeypatch.setattr("typer.prompt", lambda question: next(typed))
    _forget._confirm("u1", yes=False)
    with pytest.raises(InputError, match="nothing was changed"):
        _forget._confirm("u1", yes=False)
    _forget._confirm(None, yes=False)


@pytest.mark.parametrize(("age", "days"), [("90d", 90), ("8w", 56), ("12m", 365.25), ("2y", 730.5), ("1.5y", 547.875)])
def test_ages(age: str, days: float) -> None:
    assert cutoff(age, 10**12) == 10**12 - round(days * 86_400_000)


@pytest.mark.parametrize("age", ["2", "y", "2 years", "-1d", "0d", ""])
def test_what_is_no_age_is_refused(age: str) -> None:
    with pytest.raises(InputError, match="expected an age such as 90d"):
        cutoff(age)
