"""The run's own Neo4j: started once in a temporary home, emptied before each test, gone afterwards."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator

import hypothesis
import pytest

from graphrec import connect
from graphrec.graph import Graph
from graphrec.ingest.schema import ensure_schema
from graphrec.server import Home, StartOptions, State, down, ensure_running, this_process
from graphrec.server.memory import small

os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")
"""Read by every JVM: the servers of a run live for minutes, and compiling their code for speed took a third of the
processor time."""

hypothesis.settings.register_profile("no clock", deadline=None)
hypothesis.settings.load_profile("no clock")  # a machine that is busy elsewhere is no fault

NEEDS_SERVER = {"server", "mortal"}

LONGEST = (
    "test_readme.py",
    "test_bulk.py",
    "test_journal_kills.py",
    "test_retrain.py",
    "test_service_kills.py",
    "test_process.py",
    "test_away.py",
    "test_survival.py",
)
"""Files that take minutes. They begin, so that no process is left alone with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that uses the run's Neo4j, so that `-m 'not server'` leaves the fast ones; the longest first."""
    for item in items:
        if NEEDS_SERVER & set(getattr(item, "fixturenames", ())):
            item.add_marker("server")
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


def pytest_collection_finish() -> None:
    """What was imported stays: let the collector of garbage not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The home of a running server. If it can't start the run ends: nothing is passed over."""
    home = Home.at(tmp_path_factory.mktemp("home"))
    try:
        start(home)
    except Exception as error:
        pytest.exit(f"the tests need a local Neo4j, and it can't start: {error}", returncode=1)
    yield home
    down(home)


@pytest.fixture(scope="session")
def session_graph(server: Home) -> Iterator[Graph]:
    """One connection for the whole run."""
    with connect.local(server, ensure_running(server)) as opened:
        opened.verify()
        yield opened


@pytest.fixture
def graph(session_graph: Graph, monkeypatch: pytest.MonkeyPatch) -> Graph:
    """A Graph without data, its schema in place; `connect()` and the command line find the same one."""
    empty(session_graph)
    ensure_schema(session_graph)
    monkeypatch.setenv("GRAPHREC_HOME", str(session_graph.home))
    for name in ("NEO4J_URI", "NEO4J_USER", "NEO4J_PASSWORD", "NEO4J_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    return session_graph


@pytest.fixture(scope="session")
def mortal_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Where a second server lies, for tests that stop and kill it."""
    home = Home.at(tmp_path_factory.mktemp("mortal"))
    yield home
    down(home)


@pytest.fixture
def mortal(mortal_home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The home of a server that may be stopped and killed: it runs, and holds nothing but its schema."""
    for name in ("NEO4J_URI", "NEO4J_USER", "NEO4J_PASSWORD", "NEO4J_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    with connect.local(mortal_home, start(mortal_home)) as graph:
        empty(graph)
        ensure_schema(graph)
    shutil.rmtree(mortal_home.root / "service", ignore_errors=True)
    return mortal_home


def start(home: Home) -> State:
    """A small server that ends with this process."""
    return ensure_running(home, StartOptions("tests", None, memory=small(), guard=this_process()))


def empty(graph: Graph) -> None:
    """Remove every node, relationship and vector index, and the files of model versions."""
    with graph.session() as session:
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS").consume()
        vectors = session.run("SHOW VECTOR INDEXES YIELD name RETURN name").value()
        for name in vectors:
            session.run(f"DROP INDEX `{name}`").consume()
    shutil.rmtree(graph.home / "models", ignore_errors=True)
