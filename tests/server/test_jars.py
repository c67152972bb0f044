"""Jars arrive whole or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jgo.maven import MavenContext

from graphrec.errors import ServerError
from graphrec.server import fetch, jars
from tests.server.repository import Repository

FEW = [jar for jar in jars.locked("neo4j") if "jakarta" in jar.coordinates][:4]


@pytest.fixture(scope="module")
def real() -> Path:
    """The user's own cache, filled; tests copy from it and change nothing in it."""
    jars.ensure()
    return jars.cache_folder()


@pytest.fixture
def repository(real: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """The only repository that fetching knows."""
    with Repository(real).serving() as serving:
        monkeypatch.setattr(fetch, "_context", lambda: MavenContext(remote_repos={"here": serving.uri}))
        yield serving


@pytest.fixture
def cache(tmp_path: Path, real: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache that wants four jars."""
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(jars, "locked", lambda name: tuple(FEW) if name == "neo4j" else ())
    return tmp_path / "cache" / "jars"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.jar")}


def test_the_lock_files_hold_names_versions_and_checksums_alone():
    for name, least in (("neo4j", 200), ("gds", 100)):
        locked = jars.locked(name)
        assert len(locked) > least
        assert len({jar.file_name for jar in locked}) == len(locked)
        for jar in locked:
            assert len(jar.coordinates.split(":")) in (3, 4)
            assert len(bytes.fromhex(jar.sha256)) == 32
    assert any(jar.coordinates == f"org.neo4j:neo4j:{jars.NEO4J_VERSION}" for jar in jars.locked("neo4j"))
    assert any(jar.coordinates == f"org.neo4j.gds:proc:{jars.GDS_VERSION}" for jar in jars.locked("gds"))
    neo4j = {jar.coordinates.rsplit(":", 1)[0] for jar in jars.locked("neo4j")}
    assert not neo4j & {jar.coordinates.rsplit(":", 1)[0] for jar in jars.locked("gds")}, "one version of a library"


def test_an_empty_cache_is_filled_once(cache: Path, repository: Repository):
    told: list[tuple[int, int]] = []
    paths = jars.ensure(progress=lambda done, total: told.append((done, total)))
    assert [path.name for path in paths] == [jar.file_name for jar in FEW]
    assert all(path.is_file() for path in paths)
    assert told[-1] == (4, 4)
    jars.ensure()
    assert sorted(repository.asked) == sorted(jar.file_name for jar in FEW)


@pytest.mark.parametrize("damage", ["truncated", "altered", "gone"])
def test_a_damaged_jar_is_found_and_fetched_again(damage: str, cache: Path, repository: Repository):
    jars.ensure()
    victim = cache / FEW[1].file_name
    whole = victim.read_bytes()
    if damage == "truncated":
        victim.write_bytes(whole[:-100])
    elif damage == "altered":
        victim.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    else:
        victim.unlink()
    repository.asked.clear()
    jars.ensure()
    assert victim.read_bytes() == whole
    assert repository.asked == [victim.name]


def test_silent_damage_is_found_by_reading_every_byte(cache: Path, repository: Repository):
    jars.ensure()
    victim = cache / FEW[2].file_name
    whole, times = victim.read_bytes(), victim.stat()
    victim.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    os.utime(victim, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert [jar.file_name for jar in jars.damaged()] == [victim.name]
    assert [jar.file_name for jar in jars.repair()] == [victim.name]
    assert victim.read_bytes() == whole


def test_jars_that_were_copied_there_are_checked_and_taken(cache: Path, real: Path, repository: Repository):
    cache.mkdir(parents=True)
    for jar in FEW:
        shutil.copy(real / jar.file_name, cache)
    jars.ensure()
    assert repository.asked == []


def test_wrong_bytes_from_the_repository_never_reach_the_cache(cache: Path, tmp_path: Path, repository: Repository):
    (tmp_path / "wrong").mkdir()
    for jar in FEW:
        (tmp_path / "wrong" / jar.file_name).write_bytes(b"<html>Please sign in to the hotel's network</html>")
    repository.folder = tmp_path / "wrong"
    with pytest.raises(ServerError, match=r"expected .* with SHA-256 [0-9a-f]{64}, the repository gave [0-9a-f]{64}"):
        jars.ensure()
    assert names(cache) == set()
    assert not list(cache.glob("*.part"))


def test_a_connection_that_is_cut_again_and_again_is_an_error(cache: Path, repository: Repository):
    repository.cut = True
    with pytest.raises(ServerError, match="gave only a part of it"):
        jars.ensure()
    assert names(cache) == set()
    repository.cut = False
    jars.ensure()
    assert len(names(cache)) == 4


def test_no_repository_is_a_clear_error(cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fetch, "_context", lambda: MavenContext(remote_repos={"none": "http://127.0.0.1:9"}))
    with pytest.raises(ServerError, match="the first start needs the network"):
        jars.ensure()


def test_an_interrupted_download_goes_on_where_it_stopped(tmp_path: Path, real: Path):
    with Repository(real, seconds_a_chunk=0.02).serving() as repository:
        settings = tmp_path / "jgo.conf"
        settings.write_text(f"[repositories]\nhere = {repository.uri}\n", encoding="utf-8")
        cache = tmp_path / "cache" / "jars"
        environment = os.environ | {"GRAPHREC_CACHE": str(tmp_path / "cache"), "JGO_CONFIG_FILE": str(settings)}
        command = [sys.executable, "-c", "from graphrec.server import jars; jars.ensure()"]

        with subprocess.Popen(command, env=environment) as child:
            deadline = time.monotonic() + 60
            while len(names(cache)) < 40 or not list(cache.glob("*.part")):
                assert child.poll() is None, "the download ended before it was interrupted"
                assert time.monotonic() < deadline
                time.sleep(0.01)
            child.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        arrived = names(cache)
        locked = {jar.file_name: jar.sha256 for jar in jars.locked("neo4j")}
        assert 40 <= len(arrived) < len(locked)
        assert all(jars.sha256(cache / name) == locked[name] for name in arrived), "a half jar under a whole one's name"

        repository.asked.clear()
        repository.seconds_a_chunk = 0
        subprocess.run(command, env=environment, check=True, timeout=60)
        assert sorted(repository.asked) == sorted(set(locked) - arrived)
        assert names(cache) == set(locked)
        assert all(jars.sha256(cache / name) == checksum for name, checksum in locked.items())
        assert not list(cache.glob("*.part"))
