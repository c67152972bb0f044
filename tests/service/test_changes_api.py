"""Items and users put and deleted over HTTP, and answers of new users: in every worker, in the graph, after a restart.

The tests share a shop and two workers over it, and each has items and users of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from shop import drained, ids, opened, rows, wait

from graphrec.graph import Graph
from graphrec.service.guard import role_of


@pytest.fixture(scope="module")
def workers(shop: Graph) -> Iterator[tuple[TestClient, TestClient]]:
    with opened(shop) as one, opened(shop) as other:
        yield one, other


@pytest.fixture(scope="module")
def one(workers: tuple[TestClient, TestClient]) -> TestClient:
    return workers[0]


@pytest.fixture(scope="module")
def other(workers: tuple[TestClient, TestClient]) -> TestClient:
    return workers[1]


def listed(client: TestClient, user: str = "u0", **asked: Any) -> list[str]:
    return ids(client.get(f"/v1/users/{user}/recommendations", params={"k": 100, **asked}))


def caught_up(client: TestClient) -> TestClient:
    """The same, once it knows all that is in the journal."""
    service = client.app.state.service  # type: ignore[attr-defined]
    wait(lambda: service.keeper.state.sequence == service.journal.last_sequence(), seconds=20)
    return client


def ok(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def test_a_new_item_is_filtered_by_what_was_said_in_every_worker(
    shop: Graph, one: TestClient, other: TestClient
) -> None:
    said = {"title": "Film new", "properties": {"year": 2050, "colour": "red", "good": True}, "tags": ["fresh", "odd"]}
    taken = ok(one.put("/v1/items/a/new one", json=said))
    assert taken["taken"] | {"at": 0} == taken["taken"] | {
        "at": 0,
        "item_id": "a/new one",
        "tags": {"fresh": 1, "odd": 1},
    }
    assert taken["repeated"] is False
    for asked in ({"tag": "fresh"}, {"where": "year>2040"}, {"where": "colour=red"}, {"where": "good=1", "tag": "odd"}):
        assert listed(one, **asked) == ["a/new one"], "at once in the worker that was told"
    assert "a/new one" in listed(caught_up(other))
    assert listed(other, tag="fresh") == listed(other, where="colour=red") == ["a/new one"]
    shown = other.get("/v1/users/u0/recommendations?tag=fresh").json()["items"][0]
    assert shown["title"] == "Film new"
    ok(other.put("/v1/items/a/new one", json={"properties": {"colour": None, "year": 2060}, "tags": {"odd": 0.5}}))
    assert listed(caught_up(one), where="year=2060") == ["a/new one"]
    assert listed(one, tag="fresh") == []
    assert one.get("/v1/users/u0/recommendations?where=colour=red").json()["items"] == []
    drained(one)
    found = rows(
        shop, "MATCH (i:Item {item_id: 'a/new one'}) RETURN properties(i), [(i)-[r:HAS_TAG]->(t) | [t.name, r.weight]]"
    )
    assert found == [[{"item_id": "a/new one", "title": "Film new", "year": 2060, "good": True}, [["odd", 0.5]]]]


def test_a_deleted_item_is_gone_from_every_list_of_every_worker(
    shop: Graph, one: TestClient, other: TestClient
) -> None:
    best = listed(one, "u4", k=3)[1]
    event = {"event_id": "gone1", "user_id": "u5", "item_id": best, "kind": "like"}
    ok(one.post("/v1/events", json=event))
    ok(one.delete(f"/v1/items/{best}"))
    for client in (one, other):
        assert caught_up(client).get(f"/v1/items/{best}/similar").status_code == 404
        for user in ("u4", "u5", "u6", "nobody"):
            assert best not in listed(client, user) + listed(client, user, k=3) + listed(client, user, seen=True)
            text = client.get(f"/v1/users/{user}/recommendations?k=100").text
            assert f'Film {best[1:]}"' not in text, "nor is it a reason"
        assert best not in ids(client.get("/v1/popular?k=100"))
        assert all(best not in ids(client.get(f"/v1/items/i{n}/similar?k=100")) for n in range(30) if f"i{n}" != best)
        assert client.get(f"/v1/users/u4/recommendations/{best}/explanation").status_code == 404
        assert client.get("/v1/users/u4/recommendations", params={"include": best}).status_code == 404
    assert ok(one.post("/v1/events", json=event)) == {"new": 0, "repeated": 1}
    assert best not in listed(one, "u4"), "an event of before is a repeat"
    drained(one)
    assert rows(shop, "MATCH (n:Item|Event {item_id: $id}) RETURN n", id=best) == []
    pages, cursor = [], ""
    for _ in range(4):
        answer = one.get(f"/v1/users/u4/recommendations?k=5{cursor}")
        pages += ids(answer)
        cursor = f"&cursor={answer.json()['next']}"
    assert pages == listed(one, "u4", k=20)


def test_put_event_delete_event_end_as_they_were_sent(shop: Graph, one: TestClient, other: TestClient) -> None:
    event = {"user_id": "u7", "item_id": "twice", "kind": "like"}
    ok(one.put("/v1/items/twice", json={"title": "Before", "tags": ["gone"]}))
    ok(one.post("/v1/events", json={"event_id": "t1", **event}))
    ok(one.delete("/v1/items/twice"))
    ok(one.post("/v1/events", json={"event_id": "t2", **event, "user_id": "u8"}))
    for client in (one, other):
        assert "twice" in listed(caught_up(client), "u9")
        assert listed(client, "u9", tag="gone") == []
        assert "twice" not in listed(client, "u8"), "who did something to it has seen it"
        shown = client.get("/v1/users/u9/recommendations?include=twice").json()["items"]
        assert [item["title"] for item in shown] == [None]
    drained(one)
    query = "MATCH (i:Item {item_id: 'twice'}) RETURN properties(i), [(i)<--(u) | u.user_id], [(i)-->(t:Tag) | t.name]"
    assert rows(shop, query) == [[{"item_id": "twice"}, ["u8"], []]]
    assert rows(shop, "MATCH (e:Event {item_id: 'twice'}) RETURN e.event_id") == [["t2"]]


def test_who_is_deleted_is_nobody_until_an_event_comes(shop: Graph, one: TestClient, other: TestClient) -> None:
    assert other.get("/v1/users/u10/recommendations").json()["strategy"] == "blend"
    ok(one.put("/v1/users/u10", json={"properties": {"city": "Rome"}, "follows": ["u0", "u1"]}))
    ok(one.delete("/v1/users/u10"))
    for client in (one, other):
        assert caught_up(client).get("/v1/users/u10/recommendations").json()["strategy"] == "trending"
        assert client.get("/v1/users/u10/recommendations/i1/explanation").status_code == 404
        assert client.get("/v1/users/u10/people").json()["people"] == []
    drained(one)
    assert rows(shop, "MATCH (n:User|Event {user_id: 'u10'}) RETURN n") == []
    ok(one.post("/v1/events", json={"event_id": "anew", "user_id": "u10", "item_id": "i12", "kind": "like"}))
    for client in (one, other):
        assert caught_up(client).get("/v1/users/u10/recommendations").json()["strategy"] == "fold_in"
        assert client.get("/v1/users/u10/recommendations?k=100&include=i12").json()["items"] == []
    drained(one)
    with opened(shop) as again:
        assert again.get("/v1/users/u10/recommendations").json()["strategy"] == "fold_in", "after a restart too"


def test_whom_a_user_follows_is_replaced(shop: Graph, one: TestClient, other: TestClient) -> None:
    ok(one.put("/v1/users/u11", json={"follows": ["u0"], "properties": {"city": "Rome", "age": 30}}))
    ok(one.put("/v1/users/u11", json={"follows": ["u1", "a friend"]}))
    ok(one.put("/v1/users/u11", json={"properties": {"age": None}}))

    def followed(client: TestClient) -> list[str]:
        state = client.app.state.service.keeper.state  # type: ignore[attr-defined]
        return [state.users.names[user] for user in state.followed.get(state.users.places["u11"], [])]

    for client in (one, other):
        assert followed(caught_up(client)) == ["u1", "a friend"]
    drained(one)
    query = "MATCH (u:User {user_id: 'u11'})-[:FOLLOWS]->(v) WITH u, v ORDER BY v.user_id "
    query += "RETURN u.city, u.age, collect(v.user_id)"
    assert rows(shop, query) == [["Rome", None, ["a friend", "u1"]]]
    wait(lambda: one.get("/v1/users/u11/people").status_code == 200)
    assert [person["user_id"] for person in one.get("/v1/users/u11/people").json()["people"]] == ["u2"]


def test_the_same_key_changes_nothing_and_another_change_under_it_is_refused(shop: Graph, one: TestClient) -> None:
    headers = {"Idempotency-Key": "put-1"}
    assert ok(one.put("/v1/items/key", json={"title": "A"}, headers=headers))["repeated"] is False
    ok(one.put("/v1/items/key", json={"title": "B"}))
    again = ok(one.put("/v1/items/key", json={"title": "A"}, headers=headers))
    assert (again["repeated"], again["key"]) == (True, "put-1")
    refused = one.put("/v1/items/key", json={"title": "C"}, headers=headers)
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert one.get("/v1/users/u0/recommendations?include=key").json()["items"][0]["title"] == "B"
    drained(one)
    assert rows(shop, "MATCH (i:Item {item_id: 'key'}) RETURN i.title") == [["B"]]


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/v1/items/x", '{"properties": {"a: 1}) DETACH DELETE n //": 1}}', "a letter, then letters"),
        ("/v1/items/x", '{"properties": {"`": 1}}', "a letter, then letters"),
        ("/v1/items/x", '{"properties": {"item_id": "i0"}}', "kept for what graphrec itself writes"),
        ("/v1/items/x", '{"properties": {"embedding_blend_a": 1}}', "kept for what graphrec itself writes"),
        ("/v1/users/x", '{"properties": {"user_idx": 3}}', "kept for what graphrec itself writes"),
        ("/v1/users/x", '{"properties": {"labels": "Admin"}}', "kept for what graphrec itself writes"),
        ("/v1/items/x", '{"properties": {"year": [1]}}', "year"),
        ("/v1/items/x", '{"properties": {"year": {"a": 1}}}', "year"),
        ("/v1/items/x", '{"properties": {"year": NaN}}', "year"),
        ("/v1/items/x", '{"tags": {"x": "heavy"}}', "tags"),
        ("/v1/items/x", '{"tags": [""]}', "can't be empty"),
        ("/v1/items/x", '{"tags": 3}', "tags"),
        ("/v1/items/x", '{"name": "x"}', "name"),
        ("/v1/items/x", "[]", "body"),
        ("/v1/items/x", json.dumps({"title": "x" * 4_001}), "4000"),
        ("/v1/items/x", json.dumps({"properties": {f"p{n}": n for n in range(101)}}), "100"),
        ("/v1/items/x", json.dumps({"properties": {"x": "x" * 4_001}}), "4,000"),
        ("/v1/users/x", '{"follows": "u0"}', "follows"),
        ("/v1/users/x", '{"follows": ["\\u0000"]}', "NUL"),
        ("/v1/users/x", '{"title": "Dr"}', "title"),
        ("/v1/users/x/onboarding", '{"tags": {"odd": 1.5}}', "tags.odd"),
        ("/v1/users/x/onboarding", '{"liked": [3]}', "liked"),
    ],
)
def test_what_makes_no_sense_is_refused_as_a_problem(one: TestClient, path: str, body: str, says: str) -> None:
    method = "POST" if path.endswith("onboarding") else "PUT"
    answer = one.request(method, path, content=body.encode(), headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


def test_what_looks_like_cypher_is_text(shop: Graph, one: TestClient) -> None:
    odd = "x'}) DETACH DELETE (n) //`$id\\"
    before = rows(shop, "MATCH (n:Item) RETURN count(n)")[0][0]
    ok(one.put(f"/v1/items/{odd}", json={"title": odd, "properties": {"note": odd}, "tags": [odd]}))
    ok(one.put(f"/v1/users/{odd}", json={"properties": {"note": odd}, "follows": [odd + "2"]}))
    assert listed(one, tag=odd) == listed(one, where=f"note={odd}") == [odd]
    drained(one)
    query = "MATCH (i:Item {item_id: $odd})-[:HAS_TAG]->(:Tag {name: $odd}) MATCH (u:User {user_id: $odd}) "
    query += "RETURN i.note, i.title, u.note"
    assert rows(shop, query, odd=odd) == [[odd, odd, odd]]
    assert rows(shop, "MATCH (n:Item) RETURN count(n)")[0][0] >= before + 1
    ok(one.delete(f"/v1/items/{odd}"))
    ok(one.delete(f"/v1/users/{odd}"))
    drained(one)
    assert rows(shop, "MATCH (n:Item|User) WHERE $odd IN [n.item_id, n.user_id] RETURN n", odd=odd) == []


def test_questions_and_answers_of_a_new_user(shop: Graph, one: TestClient, other: TestClient) -> None:
    asked = one.get("/v1/onboarding?k=4").json()
    assert len(asked["items"]) == 4
    assert {tag["tag"] for tag in asked["tags"]} <= {"even", "odd"}
    assert asked["items"] == other.get("/v1/onboarding?k=4").json()["items"][:4]
    assert asked["items"] == one.get("/v1/onboarding?k=50").json()["items"][:4]
    assert one.get("/v1/onboarding?k=51").status_code == 422
    liked, disliked = asked["items"][0]["item_id"], asked["items"][1]["item_id"]
    headers = {"Idempotency-Key": "answers-1"}
    answers = {"liked": [liked], "disliked": [disliked], "tags": {"odd": 1.0, "even": -0.5}}
    assert ok(one.post("/v1/users/newcomer/onboarding", json=answers, headers=headers))["new"] == 3
    again = ok(one.post("/v1/users/newcomer/onboarding", json=answers, headers=headers))
    assert (again["new"], again["repeated"]) == (0, True)
    for client in (one, other):
        assert not {liked, disliked} & set(listed(caught_up(client), "newcomer"))
        assert stated(client, "newcomer") == {"odd": 1.0, "even": -0.5}
    ok(one.post("/v1/users/newcomer/onboarding", json={"tags": {"even": 0}}))
    assert stated(one, "newcomer") == {"odd": 1.0}
    assert one.post("/v1/users/newcomer/onboarding", json={}).status_code == 400
    assert one.post("/v1/users/newcomer/onboarding", json={"liked": ["i1"], "disliked": ["i1"]}).status_code == 400
    assert one.post("/v1/users/newcomer/onboarding", json={"liked": ["i1", "nothing"]}).status_code == 404
    assert one.post("/v1/users/newcomer/onboarding", json={"tags": {"nothing": 1}}).status_code == 404
    drained(one)
    query = "MATCH (:User {user_id: 'newcomer'})-[r]->(n) "
    query += "RETURN type(r), coalesce(n.item_id, n.name), coalesce(r.kind, r.weight)"
    wanted = [["INTERACTED", liked, "like"], ["INTERACTED", disliked, "dislike"], ["PREFERS", "odd", 1.0]]
    assert sorted(rows(shop, query)) == sorted(wanted)
    with opened(shop) as restarted:
        assert stated(restarted, "newcomer") == {"odd": 1.0}
        assert not {liked, disliked} & set(listed(restarted, "newcomer"))


def stated(client: TestClient, user: str) -> dict[str, float]:
    state = client.app.state.service.keeper.state  # type: ignore[attr-defined]
    return dict(state.stated.get(state.users.places[user], {}))


def test_a_restart_keeps_what_was_put_and_what_was_deleted(shop: Graph, one: TestClient) -> None:
    best = listed(one, "u20", k=1)[0]
    ok(one.put("/v1/items/kept", json={"title": "Kept", "properties": {"colour": "blue"}, "tags": ["lasting"]}))
    ok(one.delete(f"/v1/items/{best}"))
    ok(one.post("/v1/events", json={"event_id": "again", "user_id": "u21", "item_id": best}))
    ok(one.delete("/v1/users/u22"))
    before = listed(one, "u20")
    drained(one)
    with opened(shop) as restarted:
        assert listed(restarted, tag="lasting") == listed(restarted, where="colour=blue") == ["kept"]
        assert restarted.get("/v1/users/u20/recommendations?include=kept").json()["items"][0]["title"] == "Kept"
        assert set(listed(restarted, "u20")) == set(before)
        assert best in listed(restarted, "u20"), "an event after the deletion made it anew"
        assert listed(restarted, "u20", k=1) != [best], "with nothing that was learnt of the one before"
        assert restarted.get("/v1/users/u22/recommendations").json()["strategy"] == "trending"
        assert restarted.get("/v1/users/u22/recommendations/i1/explanation").status_code == 404


def test_every_field_is_described_and_every_door_has_its_role(one: TestClient) -> None:
    document = one.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    for name in ("ItemIn", "UserIn", "AnswersIn", "ChangeTaken", "AnswersTaken", "Asked", "AskedItem", "AskedTag"):
        assert all("description" in field for field in schemas[name]["properties"].values()), name
    for path, methods in (("/v1/items/{item_id}", ("put", "delete")), ("/v1/users/{user_id}", ("put", "delete"))):
        for method in methods:
            told = document["paths"][path][method]
            assert {"202", "400", "409", "503"} <= set(told["responses"])
            assert all("description" in each for each in told["parameters"])
    assert [role_of(method, "/v1/items/i1") for method in ("GET", "PUT", "DELETE")] == ["read", "admin", "admin"]
    assert [role_of(method, "/v1/users/u1/onboarding") for method in ("POST", "PUT")] == ["events", "admin"]
    assert role_of("GET", "/v1/onboarding") == "read"
