"""A service with a pipeline of its own, and what users get whom it knows little of."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from shop import ids, opened, wait

from graphrec.errors import PipelineError
from graphrec.graph import Graph
from graphrec.service.app import application
from graphrec.service.bodies import wish_of
from graphrec.service.schemas import ListQuery
from graphrec.service.settings import ServiceSettings
from graphrec.serving.pipeline import Pipeline, default_pipeline
from graphrec.serving.wish import Rule, Wish

LIST = "/v1/users/{}/recommendations"


def declared(folder: Path, text: str) -> str:
    file = folder / "pipeline.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_query_goes_before_the_pipeline_in_reranking_and_adds_to_the_rest() -> None:
    tables = {
        "filters": {"never": ["tag=odd"], "seen": True},
        "score": {"boost": ["year>=2000*0.5"], "taste": 0.3},
        "rerank": {"new": 0.2, "diversity": 0.5},
    }
    mine = Pipeline.of(tables, Path("mine.toml"))
    found = wish_of(ListQuery(boost=["tag=even*1"], diversity=0.0, tag=["even"]), mine)
    assert (found.new, found.diversity, found.seen) == (0.2, 0.0, True)
    assert found.rules == (Rule("year>=2000", 0.5), Rule("tag=even", 1.0))
    assert found.every == ("tag=even",)
    assert (found.taste, wish_of(ListQuery(taste=0.0), mine).taste) == (0.3, 0.0)
    assert found.house is not None
    assert found.house.never == ("tag=odd",)
    assert wish_of(ListQuery(seen=False), mine).seen is False
    plain = wish_of(ListQuery(), default_pipeline())
    assert plain == Wish()
    assert plain.is_plain


def test_each_gets_what_is_known_of_them_and_the_answer_says_so(shop: Graph) -> None:
    with opened(shop) as client:
        assert client.get(LIST.format("u0")).json()["strategy"] == "blend"
        nobody = client.get(LIST.format("nobody"), params={"k": 3, "explain": True}).json()
        assert nobody["strategy"] == "trending"
        assert {item["reason"] for item in nobody["items"]} == {"much liked these days"}
        assert ids(client.get("/v1/popular?k=3"))
        state = client.app.state.service.keeper.state  # type: ignore[attr-defined]
        state.apply({"user_id": "follower", "item_id": "i0", "kind": "skip"})
        state.followed[state.users.places["follower"]] = [state.users.places["u1"]]
        followed = client.get(LIST.format("follower"), params={"k": 2}).json()
        assert followed["strategy"] == "follows"
        assert followed["items"][0]["reason"] == "you may like it", "it would say who"
        state.stated[state.users.places["follower"]] = {"odd": 1.0}
        asked = client.get(LIST.format("follower"), params={"k": 30}).json()
        assert asked["strategy"] == "stated"
        assert asked["items"][0]["reason"] == "you like odd"
        state.apply({"user_id": "u1", "item_id": "fresh", "kind": "view"})
        assert "fresh" not in ids(client.get(LIST.format("u0"), params={"k": 5}))
        assert "fresh" in ids(client.get(LIST.format("u0"), params={"k": 5, "new": 0.2}))
        assert client.get(LIST.format("u0"), params={"new": 1.5}).status_code == 422


def test_the_pipeline_holds_for_every_list_over_http(shop: Graph, tmp_path: Path) -> None:
    text = '[filters]\nnever = ["tag=odd"]\n[candidates]\nanyone = ["popular"]\n[explain]\nparts = true\n'
    with opened(shop, pipeline=declared(tmp_path, text)) as client:
        visited = client.post("/v1/recommendations", json={"items": {"i1": 1.0}, "k": 30})
        paths = [LIST.format("u0"), LIST.format("nobody"), "/v1/popular", "/v1/items/i1/similar"]
        for answer in (visited, *(client.get(path, params={"k": 30}) for path in paths)):
            assert ids(answer)
            assert {int(item[1:]) % 2 for item in ids(answer)} == {0}
        assert client.get(LIST.format("nobody")).json()["strategy"] == "popular"
        assert client.get(LIST.format("u0")).json()["items"][0]["parts"]
        assert client.get(LIST.format("u0"), params={"explain": False}).json()["items"][0]["parts"] is None
        live = ids(client.get(LIST.format("u0"), params={"with": "popular", "k": 30}))
        assert {int(item[1:]) % 2 for item in live} == {0}


def test_a_condition_that_no_item_could_meet_keeps_the_service_from_getting_ready(shop: Graph, tmp_path: Path) -> None:
    told = ServiceSettings(str(shop.home), open=True, pipeline=declared(tmp_path, '[filters]\nevery = ["colour=red"]'))
    with TestClient(application(told), raise_server_exceptions=False) as client:
        wait(lambda: "no property 'colour'" in client.get("/ready").json()["detail"])
        answer = client.get("/ready")
        assert answer.status_code == 503
        assert "filters.every" in answer.json()["detail"]
        assert client.get("/live").status_code == 200
        assert client.get(LIST.format("u0")).status_code == 503


def test_a_broken_file_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"rerank\.new"):
        application(ServiceSettings(str(tmp_path), open=True, pipeline=declared(tmp_path, "[rerank]\nnew = 7")))
