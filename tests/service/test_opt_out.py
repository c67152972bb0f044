"""Opting out and in over HTTP and by the command line, with two running workers: lists, reasons, popularity, trends,
people, questions and queries over the graph count nobody who has opted out, and everything is as before afterwards.

The tests go on from one another over one shop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from shop import drained, ids, opened, wait
from typer.testing import CliRunner

from graphrec.cli.app import app
from graphrec.cli.verbs import opt as verb  # noqa: F401
from graphrec.frames import FramesWriter
from graphrec.graph import Graph
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.rows import open_rows
from graphrec.ingest.stats import read_stats
from graphrec.recommend.answer import recommend
from graphrec.snapshot import Snapshot

WHO, ITEMS = "u0", [f"i{n}" for n in range(30)]
"""u0 follows u1 and is followed by u38 and u39, who follow u1 as well; u1 follows u2."""

UNTOLD = ("request_id", "degraded")
"""What doesn't tell of anybody; a busy machine may find Neo4j late at times."""

Told = dict[str, Any]


@pytest.fixture(scope="module")
def workers(shop: Graph) -> Iterator[tuple[TestClient, TestClient]]:
    with opened(shop, budget_s=60.0) as one, opened(shop, budget_s=60.0) as other:
        yield one, other


@pytest.fixture(scope="module")
def before(shop: Graph, workers: tuple[TestClient, TestClient]) -> Told:
    """How it was, with events of u0 that told a device, and a batch of co-occurrence stored."""
    one, other = workers
    for follower in ("u38", "u39"):
        ok(one.put(f"/v1/users/{follower}", json={"follows": [WHO, "u1"]}))
    events = [{"event_id": f"tv{n}", "user_id": WHO, "item_id": f"i{n}", "device": "tv", "at": 2_000} for n in (0, 2)]
    events += [{"event_id": "phone", "user_id": "u3", "item_id": "i1", "device": "phone", "at": 2_000}]
    ok(one.post("/v1/events", json={"events": events}))
    drained(one)
    shop.write("cooccurrence/write_similar", item_ids=ITEMS, version=1)
    for client in (one, other):
        caught_up(client).app.state.service.keeper.reload()  # type: ignore[attr-defined]
    return whole(shop, one)


def ok(answer: Any) -> Told:
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def state_of(client: TestClient) -> Any:
    return client.app.state.service.keeper.state  # type: ignore[attr-defined]


def caught_up(client: TestClient) -> TestClient:
    journal = client.app.state.service.journal  # type: ignore[attr-defined]
    wait(lambda: state_of(client).sequence == journal.last_sequence(), seconds=20)
    return client


def counted(graph: Graph, query: str) -> int:
    with graph.session() as session:
        return int(session.run(query, who=WHO).value()[0])  # type: ignore[arg-type]


def by_memory(client: TestClient) -> list[Told]:
    """What memory tells everybody but u0: lists with reasons, popular and similar items, questions."""
    paths = [f"/v1/users/{user}/recommendations?k=30" for user in ("u1", "u8", "u38", "nobody")]
    paths += ["/v1/users/u38/recommendations?k=9&rare=0.3", "/v1/popular?k=30", "/v1/onboarding?k=20"]
    answers = [client.get(path).json() for path in [*paths, "/v1/items/i0/similar?k=10"]]
    return [{name: plain(value) for name, value in answer.items() if name not in UNTOLD} for answer in answers]


def by_queries(graph: Graph) -> dict[str, list[Told]]:
    """What queries over the graph tell, with counts of people."""
    users = ["u2", "u4", "u6", "u8", "u38"]
    wanted = [{"user_id": user, "item_ids": ITEMS} for user in users]
    asked: dict[str, Told] = {
        "walk/recommend": {"user_ids": users, "k": 30},
        "walk/explain": {"wanted": wanted},
        "cooccurrence/recommend": {"user_ids": users, "k": 30},
        "cooccurrence/explain": {"wanted": wanted},
        "cooccurrence/similar": {"item_ids": ITEMS, "k": 30},
        "cooccurrence/together": {"item_ids": ITEMS, "k": 30, "min_support": 1},
        "cooccurrence/read_similar": {"item_ids": ITEMS, "k": 30, "version": 1},
        "popular/items": {"k": 30},
        "popular/trending": {"k": 30, "now": 10_000},
        "items/counts": {"item_ids": ITEMS},
        "people/liked_by_friends": {"user_ids": ["u38", "u39"], "k": 30},
        "context/tallies": {},
    }
    return {name: [plain(row) for row in graph.read(name, **given)] for name, given in asked.items()}


def on_tv(client: TestClient, query: str = "&device=tv") -> list[tuple[str, float]]:
    """A list of somebody else for a device, with its scores."""
    found = client.get(f"/v1/users/u8/recommendations?k=20&seen=true{query}").json()["items"]
    return [(item["item_id"], round(item["score"], 9)) for item in found]


def plain(value: Any) -> Any:
    """Without what depends on the order of the store: the last digits of sums, and columns of lists."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value] if value and isinstance(value[0], dict) else sorted(value)
    return round(value, 6) if isinstance(value, float) else value


def whole(graph: Graph, client: TestClient) -> Told:
    """All that is told and learnt from."""
    return {
        "memory": by_memory(client),
        "queries": by_queries(graph),
        "friends": graph.read("people/friends_of_friends", user_ids=["u38", "u39", WHO]),
        "mine": ids(client.get(f"/v1/users/{WHO}/recommendations?k=30")),
        "checksum": read_stats(graph).checksum,
        "snapshot": Snapshot.from_graph(graph).digest(),
    }


def test_nothing_counts_at_once_in_memory(shop: Graph, workers: tuple[TestClient, TestClient], before: Told) -> None:
    one, other = workers
    assert on_tv(one) != on_tv(one, ""), "what u0 did on a device moves others' lists"
    liked = {row["item_id"] for row in shop.read("users/history", user_ids=[WHO], k=100)}
    likers = [{item: state_of(client).catalogue.liking(n) for n, item in enumerate(ITEMS)} for client in workers]
    assert ok(one.put(f"/v1/users/{WHO}/opt-out"))["taken"]["what"] == "opt_out"
    for client, n_before in zip((one, caught_up(other)), likers, strict=True):
        assert on_tv(client) == on_tv(client, ""), "at once, not with the next reading of the graph"
        state = state_of(client)
        now = {item: state.catalogue.liking(state.catalogue.ids.places[item]) for item in ITEMS}
        names = state.catalogue.ids.names
        known = {names[int(item[1:])]: n for item, n in n_before.items()}
        assert {item for item in ITEMS if now[item] != known[item]} == liked
        assert all(now[item] == known[item] - 1 for item in liked)
        for query in ("", "seen=true", "diversity=0.5", "explain=true", "with=walk,popular", "with=cooccurrence"):
            mine, nobodys = (
                client.get(f"/v1/users/{user}/recommendations?k=30&{query if user == WHO else query.split('with')[0]}")
                for user in (WHO, "nobody")
            )
            assert mine.json()["strategy"] == "trending"
            assert ids(mine) == ids(nobodys), "what somebody unknown gets, and what was seen may come"
            assert [i["reason"] for i in mine.json()["items"]] == [i["reason"] for i in nobodys.json()["items"]]
        assert client.get(f"/v1/users/{WHO}/opt-out").json()["opted_out"] is True
        assert client.get("/v1/users/u1/opt-out").json()["opted_out"] is False
        explained = client.get(f"/v1/users/{WHO}/recommendations/i7/explanation").json()
        assert (explained["score"], explained["parts"], explained["reasons"]) == (None, {}, [])
    drained(one)
    with opened(shop) as restarted:
        assert by_memory(restarted) == by_memory(one) == by_memory(other), "as if it had been read so"
        assert restarted.get(f"/v1/users/{WHO}/recommendations").json()["strategy"] == "trending"
    for client in workers:
        keeper = client.app.state.service.keeper  # type: ignore[attr-defined]
        keeper._settle_after = 0.0
        wait(lambda client=client: ("device", "tv") not in state_of(client).tallies.pairs.totals)  # type: ignore[misc]
        assert not state_of(client).miscounts


def test_nothing_counts_in_the_graph(shop: Graph, workers: tuple[TestClient, TestClient], before: Told) -> None:
    assert counted(shop, "RETURN COUNT { (:User {user_id: $who})-[:INTERACTED|FOLLOWS]-() }") == 0
    assert counted(shop, "RETURN COUNT { (:User {user_id: $who})-[:WITHHELD]->() }") >= 5
    snapshot = Snapshot.from_graph(shop)
    row = snapshot.user_idx([WHO])[0]
    assert snapshot.seen[[row], :].nnz == snapshot.follows[[row], :].nnz == 0
    found = by_queries(shop)
    changed = {name for name, rows in found.items() if rows != before["queries"][name]}
    assert changed == set(found), "u0 counted in each of them"
    assert [row["value"] for row in found["context/tallies"] if row["key"] == "device"] == ["phone"]
    similar = {(row["item_id"], row["similar_id"]): row["support"] for row in found["cooccurrence/similar"]}
    stored = {(row["item_id"], row["similar_id"]): row["support"] for row in found["cooccurrence/read_similar"]}
    assert stored == similar, "stored counts are those that there are without u0"
    friends = shop.read("people/friends_of_friends", user_ids=["u38", WHO])
    assert [(row["user_id"], row["friend_id"], row["score"]) for row in friends] == [("u38", "u2", 1)]
    mine = recommend(shop, WHO, 5, "walk")
    assert mine.attrs == {"model": "popular", "note": "user 'u0' has opted out; these are the popular items"}
    assert shop.read("embedding/exact", model="blend", user_ids=[WHO]) == []
    assert shop.read("embedding/search", model="blend", user_ids=[WHO]) == []


def test_opting_in_by_the_command_line_brings_back_exactly_what_was(
    shop: Graph, workers: tuple[TestClient, TestClient], before: Told
) -> None:
    done = CliRunner().invoke(app, ["opt-in", WHO])
    assert (done.exit_code, done.output) == (0, "opted in; all counts as before\n")
    for client in workers:
        assert caught_up(client).get(f"/v1/users/{WHO}/opt-out").json()["opted_out"] is False
        found = whole(shop, client)
        assert {name: found[name] for name in before if name != "memory"} == {
            name: before[name] for name in before if name != "memory"
        }
        assert found["memory"] == before["memory"]
    left = (
        "MATCH (a)-[r]->(b) WHERE r._counted IS NOT NULL OR r.withheld IS NOT NULL OR type(r) STARTS WITH 'WITHHELD' "
    )
    assert counted(shop, left + "RETURN count(r)") == 0
    assert counted(shop, "MATCH (n:OptedOut|Event) WHERE n:OptedOut OR n.withheld RETURN count(n)") == 0


def test_what_is_done_meanwhile_counts_once_the_person_is_back(
    shop: Graph, workers: tuple[TestClient, TestClient], tmp_path_factory: pytest.TempPathFactory
) -> None:
    one, other = workers
    done = CliRunner().invoke(app, ["opt-out", WHO])
    assert done.exit_code == 0, done.output
    told = [by_memory(caught_up(client)) for client in workers]
    graph = {name: rows for name, rows in by_queries(shop).items() if name != "popular/trending"}
    twice = {"user_id": WHO, "item_id": "i9", "kind": "like", "device": "radio"}
    for event_id in ("r1", "r2", "r2"):
        ok(one.post("/v1/events", json={"event_id": event_id, **twice}))
    ok(other.post("/v1/events", json={"event_id": "r3", "user_id": WHO, "item_id": "i11", "kind": "skip"}))
    ok(one.put(f"/v1/users/{WHO}", json={"follows": ["u4", "u1"]}))
    ok(one.put("/v1/users/u38", json={"follows": [WHO, "u1", "u6"]}))
    ok(one.put("/v1/users/u38", json={"follows": [WHO, "u1"]}))
    drained(one)
    for _ in range(2):
        load_again(shop, tmp_path_factory)
    assert [by_memory(caught_up(client)) for client in workers] == told
    assert {name: rows for name, rows in by_queries(shop).items() if name != "popular/trending"} == graph
    assert counted(shop, "RETURN COUNT { (:User {user_id: $who})-[:INTERACTED|FOLLOWS]-() }") == 0
    with opened(shop) as restarted:
        assert by_memory(restarted) == told[0]
        ok(restarted.delete(f"/v1/users/{WHO}/opt-out"))
        assert "i9" not in ids(restarted.get(f"/v1/users/{WHO}/recommendations?k=30")), "what was seen meanwhile"
        wait(lambda: restarted.app.state.service.journal.stats().waiting == 0)  # type: ignore[attr-defined]
    query = "MATCH (:User {user_id: $who})-[r:INTERACTED {kind: 'like'}]->(:Item {item_id: 'i9'}) RETURN sum(r.count)"
    assert counted(shop, query) == 2
    query = "MATCH (:User {user_id: $who})-[r:INTERACTED {kind: 'like'}]->(:Item {item_id: 'i13'}) RETURN sum(r.count)"
    assert counted(shop, query) == 3
    assert counted(shop, "RETURN COUNT { (:User {user_id: $who})-[:FOLLOWS]->() }") == 2
    assert counted(shop, "RETURN COUNT { (:User {user_id: 'u38'})-[:FOLLOWS]->(:User {user_id: $who}) }") == 1
    for client in workers:
        assert caught_up(client).get(f"/v1/users/{WHO}/recommendations").json()["strategy"] == "blend"
        state = state_of(client)
        mine = state.tastes.items_of(state.users.places[WHO])[0]
        assert np.isin(state.catalogue.ids.places["i9"], mine)


def load_again(graph: Graph, folders: pytest.TempPathFactory) -> None:
    """A file with what u0 did, as it is loaded beside a service."""
    with FramesWriter(folders.mktemp("again") / "frames", "more", "test") as writer:
        rows = {"user_id": [WHO] * 2, "item_id": ["i13", "i13"], "kind": ["like"] * 2, "count": [2, 1], "at": [5, 6]}
        writer.add("interactions", pa.table(rows))
        writer.add("follows", pa.table({"user_id": ["u39"], "followee_id": [WHO]}))
        frames = writer.finish()
    with open_rows(frames) as loaded:
        load_over_bolt(graph, loaded, None)


def test_who_is_not_known_may_opt_out_before_the_first_event(
    shop: Graph, workers: tuple[TestClient, TestClient]
) -> None:
    one = workers[0]
    ok(one.put("/v1/users/some/body/opt-out"))
    ok(one.post("/v1/events", json={"event_id": "s1", "user_id": "some/body", "item_id": "i3", "kind": "like"}))
    for client in workers:
        listed = caught_up(client).get("/v1/users/some/body/recommendations").json()
        assert (listed["strategy"], client.get("/v1/users/some/body/opt-out").json()["opted_out"]) == ("trending", True)
    drained(one)
    assert counted(shop, "RETURN COUNT { (:OptedOut {user_id: 'some/body'})-[:WITHHELD]->() }") == 1
    assert counted(shop, "RETURN COUNT { (:User {user_id: 'some/body'})-[:INTERACTED]->() }") == 0
    headers = {"Idempotency-Key": "out-1"}
    assert ok(one.put("/v1/users/u7/opt-out", headers=headers))["repeated"] is False
    ok(one.delete("/v1/users/u7/opt-out"))
    assert ok(one.put("/v1/users/u7/opt-out", headers=headers))["repeated"] is True
    assert one.get("/v1/users/u7/opt-out").json()["opted_out"] is False
    assert one.delete("/v1/users/u7/opt-out", headers=headers).status_code == 409


def test_while_neo4j_does_not_know_it_yet_its_answers_are_not_told(
    shop: Graph, workers: tuple[TestClient, TestClient]
) -> None:
    one = workers[0]
    service = one.app.state.service  # type: ignore[attr-defined]
    drained(one)
    state = caught_up(one).app.state.service.keeper.state  # type: ignore[attr-defined]
    assert one.get("/v1/users/u8/recommendations?with=walk").json()["strategy"] == "walk"
    known, state.consented = state.consented, service.journal.last_sequence() + 1
    late = one.get("/v1/users/u8/recommendations?with=walk").json()
    assert (late["strategy"], late["fallbacks"][-1]) == ("blend", "blend instead of walk")
    assert one.get("/v1/users/u8/people").status_code == 503
    state.consented = known
    assert one.get("/v1/users/u8/people").status_code == 200
