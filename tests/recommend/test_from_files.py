"""A model with nothing for the graph: a version of files, answered from by command line, Python and service."""

from __future__ import annotations

import json
from pathlib import Path

import laws
import numpy as np
import pytest
from typer.testing import CliRunner

from graphrec import versions
from graphrec.cli.app import app
from graphrec.cli.verbs import explain, predict, recommend, similar, train  # noqa: F401  (each adds its command)
from graphrec.errors import InputError, ModelError
from graphrec.graph import Graph
from graphrec.holdings.held_by_models import HeldByModels
from graphrec.models.train import train as fit
from graphrec.recommend.base import Candidates, Profile
from graphrec.recommend.fitted import make_fitted
from graphrec.recommend.kept import kept_model
from graphrec.recommend.rating import predict as rate
from graphrec.recommend.registry import get
from graphrec.snapshot import Snapshot
from graphrec.versions.dropping import keep_live_only

SETTINGS = {"als": {"factors": 6, "iterations": 4}, "svd": {"n_factors": 6, "n_epochs": 4}}

WRITE = """
UNWIND $rows AS row
MERGE (u:User {user_id: row.user_id})
MERGE (i:Item {item_id: row.item_id}) SET i.title = row.title
MERGE (u)-[:INTERACTED {kind: row.kind, count: 1, rating: row.rating, last_at: row.at}]->(i)
"""
LIKE = """
MATCH (u:User {user_id: $user_id}), (i:Item {item_id: $item_id})
CREATE (u)-[:INTERACTED {kind: 'listen', count: 1, last_at: 5000}]->(i)
"""


def fill(graph: Graph) -> Snapshot:
    rng = np.random.default_rng(2)
    pairs = {(int(u), int(i)): int(r) for u, i, r in zip(*(rng.integers(0, n, 300) for n in (25, 20, 5)), strict=True)}
    rows = [
        {
            "user_id": laws.name(u),
            "item_id": laws.name(i),
            "title": f"Film {i}" if i % 2 else None,
            "kind": "skip" if rating == 0 else "view" if rating < 3 else "listen",
            "rating": rating + 1.0,
            "at": int(rng.integers(1, 1000)),
        }
        for (u, i), rating in sorted(pairs.items())
    ]
    with graph.session() as session:
        session.run(WRITE, rows=rows).consume()
        session.run("MATCH (g:Graph) SET g.kinds = ['listen', 'skip', 'view']").consume()
    return Snapshot.from_graph(graph)


def test_models_of_files(graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="train it with `graphrec train --model als`"):
        get("als", graph)
    data = fill(graph)
    for name, settings in SETTINGS.items():
        version = fit(graph, name, settings)
        assert (version.dim, version.n_neighbours, version.metric) == (0, 0, "files")
        assert fit(graph, name, settings) == version, "nothing has changed"
        _the_graph_says_what_memory_says(graph, data, name)
    _the_command_line(graph, data)
    _what_was_liked_a_moment_ago_counts(graph, data)
    _a_version_can_be_rolled_back(graph)
    _who_is_forgotten_is_in_no_file_and_no_memory(graph, data)
    with pytest.raises(InputError, match="counted where it is asked for"):
        fit(graph, "popular")


def _the_graph_says_what_memory_says(graph: Graph, data: Snapshot, name: str) -> None:
    titles = {laws.name(i): f"Film {i}" for i in range(1, 20, 2)}
    memory, live = make_fitted(name, SETTINGS[name], titles=titles).fit(data), get(name, graph)
    profiles = [Profile(user) for user in data.user_ids] + [Profile("nobody"), Profile(), Profile(items={"?": 1.0})]
    profiles += [Profile(items={data.item_ids[n]: 1.0, data.item_ids[n + 5]: 0.5}) for n in range(4)]
    profiles.append(Profile(data.user_ids[0], {data.item_ids[3]: 1.0}))
    for candidates in (Candidates(), Candidates(seen=True), Candidates(allowed=frozenset(data.item_ids[::2]))):
        here, there = (r.recommend(profiles, 4, candidates) for r in (memory, live))
        assert laws.pairs(here) == laws.pairs(there)
        np.testing.assert_allclose(here["score"], there["score"], atol=1e-9)
        assert here["reason"].tolist() == there["reason"].tolist()
    here, there = (r.similar_items([*data.item_ids[:5], "?"], 3) for r in (memory, live))
    assert here.equals(there)


def _the_command_line(graph: Graph, data: Snapshot) -> None:
    user, item = data.user_ids[0], data.item_ids[0]
    told = json.loads(_run("recommend", user, "--with", "als", "-k", "3", "--json"))
    assert (told["model"], told["note"], len(told["items"])) == ("als", None, 3)
    assert json.loads(_run("similar", item, "--with", "als", "-k", "2", "--json"))["items"]
    assert "which you liked" in _run("explain", user, told["items"][0]["item_id"], "--with", "als")
    told = json.loads(_run("predict", user, item, "--json"))["ratings"]
    assert 1 <= told[item] <= 5
    near = json.loads(_run("predict", user, item, data.item_ids[1], "--with", "user_neighbours", "--json"))["ratings"]
    assert all(value is not None for value in near.values())
    with pytest.raises(InputError, match="predicts no ratings"):
        rate(graph, user, [item], "als")
    assert "in its files" in _run("train", "--model", "als", "--set", "factors=6", "--set", "iterations=4")
    hybrid = ("--set", "parts=popular+p3alpha", "--set", "context=device", "--set", "values=tv")
    _run("train", "--model", "switching", *hybrid)
    for words, part in ((("--context", "device=tv"), "popular"), ((), "p3alpha")):
        told = json.loads(_run("recommend", user, "--with", "switching", *words, "--json"))
        assert told["items"][0]["reason"].startswith(f"{part} answers"), told


def _run(*words: str) -> str:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    return done.stdout


def _what_was_liked_a_moment_ago_counts(graph: Graph, data: Snapshot) -> None:
    before = get("als", graph).recommend([Profile(data.user_ids[1])], 3)
    with graph.session() as session:
        session.run(LIKE, user_id=data.user_ids[1], item_id=before["item_id"][0]).consume()
    after = get("als", graph).recommend([Profile(data.user_ids[1])], 3)
    assert before["item_id"][0] not in after["item_id"].tolist()
    assert not np.array_equal(before["score"][1:], after["score"][:2]), "the row's vector is solved anew"


def _a_version_can_be_rolled_back(graph: Graph) -> None:
    first = versions.current(graph, "als")
    old = kept_model(graph, "als")
    assert kept_model(graph, "als") is old, "loaded once"
    second = fit(graph, "als", {"factors": 4})
    assert kept_model(graph, "als").settings.factors == 4  # type: ignore[attr-defined]
    assert first is not None
    assert versions.rollback(graph, "als").version == first.version < second.version
    assert kept_model(graph, "als").settings.factors == 6  # type: ignore[attr-defined]
    assert keep_live_only(graph) == 1
    assert len(get("als", graph).recommend([Profile(laws.name(3))], 3)) == 3


def _who_is_forgotten_is_in_no_file_and_no_memory(graph: Graph, data: Snapshot) -> None:
    user, held = data.user_ids[4], HeldByModels(graph.home)
    before = kept_model(graph, "svd")
    assert held.count(user)["files"] == 3, "als, svd and the switch"
    held.remove(user)
    assert not held.count(user)
    after = kept_model(graph, "svd")
    assert after is not before
    assert user not in after.user_ids
    assert not after.found["user_vectors"][4].any()  # type: ignore[attr-defined]
    assert after.found["user_vectors"][5].any()  # type: ignore[attr-defined]
