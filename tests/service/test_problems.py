"""Requests that make no sense are refused as problem details, and what a service says of itself."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from shop import ids, wait

from graphrec.graph import Graph

LIST = "/v1/users/u0/recommendations"


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/v1/users/u0/recommendations?k=0", 422, "k"),
        ("/v1/users/u0/recommendations?colour=red", 422, "colour"),
        ("/v1/users/u0/recommendations?diversity=nan", 422, "diversity"),
        ("/v1/users/u0/recommendations?where=colour=red", 400, "no property 'colour'"),
        ("/v1/users/u0/recommendations?tag=x' RETURN 1 //", 404, "no tag"),
        ("/v1/users/u0/recommendations?cursor=zzz", 400, "cursor"),
        ("/v1/users/u0/recommendations?with=nothing", 400, "no recommender"),
        ("/v1/users/u0/recommendations?boost=tag=odd", 400, "a rule like"),
        ("/v1/items/nope/similar", 404, "no item 'nope'"),
        ("/v1/users/nobody/recommendations/i0/explanation", 404, "no user 'nobody'"),
        ("/v1/../../etc/passwd", 404, "Not Found"),
        ("/nothing", 404, "Not Found"),
        ("/v1/popular/", 404, "Not Found"),
        (f"/v1/items/{'x' * 5000}/similar", 422, "4000 bytes"),
        (f"/v1/items/{'x' * 60_000}/similar", 422, "4000 bytes"),
        ("/v1/items/%2e%2e/similar", 404, "no item '..'"),
        ("/v1/items/..%2f..%2fetc%2fpasswd/similar", 404, "no item '../../etc/passwd'"),
        ("/v1/%2e%2e/%2e%2e/etc/passwd", 404, "Not Found"),
        ("/v1/items/%00/similar", 422, "NUL"),
        ("/v1/items/i0%00/similar", 422, "NUL"),
        ("/v1/items//similar", 422, "empty"),
        ("/v1/items/%ff/similar", 404, "no item"),
        (f"{LIST}?tag=%ff", 422, "UTF-8"),
        (f"{LIST}?tag=%00", 404, "no tag"),
        (f"{LIST}?where=year>=NaN&where=%00", 400, "a condition like"),
        (f"{LIST}?where=year>=1e999x", 400, "a number after"),
        (f"{LIST}?where={'x' * 70}=1", 400, "a condition like"),
        (f"{LIST}?boost=tag=odd*nan", 400, "a rule like"),
        (f"{LIST}?boost=tag=odd*1e999", 400, "a rule like"),
        (f"{LIST}?k=99999999999999999999", 422, "k"),
        (f"{LIST}?k=1e2", 422, "k"),
        (f"{LIST}?k=٣", 422, "k"),
        (f"{LIST}?k=1&k=2", 422, "several times"),
        (f"{LIST}?explore=inf", 422, "explore"),
        (f"{LIST}?seed=-1", 422, "seed"),
        (f"{LIST}?seed={'9' * 5000}", 422, "seed"),
        (f"{LIST}?cursor=bzk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", 400, "cursor"),
        (f"{LIST}?cursor=%F0%9F%92%A5", 400, "cursor"),
        (f"{LIST}?with=walk,walk,walk,walk,walk", 400, "at most 4"),
        (f"{LIST}?with=__class__", 400, "no recommender"),
        (f"{LIST}?__proto__=1", 422, "__proto__"),
        ("/v1/users/u0/people?k=-1", 422, "k"),
    ],
)
def test_errors_are_problem_details(client: TestClient, path: str, status: int, says: str) -> None:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail"} <= set(body)
    assert says in body["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 422),
        ("[" * 9_000, 400),
        ('{"event_id": "e", "user_id": "u", "item_id": ""}', 422),
        ('{"event_id": "e", "user_id": "u", "item_id": "i\\u0000"}', 422),
        ('{"event_id": "e", "user_id": "u", "item_id": "\\ud800"}', 422),
        ('{"event_id": "e", "user_id": "u", "item_id": "i", "weight": NaN}', 422),
        ('{"event_id": "e", "user_id": "u", "item_id": "i", "at": 99999999999999999999}', 422),
        ('{"event_id": "e", "user_id": "u", "item_id": "i", "unknown": 1}', 422),
        ('{"event_id": "e", "user_id": "u", "item_id": "i", "weight": Infinity}', 422),
        ('{"event_id": "e", "user_id": "u", "item_id": "i", "rating": -1e999}', 422),
        ('{"event_id": "e", "user_id": "u", "item_id": "i", "count": 1.5}', 422),
        ('{"event_id": "e", "user_id": "u", "item_id": "i", "count": 0}', 422),
        ('{"event_id": "e", "user_id": "u", "item_id": "i", "at": ' + "9" * 5_000 + "}", 400),
        ('{"event_id": "e", "user_id": "u", "item_id": {"$ne": null}}', 422),
        ('{"event_id": ["e"], "user_id": "u", "item_id": "i"}', 422),
        ('{"event_id": 1, "user_id": true, "item_id": null}', 422),
        ('{"events": [{"event_id": "e", "user_id": "u", "item_id": "i"}, 1]}', 422),
        ('{"events": {"event_id": "e", "user_id": "u", "item_id": "i"}}', 422),
        ('{"a":' * 3_000 + "1" + "}" * 3_000, 400),
        ("", 422),
        ("null", 422),
        ("[]", 422),
        ('"x"', 422),
        ("NaN", 422),
        ("\ufeff{}", 422),
        (json.dumps({"events": []}), 422),
        ('{"event_id": "' + "x" * 30_000 + '"}', 413),
    ],
)
def test_events_that_make_no_sense_are_refused(client: TestClient, body: str, status: int) -> None:
    answer = client.post("/v1/events", content=body.encode(), headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_is_no_json_in_utf_8_is_refused(client: TestClient) -> None:
    whole = json.dumps({"event_id": "odd", "user_id": "u", "item_id": "i"})
    sent = [
        (whole.encode(), "text/plain"),
        (whole.encode(), "application/x-www-form-urlencoded"),
        (whole.encode(), "multipart/form-data; boundary=x"),
        (whole.encode(), "application/json5"),
        (whole.encode()[:-2] + b'\xff"}', "application/json"),
        (b"\x00" + whole.encode(), "application/json"),
        (b"event_id=odd&user_id=u&item_id=i", "application/x-www-form-urlencoded"),
    ]
    for body, kind in sent:
        answer = client.post("/v1/events", content=body, headers={"content-type": kind})
        assert answer.status_code in (400, 422), (kind, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


def test_of_a_name_that_comes_twice_the_last_counts(client: TestClient) -> None:
    """As JSON's readers have it; what counts is what the answer is about."""
    body = '{"items": {"nope": 1}, "items": {"i0": 1.0, "i0": 0.5}, "k": 0, "k": 3}'
    answer = client.post("/v1/recommendations", content=body, headers={"content-type": "application/json"})
    assert len(ids(answer)) == 3
    assert "i0" not in ids(answer)


@pytest.mark.parametrize("length", ["-1", "x", "9" * 17, "9" * 5_000, "٣", "1e3"])
def test_a_length_that_is_none_is_refused(client: TestClient, length: str) -> None:
    headers = {"content-type": "application/json", "content-length": length.encode()}
    answer = client.post("/v1/events", content=b"{}", headers=headers)  # type: ignore[arg-type]
    assert answer.status_code in (400, 413)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_methods_that_a_path_hasn_t_are_refused(client: TestClient, method: str) -> None:
    for path in (LIST, "/v1/popular", "/v1/events", "/live", "/metrics"):
        answer = client.request(method, path)
        assert answer.status_code == 405, (path, answer.text)
        assert answer.headers["allow"]
        assert answer.headers["content-type"] == "application/problem+json"


QUOTES = ("'", '"', "`", "'}", '"})', "\\'")
TEXTS = ("include", "exclude", "tag", "where", "any", "none", "boost", "bury", "cursor", "with", "k", "seed")


@pytest.mark.parametrize("mark", QUOTES)
def test_text_of_requests_is_never_cypher(client: TestClient, shop: Graph, mark: str) -> None:
    """Wherever text goes in; what reaches the graph lies there as it was sent."""
    text = f"{mark}) CREATE (:Injected) //"
    for name in TEXTS:
        for value in (text, f"tag={text}", f"year>={text}", f"tag={text}*0.5"):
            assert client.get(LIST, params={name: value}).status_code != 500
    for path in (LIST, "/v1/users/u0/people", f"{LIST}/i0/explanation", "/v1/items/i0/similar"):
        for word in ("u0", "i0"):
            url = path.replace(f"/{word}/", f"/{quote(text, safe='')}/")
            assert client.get(url, params={"with": "walk"} if path == LIST else {}).status_code != 500
    asked = {"items": {text: 1.0}, "with": "walk,tags", "k": 3}
    assert client.post("/v1/recommendations", json=asked).status_code == 404
    names = ("event_id", "user_id", "item_id", "kind", "device", "session")
    assert client.post("/v1/events", json=dict.fromkeys(names, text)).status_code == 202
    assert client.get(f"/v1/users/{quote(text, safe='')}/recommendations", params={"with": "walk"}).status_code == 200
    wait(lambda: "graphrec_journal_waiting 0.0" in client.get("/metrics").text)
    with shop.session() as session:
        assert session.run("MATCH (n:Injected) RETURN count(n)").value() == [0]
        stored = session.run("MATCH (e:Event {event_id: $text}) RETURN e{.user_id, .kind, .device}", text=text).value()
        assert stored == [{"user_id": text, "kind": text, "device": text}]
        found = "MATCH (:User {user_id: $text})-[r:INTERACTED {kind: $text}]->(:Item {item_id: $text}) RETURN r.count"
        assert session.run(found, text=text).value() == [1]


def test_a_body_that_hides_its_length_is_cut_off(client: TestClient) -> None:
    def parts():  # type: ignore[no-untyped-def]
        for _ in range(100):
            yield b" " * 1_000

    answer = client.post("/v1/events", content=parts(), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_openapi_document_names_every_path(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert "/v1/events" in paths
    listed = paths["/v1/users/{user_id}/recommendations"]["get"]
    assert all("description" in each for each in listed["parameters"])


def test_numbers_for_prometheus(client: TestClient) -> None:
    client.get("/v1/users/u0/recommendations")
    text = client.get("/metrics").text
    assert 'graphrec_answer_seconds_count{strategy="blend"}' in text
    assert "graphrec_model_version" in text
    assert "u0" not in text
