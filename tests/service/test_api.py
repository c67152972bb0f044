"""The service over a real graph: lists, events that count at once, keys, browsers. Each test has users of its own."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from shop import N_ITEMS, drained, ids, opened, wait

from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.holdings.held_by_models import HeldByModels
from graphrec.models.blend.model import Blend
from graphrec.models.train import train
from graphrec.recommend.base import Profile
from graphrec.recommend.blended import BlendedRecommender
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.kept import kept_model
from graphrec.recommend.rating import predict, rated
from graphrec.recommend.registry import get
from graphrec.service.keys import add_key, read_keys, remove_key
from graphrec.service.settings import ServiceSettings
from graphrec.serving.state import load_state
from graphrec.snapshot import Snapshot
from graphrec.versions import current, version_folder


def test_lists_are_those_of_the_blend(shop: Graph, client: TestClient) -> None:
    live = current(shop, "blend")
    assert live is not None
    blend = Blend.load(version_folder(shop.home, "blend", live.version) / "model")
    whole = BlendedRecommender.over(blend, Catalogue.of(Snapshot.from_graph(shop)))
    users = [f"u{n}" for n in range(30, 35)]
    rows = whole.recommend([Profile(user) for user in users], 10)
    for n, user in enumerate(users):
        answer = client.get(f"/v1/users/{user}/recommendations?k=10")
        mine = rows[rows["profile"] == n]
        assert ids(answer) == mine["item_id"].tolist()
        assert [item["score"] for item in answer.json()["items"]] == pytest.approx(mine["score"].tolist(), rel=1e-5)
        assert answer.json()["strategy"] == "blend"
        assert answer.json()["model"] == {"name": "blend", "version": live.version}
        assert answer.json()["degraded"] is False


def test_fold_in_gives_what_the_query_gives(shop: Graph) -> None:
    """For users who have no list: the same similar items, vectors and weights as blend/recommend."""
    state = load_state(shop)
    for n in range(30, 35):
        user = state.users.places[f"u{n}"]
        found = state.blended.scores(user, *state.tastes.items_of(user))
        mine = dict(zip((state.catalogue.ids.names[i] for i in found.items), found.scores, strict=True))
        rows = shop.read("blend/recommend", user_ids=[f"u{n}"], k=N_ITEMS, overfetch=0, include_seen=True)
        theirs = {row["item_id"]: row["graph"] + row["vectors"] for row in rows}
        assert mine.keys() == theirs.keys()
        assert mine == pytest.approx(theirs, abs=1e-4)


def test_pages_filters_and_what_else_a_list_takes(client: TestClient) -> None:
    path = "/v1/users/u0/recommendations"
    first = client.get(f"{path}?k=4")
    second = client.get(path, params={"k": 4, "cursor": first.json()["next"]})
    assert ids(first) + ids(second) == ids(client.get(f"{path}?k=8"))
    assert [item["rank"] for item in second.json()["items"]] == [5, 6, 7, 8]
    odd = ids(client.get(f"{path}?k=20&tag=odd&where=year>=2000"))
    assert odd
    assert {int(item[1:]) for item in odd} == {n for n in range(10, N_ITEMS) if n % 2}
    assert "i3" not in ids(client.get(f"{path}?k=30&exclude=i3"))
    assert ids(client.get(f"{path}?include=i3&include=i5")) in (["i3", "i5"], ["i5", "i3"])
    assert len(ids(client.get(f"{path}?k=50"))) == N_ITEMS - 5
    assert len(ids(client.get(f"{path}?k=50&seen=true"))) == N_ITEMS
    told = client.get(f"{path}?k=3&explain=true").json()["items"]
    assert all(set(item["parts"]) == {"graph", "vectors", "popularity"} for item in told)
    walked = client.get(f"{path}?k=3&with=walk,popular")
    assert walked.json()["strategy"] == "walk,popular"
    assert len(ids(walked)) == 3
    assert "people who liked" in walked.json()["items"][0]["reason"]
    visited = client.post("/v1/recommendations", json={"items": {"i0": 1.0, "i2": 0.5}, "k": 3})
    assert visited.json()["strategy"] == "fold_in"
    assert not {"i0", "i2"} & set(ids(visited))
    assert len(ids(client.get("/v1/items/i0/similar?k=3"))) == 3
    assert len(ids(client.get("/v1/popular?k=3"))) == 3
    people = client.get("/v1/users/u0/people").json()["people"]
    assert people == [{"rank": 1, "user_id": "u2", "friends_in_common": 1}]


def test_an_event_is_in_the_next_answer_and_reaches_the_graph(shop: Graph, client: TestClient) -> None:
    best = ids(client.get("/v1/users/u1/recommendations?k=3"))[0]
    event = {"event_id": "e1", "user_id": "u1", "item_id": best, "kind": "purchase"}
    assert client.post("/v1/events", json=event).json() == {"new": 1, "repeated": 0}
    assert best not in ids(client.get("/v1/users/u1/recommendations?k=30"))
    assert client.post("/v1/events", json=event).json() == {"new": 0, "repeated": 1}
    explained = client.get(f"/v1/users/u1/recommendations/{best}/explanation").json()
    assert explained["seen"] is True
    several = [{"event_id": f"n{n}", "user_id": "somebody new", "item_id": f"i{2 * n}"} for n in range(3)]
    assert client.post("/v1/events", json={"events": several}).status_code == 202
    new = client.get("/v1/users/somebody new/recommendations?k=5")
    assert new.json()["strategy"] == "fold_in"
    assert not {"i0", "i2", "i4"} & set(ids(new))

    def seen(user: str) -> list[str]:
        rows = shop.read("users/seen", user_ids=[user])
        return rows[0]["item_ids"] if rows else []

    wait(lambda: len(seen("somebody new")) == 3)
    assert best in seen("u1")


def test_events_show_in_another_worker_and_after_the_next_start(shop: Graph, client: TestClient) -> None:
    """Lists were made before the event; the next start knows it from the graph or from the journal."""
    path = "/v1/users/u2/recommendations?k=30"
    best = ids(client.get(path))[0]
    with opened(shop) as other:
        client.post("/v1/events", json={"event_id": "e2", "user_id": "u2", "item_id": best})
        wait(lambda: best not in ids(other.get(path)), seconds=5)
    with opened(shop) as later:
        assert best not in ids(later.get(path))


def test_a_key_may_be_used_so_many_times_a_second(shop: Graph) -> None:
    secret = add_key(shop.home, "often", ["read"])
    try:
        with opened(shop, open=False, rate=2.0) as client:
            headers = {"Authorization": f"Bearer {secret}"}
            found = [client.get("/v1/popular", headers=headers) for _ in range(20)]
            assert found[0].status_code == 200
            refused = next(answer for answer in found if answer.status_code == 429)
            assert refused.headers["Retry-After"] == "1"
            assert refused.headers["content-type"] == "application/problem+json"
    finally:
        remove_key(shop.home, "often")
    assert read_keys(shop.home) == []


def test_a_browser_may_ask_from_an_origin_that_is_named(shop: Graph) -> None:
    secret = add_key(shop.home, "browser", ["read"])
    asks = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    try:
        with opened(shop, open=False, cors=("https://shop.example",)) as client:
            first = client.options("/v1/popular", headers=asks | {"Access-Control-Request-Headers": "authorization"})
            assert first.status_code == 200
            headers = {"Origin": "https://shop.example", "Authorization": f"Bearer {secret}"}
            answer = client.get("/v1/popular", headers=headers)
            assert answer.headers["access-control-allow-origin"] == "https://shop.example"
            assert client.options("/v1/popular", headers=asks | {"Origin": "https://else.example"}).status_code == 400
    finally:
        remove_key(shop.home, "browser")


def test_what_is_open_to_all_listens_on_loopback_alone() -> None:
    with pytest.raises(InputError, match="loopback alone"):
        ServiceSettings("/nowhere", host="0.0.0.0", open=True)
    assert ServiceSettings("/nowhere", host="::1", open=True).open


def test_a_switch_goes_by_the_context_of_a_request(shop: Graph, client: TestClient) -> None:
    """Each part of a hybrid answers where the request says so: by the device, or by the hour."""
    for key, values, asked in (("device", "tv", "device=tv"), ("hour", "18..23", "at=2026-07-01T20:00Z")):
        train(shop, "switching", {"parts": "popular+p3alpha", "context": key, "values": values})
        path = "/v1/users/u4/recommendations?k=3&explain=true&with=switching"
        here, else_ = client.get(f"{path}&{asked}").json(), client.get(path).json()
        assert here["strategy"] == else_["strategy"] == "switching"
        assert here["items"][0]["reason"] == f"popular answers where {key} is {values}"
        assert else_["items"][0]["reason"] == "p3alpha answers otherwise"
    body = {"items": {"i1": 1.0}, "with": "switching", "explain": True, "at": "2026-07-01T21:00Z"}
    visitor = client.post("/v1/recommendations", json=body).json()
    assert visitor["items"][0]["reason"].startswith("popular answers")


def test_a_model_of_files_answers_and_its_next_version_is_taken_over(shop: Graph, client: TestClient) -> None:
    path = "/v1/users/u4/recommendations?k=5&with=als"
    before = client.get(path).json()
    assert before["fallbacks"][-1] == "blend instead of als", "it was never trained"
    train(shop, "als", {"factors": 4, "iterations": 3})
    first, again = client.get(path).json(), client.get(path).json()
    assert (first["strategy"], first["items"]) == ("als", again["items"])
    assert "which you liked" in client.get(f"{path}&explain=true").json()["items"][0]["reason"]
    assert ids(client.get(f"{path}&tag=odd"))
    kept = kept_model(shop, "als")
    train(shop, "als", {"factors": 6, "iterations": 3})
    second = client.get(path).json()
    assert second["strategy"] == "als"
    assert second["items"] != first["items"]
    HeldByModels(shop.home).remove("u4")
    assert client.get(path).json()["items"] == second["items"], "likes are the graph's, and these are still there"
    assert "u4" in kept.user_ids
    assert "u4" not in kept_model(shop, "als").user_ids, "the running process has let go of the id"


def test_similar_items_by_the_recommender_that_is_asked_for(shop: Graph, client: TestClient) -> None:
    """The same rows as in Python, filters before the cut, and the rest from memory."""
    path = "/v1/items/i3/similar"
    for name in ("item_neighbours", "walk", "als"):
        if name == "als":
            train(shop, name, {"factors": 4, "iterations": 3})
        answer, rows = client.get(f"{path}?k=4&with={name}").json(), get(name, shop).similar_items(["i3"], 4)
        assert [item["item_id"] for item in answer["items"]] == rows["similar_id"].tolist(), name
        assert [item["reason"] for item in answer["items"]] == rows["reason"].tolist()
        assert answer["strategy"] == name
    odd = client.get(f"{path}?k=20&with=als&tag=odd&where=year>=2000")
    assert {int(item[1:]) for item in ids(odd)} == {n for n in range(10, N_ITEMS) if n % 2}
    both = client.get(f"{path}?k=29&with=item_neighbours,als").json()
    assert len(both["items"]) == len({item["item_id"] for item in both["items"]}) == N_ITEMS - 1
    second = client.get(path, params={"k": 3, "with": "als", "cursor": client.get(f"{path}?k=3").json()["next"]})
    assert ids(second) == ids(client.get(f"{path}?k=6&with=als"))[3:]
    never = client.get(f"{path}?k=3&with=bpr").json()
    assert never["fallbacks"][-1] == "similar instead of bpr", "it was never trained"
    assert ids(client.get(f"{path}?k=3")) == [item["item_id"] for item in never["items"]]
    for query, status in (("with=popular", 400), ("with=nothing", 400)):
        assert client.get(f"{path}?{query}").status_code == status, query
    assert client.get("/v1/items/nothing/similar?with=als").status_code == 404


def test_ratings_are_predicted_by_neighbours_at_once_and_by_a_model_once_it_is_trained(
    shop: Graph, client: TestClient
) -> None:
    rows = [(user, item, 1 + (user + item) % 5) for user in range(10, 16) for item in range(user % 3, N_ITEMS, 3)]
    events = [
        {"event_id": f"r{u}-{i}", "user_id": f"u{u}", "item_id": f"i{i}", "kind": "rate", "rating": r}
        for u, i, r in rows
    ]
    assert client.post("/v1/events", json={"events": events}).status_code == 202
    drained(client)
    path = "/v1/users/u10/ratings?item=i4&item=i2&item=i4"
    near = client.get(f"{path}&with=user_neighbours").json()
    assert [(row["item_id"], row["title"]) for row in near["ratings"]] == [("i4", "Film 4"), ("i2", "Film 2")]
    assert {row["item_id"]: row["rating"] for row in near["ratings"]} == predict(
        shop, "u10", ["i4", "i2"], "user_neighbours"
    )
    refused = client.get(path)
    assert refused.status_code == 503
    assert "graphrec train --model svd" in refused.json()["detail"]
    train(shop, "svd", {"n_factors": 4, "n_epochs": 5})
    told = client.get(path).json()
    assert told["with"] == "svd"
    assert all(1 <= row["rating"] <= 5 for row in told["ratings"])
    assert {row["item_id"]: row["rating"] for row in told["ratings"]} == predict(shop, "u10", ["i4", "i2"])
    everybody = rated(shop, None, ["i4", "i2"], "svd")
    assert client.put("/v1/users/u10/opt-out").status_code == 202
    wait(lambda: client.get(path).status_code == 200)  # once Neo4j knows it, as all that is asked of it
    assert {row["item_id"]: row["rating"] for row in client.get(path).json()["ratings"]} == everybody
    assert predict(shop, "u10", ["i4", "i2"]) == everybody
    assert client.delete("/v1/users/u10/opt-out").status_code == 202
    wait(lambda: client.get(path).status_code == 200)
    assert client.get(path).json()["ratings"] == told["ratings"]
    for wrong, status in (
        ("u10/ratings?item=i4&with=walk", 400),
        ("u10/ratings?with=svd", 422),
        ("u10/ratings?item=nothing", 404),
        ("nobody/ratings?item=i4", 404),
    ):
        answer = client.get(f"/v1/users/{wrong}")
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), wrong
