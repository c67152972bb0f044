"""The class-data archive only ever makes a start faster."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from graphrec import connect
from graphrec.server import Home, StartOptions, destroy, down, ensure_running, jars, jvm, this_process
from graphrec.server.archive import Archive, forget_all
from graphrec.server.memory import small

pytestmark = pytest.mark.server


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """The archive of a cache that holds the jars and no archive yet."""
    real = jars.ensure()
    (tmp_path / "cache" / "jars").mkdir(parents=True)
    for jar in real:
        (tmp_path / "cache" / "jars" / jar.name).symlink_to(jar)
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    found = Archive.of(jvm.library(), jars.ensure())
    assert found.options_to_read() == []
    return found


def test_nobody_waits_for_the_archive_to_be_written(tmp_path: Path, archive: Archive):
    home = Home.at(tmp_path / "home")
    state = ensure_running(home, StartOptions("tests", None, memory=small(), guard=this_process()))
    assert destroy(home)
    assert not home.root.exists()
    assert archive.options_to_read() == [], "the stop waited for the archive"
    process = psutil.Process(state.pid)
    psutil.wait_procs([process], timeout=90)
    assert len(archive.options_to_read()) == 1
    assert not home.root.exists(), "the process wrote into a home that it had let go of"


def test_a_server_starts_with_a_broken_archive(tmp_path: Path, archive: Archive):
    archive.top.parent.mkdir(exist_ok=True)
    archive.base.write_bytes(b"\xf0\x0b\xab\xa2" + bytes(100_000))
    archive.top.write_bytes(b"\xf0\x0b\xab\xa2" + bytes(100_000))
    assert len(archive.options_to_read()) == 1

    home = Home.at(tmp_path / "home")
    try:
        state = ensure_running(home, StartOptions("tests", None, memory=small(), guard=this_process()))
        with connect.local(home, state) as graph:
            assert graph.read("server/size")[0]["items"] == 0
    finally:
        down(home)
    assert forget_all() is True
    assert archive.options_to_read() == []
    assert forget_all() is False


def test_an_archive_belongs_to_its_jars(tmp_path: Path):
    jar = tmp_path / "one.jar"
    jar.write_bytes(b"1")
    before = Archive.of(jvm.library(), [jar])
    jar.write_bytes(b"22")
    assert Archive.of(jvm.library(), [jar]) != before
