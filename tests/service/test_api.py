"""The service over a real graph: lists, events that count at once, errors as problem details, keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from shop import N_ITEMS, SMALL, ids, opened, stock, wait

from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.models.blend.model import Blend
from graphrec.models.train import train
from graphrec.recommend.base import Profile
from graphrec.recommend.blended import BlendedRecommender
from graphrec.recommend.catalogue import Catalogue
from graphrec.service.keys import add_key, read_keys, remove_key
from graphrec.service.settings import ServiceSettings
from graphrec.serving.state import load_state
from graphrec.snapshot import Snapshot
from graphrec.versions import current, version_folder


@pytest.fixture
def shop(graph: Graph, tmp_path: Path) -> Graph:
    stock(graph, tmp_path / "frames")
    return graph


def test_lists_are_those_of_the_blend(shop: Graph) -> None:
    live = current(shop, "blend")
    assert live is not None
    blend = Blend.load(version_folder(shop.home, "blend", live.version) / "model")
    whole = BlendedRecommender.over(blend, Catalogue.of(Snapshot.from_graph(shop)))
    rows = whole.recommend([Profile(f"u{n}") for n in range(5)], 10)
    with opened(shop) as client:
        for n in range(5):
            answer = client.get(f"/v1/users/u{n}/recommendations?k=10")
            mine = rows[rows["profile"] == n]
            assert ids(answer) == mine["item_id"].tolist()
            assert [item["score"] for item in answer.json()["items"]] == pytest.approx(mine["score"].tolist(), rel=1e-5)
            assert answer.json()["strategy"] == "blend"
            assert answer.json()["model"] == {"name": "blend", "version": live.version}
            assert answer.json()["degraded"] is False


def test_fold_in_gives_what_the_query_gives(shop: Graph) -> None:
    """For users who have no list: the same similar items, vectors and weights as blend/recommend."""
    state = load_state(shop)
    for n in range(5):
        user = state.users.places[f"u{n}"]
        found = state.blended.scores(user, *state.tastes.items_of(user))
        mine = dict(zip((state.catalogue.ids.names[i] for i in found.items), found.scores, strict=True))
        rows = shop.read("blend/recommend", user_ids=[f"u{n}"], k=N_ITEMS, overfetch=0, include_seen=True)
        theirs = {row["item_id"]: row["graph"] + row["vectors"] for row in rows}
        assert mine.keys() == theirs.keys()
        assert mine == pytest.approx(theirs, abs=1e-4)


def test_pages_filters_and_what_else_a_list_takes(shop: Graph) -> None:
    with opened(shop, budget_s=10.0) as client:
        first = client.get("/v1/users/u0/recommendations?k=4")
        second = client.get("/v1/users/u0/recommendations", params={"k": 4, "cursor": first.json()["next"]})
        assert ids(first) + ids(second) == ids(client.get("/v1/users/u0/recommendations?k=8"))
        assert [item["rank"] for item in second.json()["items"]] == [5, 6, 7, 8]
        odd = ids(client.get("/v1/users/u0/recommendations?k=20&tag=odd&where=year>=2000"))
        assert odd
        assert {int(item[1:]) for item in odd} == {n for n in range(10, N_ITEMS) if n % 2}
        assert "i3" not in ids(client.get("/v1/users/u0/recommendations?k=30&exclude=i3"))
        assert ids(client.get("/v1/users/u0/recommendations?include=i3&include=i5")) in (["i3", "i5"], ["i5", "i3"])
        assert len(ids(client.get("/v1/users/u0/recommendations?k=50"))) == N_ITEMS - 5
        assert len(ids(client.get("/v1/users/u0/recommendations?k=50&seen=true"))) == N_ITEMS
        told = client.get("/v1/users/u0/recommendations?k=3&explain=true").json()["items"]
        assert all(set(item["parts"]) == {"graph", "vectors", "popularity"} for item in told)
        walked = client.get("/v1/users/u0/recommendations?k=3&with=walk,popular")
        assert walked.json()["strategy"] == "walk,popular"
        assert len(ids(walked)) == 3
        assert "people who liked" in walked.json()["items"][0]["reason"]
        asked = {"items": {"i0": 1.0, "i2": 0.5}, "k": 3}
        visited = client.post("/v1/recommendations", json=asked)
        assert visited.json()["strategy"] == "fold_in"
        assert not {"i0", "i2"} & set(ids(visited))
        assert len(ids(client.get("/v1/items/i0/similar?k=3"))) == 3
        assert len(ids(client.get("/v1/popular?k=3"))) == 3
        people = client.get("/v1/users/u0/people").json()["people"]
        assert people == [{"rank": 1, "user_id": "u2", "friends_in_common": 1}]


def test_an_event_is_in_the_next_answer_and_reaches_the_graph(shop: Graph) -> None:
    with opened(shop) as client:
        best = ids(client.get("/v1/users/u0/recommendations?k=3"))[0]
        event = {"event_id": "e1", "user_id": "u0", "item_id": best, "kind": "purchase"}
        assert client.post("/v1/events", json=event).json() == {"new": 1, "repeated": 0}
        assert best not in ids(client.get("/v1/users/u0/recommendations?k=30"))
        assert client.post("/v1/events", json=event).json() == {"new": 0, "repeated": 1}
        explained = client.get(f"/v1/users/u0/recommendations/{best}/explanation").json()
        assert explained["seen"] is True
        several = [{"event_id": f"n{n}", "user_id": "somebody new", "item_id": f"i{2 * n}"} for n in range(3)]
        assert client.post("/v1/events", json={"events": several}).status_code == 202
        new = client.get("/v1/users/somebody new/recommendations?k=5")
        assert new.json()["strategy"] == "fold_in"
        assert not {"i0", "i2", "i4"} & set(ids(new))

        def arrived() -> int:
            return len(shop.read("users/seen", user_ids=["somebody new"])) and len(
                shop.read("users/seen", user_ids=["somebody new"])[0]["item_ids"]
            )

        wait(lambda: arrived() == 3)
        rows = shop.read("users/seen", user_ids=["u0"])
        assert best in rows[0]["item_ids"]


def test_events_show_in_another_worker(shop: Graph) -> None:
    with opened(shop) as one, opened(shop) as other:
        best = ids(other.get("/v1/users/u1/recommendations?k=3"))[0]
        one.post("/v1/events", json={"event_id": "e2", "user_id": "u1", "item_id": best})
        wait(lambda: best not in ids(other.get("/v1/users/u1/recommendations?k=30")), seconds=5)


def test_what_came_before_the_start_is_there_after_it(shop: Graph) -> None:
    """Lists were made before the event; the next start knows it from the graph or from the journal."""
    with opened(shop) as client:
        best = ids(client.get("/v1/users/u2/recommendations?k=3"))[0]
        client.post("/v1/events", json={"event_id": "e3", "user_id": "u2", "item_id": best})
    with opened(shop) as client:
        assert best not in ids(client.get("/v1/users/u2/recommendations?k=30"))


def test_a_new_version_is_taken_over_without_a_failed_request(shop: Graph) -> None:
    with opened(shop) as client:
        before = client.get("/v1/users/u0/recommendations").json()["model"]["version"]
        train(shop, "blend", SMALL, again=True)

        def taken_over() -> bool:
            answer = client.get("/v1/users/u0/recommendations")
            assert answer.status_code == 200
            return bool(answer.json()["model"]["version"] > before)

        wait(taken_over)


def test_keys_open_what_their_roles_say(shop: Graph) -> None:
    read, events = (add_key(shop.home, name, [name]) for name in ("read", "events"))
    event = {"event_id": "e9", "user_id": "u0", "item_id": "i0"}
    try:
        with opened(shop, open=False) as client:

            def status(method: str, path: str, key: str | None, **more: object) -> int:
                headers = {"Authorization": f"Bearer {key}"} if key else {}
                return client.request(method, path, headers=headers, **more).status_code  # type: ignore[arg-type]

            assert status("GET", "/v1/popular", None) == 401
            assert status("GET", "/v1/popular", "wrong") == 401
            assert status("GET", "/v1/popular", read) == 200
            assert status("GET", "/v1/popular", events) == 403
            assert status("POST", "/v1/events", read, json=event) == 403
            assert status("POST", "/v1/events", events, json=event) == 202
            assert status("GET", "/metrics", None) == 401
            assert status("GET", "/live", None) == 200
        stored = (shop.home / "keys.json").read_text()
        assert read not in stored
        assert (shop.home / "keys.json").stat().st_mode & 0o077 == 0
        with opened(shop, open=False, rate=2.0) as client:
            headers = {"Authorization": f"Bearer {read}"}
            found = [client.get("/v1/popular", headers=headers).status_code for _ in range(20)]
            assert 429 in found
            assert found[0] == 200
    finally:
        for name in ("read", "events"):
            remove_key(shop.home, name)
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
