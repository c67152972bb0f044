"""A disk that is full, fills up, or can't be written: small mounted file systems, because root may write anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from graphrec import connect
from graphrec.errors import GraphError, ServerError
from graphrec.server import Home, StartOptions, down, ensure_running, jars, this_process
from graphrec.server.memory import small
from tests.server import command

pytestmark = pytest.mark.server


def mount(folder: Path, size: str) -> None:
    """Mount a file system of that size. Skips only where the machine doesn't allow any mount."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system takes Linux and root; this machine has another system or user")
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"this machine allows no mount, not even as root: {done.stderr.strip()}")


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    mount(tmp_path / "tiny", "8m")
    yield tmp_path / "tiny"
    subprocess.run(["umount", str(tmp_path / "tiny")], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 MB."""
    mount(tmp_path / "disk", "300m")
    yield tmp_path / "disk"
    down(Home.at(tmp_path / "disk" / "home"))
    subprocess.run(["umount", str(tmp_path / "disk")], check=True)


def test_a_full_disk_is_told_before_anything_starts(tiny: Path):
    done = command.run("db", "up", "--home", tiny / "home")
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"can't keep Neo4j's data in {tiny / 'home'}: its disk is full" in done.stderr
    assert "free some space, or name another folder with --home DIR" in done.stderr


def test_a_disk_without_a_byte_left_is_told(tiny: Path):
    fill(tiny / "everything")
    with pytest.raises(ServerError, match="its disk is full"):
        ensure_running(Home.at(tiny / "home"))


def test_a_read_only_disk_is_told(tiny: Path):
    remount(tiny, "ro")
    done = command.run("db", "up", "--home", tiny / "home")
    assert done.returncode == 1
    assert "it is on a read-only file system" in done.stderr
    assert command.run("db", "status", "--home", tiny / "home").returncode == 0
    assert command.run("db", "down", "--home", tiny / "home").returncode == 0
    doctor = command.run("doctor", "--home", tiny / "home")
    assert doctor.returncode == 1
    remount(tiny, "rw")


def test_a_home_that_turned_read_only_is_told(tiny: Path):
    (tiny / "home" / "neo4j").mkdir(parents=True)
    remount(tiny, "ro")
    for verb in (["db", "up"], ["db", "down"], ["db", "destroy", "--yes"], ["doctor"]):
        done = command.run(*verb, "--home", tiny / "home")
        assert done.returncode == 1, done
        assert "Traceback" not in done.stderr
        assert "read-only" in (done.stderr + done.stdout).lower()
    remount(tiny, "rw")


def test_a_full_cache_is_told(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    jars.ensure()
    source = jars.cache_folder()
    monkeypatch.setenv("GRAPHREC_CACHE", str(tiny))

    def copy(coordinates: str, target: Path) -> str:
        target.write_bytes((source / target.name.removesuffix(".part")).read_bytes())
        return jars.sha256(target)

    monkeypatch.setattr(jars, "download", copy)
    with pytest.raises(ServerError, match=r"can't keep Neo4j's jars in .*: No space left on device; free some space"):
        jars.ensure()
    whole = {jar.file_name: jar.sha256 for jar in jars.wanted()}
    assert all(jars.sha256(path) == whole[path.name] for path in (tiny / "jars").glob("*.jar"))


def test_data_survive_a_disk_that_fills_up(disk: Path):
    home = Home.at(disk / "home")
    options = StartOptions("tests", None, memory=small(), guard=this_process())
    with connect.local(home, ensure_running(home, options)) as graph:
        write(graph, 1000)
        fill(disk / "others' data")
        with pytest.raises(GraphError):
            write(graph, 500_000)
        assert command.run("db", "status", "--home", home.root).returncode == 0
    down(home)
    with pytest.raises(ServerError, match="its disk is full"):
        ensure_running(home, options)
    (disk / "others' data").unlink()
    with connect.local(home, ensure_running(home, options)) as graph:
        items = graph.read("server/size")[0]["items"]
        assert items >= 1000
        assert items % 1000 == 0, "a transaction took effect in part"
        write(graph, 1000)


def fill(path: Path) -> None:
    """Write until the disk is full, to the last page."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            with suppress(OSError):
                while file.write(b"\0" * size) == size:
                    pass


def write(graph: connect.Graph, n: int) -> None:
    with graph.session() as session:
        session.run(f"UNWIND range(1, {n}) AS n CREATE (:Item {{text: 'x' + toString(n * 1.0)}})").consume()
