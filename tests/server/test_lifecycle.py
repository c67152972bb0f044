"""A server that starts, answers, keeps its password to itself and stops."""

from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path

import psutil
import pytest
from neo4j import GraphDatabase
from neo4j.exceptions import AuthError

from graphrec.connect import connect
from graphrec.errors import ServerError
from graphrec.graph import Graph
from graphrec.server import Home, destroy, down, launch
from graphrec.server.home import Credentials, write_file
from graphrec.server.jars import NEO4J_VERSION


def test_the_server_is_the_pinned_version(session_graph: Graph):
    kernel = session_graph.read("server/components")[0]
    assert (kernel["version"], kernel["edition"]) == (NEO4J_VERSION, "community")


def test_the_server_listens_on_loopback_alone(server: Home):
    state = server.running()
    assert state is not None
    listening = [c for c in psutil.Process(state.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert {c.laddr.port for c in listening} == {state.port}
    assert {c.laddr.ip.removeprefix("::ffff:") for c in listening} == {"127.0.0.1"}


@pytest.mark.parametrize("password", ["neo4j", "", "wrong"])
def test_another_password_is_refused(server: Home, password: str):
    state = server.running()
    assert state is not None
    with GraphDatabase.driver(state.uri, auth=("neo4j", password)) as driver, pytest.raises(AuthError):
        driver.verify_connectivity()


def test_the_password_stays_in_its_file(server: Home):
    state = server.running()
    assert state is not None
    password = server.credentials().password
    assert len(password) >= 32
    assert not any(password in part for part in psutil.Process(state.pid).cmdline())
    with_password = [
        path for path in server.root.rglob("*") if path.is_file() and password.encode() in path.read_bytes()
    ]
    assert with_password == [server.credentials_file]
    if sys.platform != "win32":
        assert stat.S_IMODE(server.credentials_file.stat().st_mode) == 0o600


def test_the_password_file_is_never_wider_than_its_owner(tmp_path: Path):
    before = os.umask(0)
    try:
        Home.at(tmp_path).keep_credentials(Credentials("neo4j", "secret"))
        write_file(tmp_path / "other", "text")
    finally:
        os.umask(before)
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "credentials").stat().st_mode) == 0o600


def test_a_broken_password_file_is_explained(tmp_path: Path):
    (tmp_path / "credentials").write_text("neo4j", encoding="utf-8")
    with pytest.raises(ServerError, match="doesn't hold a user and password; delete it"):
        Home.at(tmp_path).credentials()


def test_nothing_is_started_when_nothing_should_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NEO4J_URI", raising=False)
    with pytest.raises(ServerError, match="start it with `graphrec db up`"):
        connect(tmp_path / "home", start=False)
    assert not (tmp_path / "home").exists()
    assert down(Home.at(tmp_path / "home")) is False
    assert destroy(Home.at(tmp_path / "home")) is False


def test_a_folder_that_is_no_home_is_not_removed(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("three years of work", encoding="utf-8")
    with pytest.raises(ServerError, match="nothing in it was removed"):
        destroy(Home.at(tmp_path))
    assert (tmp_path / "thesis.txt").exists()


def test_another_server_needs_a_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")
    monkeypatch.delenv("NEO4J_PASSWORD", raising=False)
    with pytest.raises(ServerError, match="NEO4J_PASSWORD isn't set"):
        connect(tmp_path)


def test_the_environment_names_another_server(server: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    state = server.running()
    assert state is not None
    monkeypatch.setenv("NEO4J_URI", state.uri)
    monkeypatch.setenv("NEO4J_PASSWORD", server.credentials().password)
    with connect(tmp_path / "models-only") as graph:
        assert graph.read("server/components")[0]["edition"] == "community"
        assert graph.home == tmp_path / "models-only"
    assert not (tmp_path / "models-only").exists()


def test_a_port_in_use_is_passed_over():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert launch.free_port(port) != port
    assert launch.free_port(port) == port


def test_ports_are_none_that_an_outgoing_connection_may_get():
    assert {launch.free_port() in launch.PORTS for _ in range(50)} == {True}


def test_a_relative_home_is_one_with_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert Home.at(Path("home")) == Home.at(tmp_path / "home")
    monkeypatch.setenv("GRAPHREC_HOME", str(tmp_path / "other"))
    assert Home.at() == Home.at(tmp_path / "other")
