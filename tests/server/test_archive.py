"""The class-data archive only ever makes a start faster."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec import connect
from graphrec.server import Home, StartOptions, down, ensure_running, jars, jvm, this_process
from graphrec.server.archive import Archive, forget_all
from graphrec.server.memory import small

pytestmark = pytest.mark.server


def test_a_server_starts_with_a_broken_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    real = jars.ensure()
    (tmp_path / "cache" / "jars").mkdir(parents=True)
    for jar in real:
        (tmp_path / "cache" / "jars" / jar.name).symlink_to(jar)
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    archive = Archive.of(jvm.library(), jars.ensure())
    assert archive.options_to_read() == []
    archive.top.parent.mkdir()
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
