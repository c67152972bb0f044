"""Requests that make no sense are refused as problem details, and what a service says of itself."""

from __future__ import annotations

import json

import pytest
from shop import opened, stock

from graphrec.graph import Graph
from tests.conftest import empty


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
        (f"/v1/items/{'x' * 5000}/similar", 422, "4000 bytes"),
    ],
)
def test_errors_are_problem_details(session_service, path: str, status: int, says: str) -> None:  # type: ignore[no-untyped-def]
    answer = session_service.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail"} <= set(body)
    assert says in body["detail"]


@pytest.fixture(scope="module")
def session_service(session_graph: Graph, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    empty(session_graph)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHREC_HOME", str(session_graph.home))
        stock(session_graph, tmp_path_factory.mktemp("frames"))
        with opened(session_graph, max_body=20_000) as client:
            yield client


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
        (json.dumps({"events": []}), 422),
        ('{"event_id": "' + "x" * 30_000 + '"}', 413),
    ],
)
def test_events_that_make_no_sense_are_refused(session_service, body: str, status: int) -> None:  # type: ignore[no-untyped-def]
    answer = session_service.post("/v1/events", content=body.encode(), headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_hides_its_length_is_cut_off(session_service) -> None:  # type: ignore[no-untyped-def]
    def parts():  # type: ignore[no-untyped-def]
        for _ in range(100):
            yield b" " * 1_000

    answer = session_service.post("/v1/events", content=parts(), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_openapi_document_names_every_path(session_service) -> None:  # type: ignore[no-untyped-def]
    paths = session_service.get("/openapi.json").json()["paths"]
    assert "/v1/events" in paths
    listed = paths["/v1/users/{user_id}/recommendations"]["get"]
    assert all("description" in each for each in listed["parameters"])


def test_numbers_for_prometheus(session_service) -> None:  # type: ignore[no-untyped-def]
    session_service.get("/v1/users/u0/recommendations")
    text = session_service.get("/metrics").text
    assert 'graphrec_answer_seconds_count{strategy="blend"}' in text
    assert "graphrec_model_version" in text
    assert "u0" not in text
