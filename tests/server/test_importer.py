"""Neo4j's bulk importer on a home of its own: in whole, or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphrec import connect
from graphrec.errors import ServerError
from graphrec.server import Home, StartOptions, down, ensure_running, importer, stopped, this_process
from graphrec.server.memory import small

pytestmark = pytest.mark.server

OPTIONS = StartOptions("tests", None, memory=small(), guard=this_process())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    found = Home.at(tmp_path_factory.mktemp("importer") / "home")
    yield found
    down(found)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """300 users with 10 items each of 100."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "users.csv").write_text("user_id:ID(User)\n" + "".join(f"ü {n}\n" for n in range(300)), encoding="utf-8")
    (folder / "items.csv").write_text("item_id:ID(Item)\n" + "".join(f"{n}\n" for n in range(100)), encoding="utf-8")
    pairs = "".join(f"ü {u},{(u + i) % 100}\n" for u in range(300) for i in range(10))
    (folder / "pairs.csv").write_text(":START_ID(User),:END_ID(Item)\n" + pairs, encoding="utf-8")
    nodes = [f"--nodes=User={folder / 'users.csv'}", f"--nodes=Item={folder / 'items.csv'}"]
    return [*nodes, f"--relationships=INTERACTED={folder / 'pairs.csv'}"]


def sizes(home: Home) -> dict[str, int]:
    with connect.local(home, ensure_running(home, OPTIONS)) as graph:
        return graph.read("server/size")[0]


def test_an_import_into_a_new_home(home: Home, files: list[str]):
    assert home.store_is_empty()
    with stopped(home):
        output = importer.run(home, files)
    assert "3000 relationships" in output
    assert home.running() is None, "no server ran before, so none runs afterwards"
    assert not home.store_is_empty()
    assert sizes(home) == {"users": 300, "items": 100, "interactions": 3000}


def test_a_store_that_exists_is_left_alone_and_its_server_runs_again(home: Home, files: list[str]):
    before = ensure_running(home, OPTIONS)
    with stopped(home):
        assert home.running() is None
        with pytest.raises(ServerError, match="has a database already; it was left as it is"):
            importer.run(home, files)
    after = home.running()
    assert after is not None
    assert (after.port, after.started_by, after.guard) == (before.port, "tests", this_process())
    assert sizes(home)["interactions"] == 3000


def test_a_failed_import_says_why_and_leaves_an_empty_database(home: Home, files: list[str], tmp_path: Path):
    down(home)
    with pytest.raises(ServerError, match=r"importer failed .* it said:(.|\n)*missing\.csv"):
        importer.run(home, [*files[:2], f"--nodes=Tag={tmp_path / 'missing.csv'}", "--overwrite-destination"])
    assert not home.unfinished_import_file.exists()
    assert home.store_is_empty()


def test_a_killed_import_leaves_an_empty_database(home: Home, files: list[str]):
    code = (
        "import sys; from pathlib import Path; from graphrec.server import Home, importer\n"
        "importer.run(Home.at(Path(sys.argv[1])), sys.argv[2:])\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(home.root), *files], start_new_session=True) as child:
        store = home.neo4j / "data" / "databases" / "neo4j"
        while not store.is_dir():
            assert child.poll() is None
            time.sleep(0.005)
        kill_all(child)
    assert home.unfinished_import_file.exists()
    assert sizes(home) == {"users": 0, "items": 0, "interactions": 0}
    assert not home.unfinished_import_file.exists()


def kill_all(child: subprocess.Popen[bytes]) -> None:
    """The command and the importer that it started."""
    import psutil

    for process in [*psutil.Process(child.pid).children(recursive=True), psutil.Process(child.pid)]:
        process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
