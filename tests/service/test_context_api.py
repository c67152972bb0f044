"""Context over HTTP: events tell it, lists take it, the log in the graph keeps it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from shop import ids, opened, stock, wait

from graphrec.graph import Graph
from graphrec.ingest.events import record
from graphrec.privacy.policy import LEAST_PEOPLE
from graphrec.serving.context import lifts
from graphrec.serving.state import load_state
from graphrec.serving.tallies import HOUR_MS, MONTH_MS, times_of


def test_a_context_goes_from_events_to_lists_and_is_read_again(graph: Graph, tmp_path: Path) -> None:
    stock(graph, tmp_path / "frames")
    with opened(graph) as client:
        path = "/v1/users/u0/recommendations"
        plain = ids(client.get(f"{path}?k=5"))
        catalogue = client.app.state.service.keeper.state.catalogue  # type: ignore[attr-defined]
        known = [
            i for i in ids(client.get(f"{path}?k=25")) if catalogue.liking(catalogue.ids.places[i]) >= LEAST_PEOPLE
        ]
        last = known[-1]  # of fewer people no reason tells
        others = [item for item in ids(client.get(f"{path}?k=25")) if item != last]
        told = [
            {
                "event_id": f"{item}-{n}",
                "user_id": f"new {n}",
                "item_id": item,
                "at": 20 * HOUR_MS + n,
                "device": "tv",
                "location": "home",
                "context": {"mood": "calm" if item == last else "wild", "with": "a:colon"},
            }
            for item in (last, *others[:5])
            for n in range(20)
        ]
        assert client.get(f"{path}?context=mood:calm").status_code == 400
        assert ids(client.get(f"{path}?k=5&device=tv&at=20")) == plain
        assert client.post("/v1/events", json={"events": told}).status_code == 202
        keeper = client.app.state.service.keeper  # type: ignore[attr-defined]
        wait(lambda: "mood" in keeper.state.tallies.keys.totals, seconds=5)
        calm = client.get(f"{path}?k=5&context=mood:calm&context_weight=10&explain=true")
        assert ids(calm)[0] == last
        best = calm.json()["items"][0]
        assert best["reason"] == "often chosen when mood is calm"
        assert best["parts"]["context"] > 0
        assert ids(client.get(f"{path}?k=5&context=mood:never")) == plain
        visited = client.post("/v1/recommendations", json={"items": {}, "context": ["mood:calm"], "context_weight": 10})
        assert ids(visited)[0] == last
        wrong = client.get(f"{path}?context=weather:rain")
        assert wrong.status_code == 400
        assert wrong.json()["detail"].endswith("there are mood, with")
        assert client.get(f"{path}?at=evening").status_code == 400
        for broken in ({"context": {"a`b": "x"}}, {"context": {"mood": ""}}, {"location": 5}):
            event = {"event_id": "broken", "user_id": "u0", "item_id": last, **broken}
            assert client.post("/v1/events", json=event).status_code == 422
        wait(lambda: client.app.state.service.journal.stats().waiting == 0)  # type: ignore[attr-defined]
        again, here = load_state(graph), keeper.state
        for pair in (("mood", "calm"), ("mood", "wild"), ("with", "a:colon"), ("device", "tv"), ("location", "home")):
            places = [np.array([s.catalogue.ids.places[item] for item in (last, *others)]) for s in (again, here)]
            read, counted = lifts(again.tallies, [pair], places[0]), lifts(here.tallies, [pair], places[1])
            assert read.tolist() == counted.tolist(), pair
    with graph.session() as session:
        found = session.run("MATCH (e:Event {event_id: $id}) RETURN e", id=f"{last}-3").single(strict=True)["e"]
    assert found["context"] == ["mood:calm", "with:a:colon"]
    assert (found["device"], found["location"]) == ("tv", "home")
    times = [-1, -HOUR_MS * 7, MONTH_MS * 5 + 1, -(2**63), 2**63 - 1, 1_750_000_000_000]
    record(graph, [{"event_id": f"t{n}", "user_id": "u0", "item_id": f"t{n}", "at": at} for n, at in enumerate(times)])
    rows = graph.read("context/tallies")
    for n, at in enumerate(times):
        here = sorted((row["key"], row["value"]) for row in rows if f"t{n}" in row["item_ids"])
        assert here == sorted(times_of(at))
