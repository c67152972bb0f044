"""The doctor sees what is missing and names the command that repairs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graphrec.doctor import examine
from graphrec.graph import Graph
from graphrec.server.jars import NEO4J_VERSION
from tests.server import command

EVERYTHING = [
    "python",
    "java",
    "jars",
    "home",
    "server",
    "connection",
    "version",
    "constraints",
    "indexes",
    "counts",
    "graph data science",
    "models",
]


def test_all_is_well_on_a_whole_graph(graph: Graph):
    found = examine(graph.home)
    assert [one.name for one in found] == EVERYTHING
    assert [one for one in found if not one.well] == []
    assert all(one.repair is None for one in found)
    texts = {one.name: one.text for one in found}
    assert f"Neo4j {NEO4J_VERSION}, community" in texts["version"]
    assert "0 users, 0 items" in texts["counts"]


def test_a_missing_constraint_is_found_and_the_named_command_repairs_it(graph: Graph):
    with graph.session() as session:
        session.run("DROP CONSTRAINT user_id").consume()
    [sick] = [one for one in examine(graph.home) if not one.well]
    assert (sick.name, sick.text) == ("constraints", "missing: user_id")
    assert sick.repair == "graphrec schema"
    assert command.run("schema", "--home", graph.home).returncode == 0
    assert all(one.well for one in examine(graph.home))


def test_numbers_of_the_graph_are_told(graph: Graph):
    with graph.session() as session:
        session.run("CREATE (:User {user_id: 'u'})-[:INTERACTED]->(:Item {item_id: 'i'})").consume()
    texts = {one.name: one.text for one in examine(graph.home)}
    assert texts["counts"] == "1 users, 1 items, 1 interactions"


def test_an_empty_machine_fails_with_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    done = command.run("doctor", "--home", tmp_path / "home", "--json")
    assert done.returncode == 1
    found = {one["name"]: one for one in json.loads(done.stdout)}
    assert found["python"]["well"]
    assert found["java"]["well"]
    assert found["jars"]["repair"] == "graphrec db fetch"
    for name in ("home", "server", "connection"):
        assert not found[name]["well"]
        assert found[name]["repair"] == f"graphrec db up --home {tmp_path / 'home'}"
    assert not (tmp_path / "home").exists(), "the doctor only looks"
    assert not (tmp_path / "cache").exists()


def test_plain_lines_for_people(tmp_path: Path):
    done = command.run("doctor", "--home", tmp_path / "home")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ok  python: 3.")
    assert f"NO  home: {tmp_path / 'home'} doesn't exist yet" in lines
    assert f"      repair: graphrec db up --home {tmp_path / 'home'}" in lines


def test_another_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")
    monkeypatch.setenv("NEO4J_PASSWORD", "x")
    found = examine()
    assert [one.name for one in found] == ["python", "server", "connection"]
    assert "NEO4J_URI" in (found[2].repair or "")
    assert not found[2].well
