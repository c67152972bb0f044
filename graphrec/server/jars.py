"""The Java archives of Neo4j and Graph Data Science: fetched once, checked, kept in the user's cache.

A lock file beside this module names every jar by its coordinates and SHA-256. A jar is written under another
name and renamed when its checksum is right, so that an interrupted download leaves no half jar and goes on where
it stopped. `checked.json` holds size and time of every jar that was checked: one that has changed since is
checked again, and fetched again if it is damaged, before a JVM sees it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from filelock import FileLock

from graphrec.errors import ServerError
from graphrec.server.fetch import download
from graphrec.server.home import write_file

NEO4J_VERSION = "2026.08.1"
GDS_VERSION = "2.26.0"
BROWSER_VERSION = "5.24.0"

_N_THREADS = 8
_TRIES = 3

Progress = Callable[[int, int], None]
"""Called with the number of jars that are there and the number wanted."""


@dataclass(frozen=True)
class Jar:
    """One archive: `group:artifact:version[:classifier]` and the SHA-256 of its bytes."""

    coordinates: str
    sha256: str

    @property
    def file_name(self) -> str:
        """`artifact-version[-classifier].jar`, as in every Maven repository."""
        return "-".join(self.coordinates.split(":")[1:]) + ".jar"


def cache_folder() -> Path:
    """Where the jars lie: the user's cache directory, or GRAPHREC_CACHE."""
    moved = os.environ.get("GRAPHREC_CACHE")
    root = Path(moved) if moved else platformdirs.user_cache_path("graphrec", appauthor=False)
    return root / "jars"


def locked(name: str) -> tuple[Jar, ...]:
    """The jars of a lock file: 'neo4j' (the server), 'gds' (what Graph Data Science adds to it), 'browser'."""
    lines = (Path(__file__).parent / f"{name}.lock").read_text(encoding="ascii").splitlines()
    return tuple(Jar(*line.split()) for line in lines if line and not line.startswith("#"))


def wanted(*, gds: bool = False) -> tuple[Jar, ...]:
    """Every jar that a server needs."""
    return locked("neo4j") + (locked("gds") if gds else ())


def missing(*, gds: bool = False) -> list[Jar]:
    """The jars that the cache doesn't hold."""
    folder = cache_folder()
    return [jar for jar in wanted(gds=gds) if not (folder / jar.file_name).is_file()]


def damaged(*, gds: bool = False) -> list[Jar]:
    """The jars in the cache whose bytes aren't those of the lock file. Reads them all, for about a second."""
    folder = cache_folder()
    present = [jar for jar in wanted(gds=gds) if (folder / jar.file_name).is_file()]
    with ThreadPoolExecutor(_N_THREADS) as pool:
        digests = pool.map(lambda jar: sha256(folder / jar.file_name), present)
        return [jar for jar, digest in zip(present, digests, strict=True) if digest != jar.sha256]


def ensure(*, gds: bool = False, progress: Progress | None = None) -> list[Path]:
    """The paths of all jars, fetched if need be. ServerError if one can't be fetched or has other bytes.

    Safe when several processes call it at once: one fetches, the others wait.
    """
    return ensure_jars(wanted(gds=gds), progress)


def ensure_jars(jars: tuple[Jar, ...], progress: Progress | None = None) -> list[Path]:
    """The paths of these jars, fetched if need be."""
    folder = cache_folder()
    if _unchecked(folder, jars):
        _complete(folder, jars, progress)
    return [folder / jar.file_name for jar in jars]


def repair(*, gds: bool = False, progress: Progress | None = None) -> list[Jar]:
    """Check every byte, fetch again what is missing or damaged, and return the damaged ones."""
    broken = damaged(gds=gds)
    for jar in broken:
        (cache_folder() / jar.file_name).unlink()
    ensure(gds=gds, progress=progress)
    return broken


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _complete(folder: Path, jars: tuple[Jar, ...], progress: Progress | None) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "lock"):
            todo = _unchecked(folder, jars)
            for part in folder.glob("*.part"):
                part.unlink(missing_ok=True)
            _fetch_all(todo, folder, len(jars), progress)
    except OSError as error:
        raise ServerError(
            f"can't keep Neo4j's jars in {folder}: {error.strerror or error}; free some space there "
            "(about 200 MB), or name another folder in GRAPHREC_CACHE"
        ) from error


def _fetch_all(todo: list[Jar], folder: Path, total: int, progress: Progress | None) -> None:
    done = total - len(todo)
    arrived = []
    with ThreadPoolExecutor(_N_THREADS) as pool:
        futures = {pool.submit(_bring, jar, folder): jar for jar in todo}
        try:
            for future in as_completed(futures):
                future.result()
                arrived.append(futures[future])
                if progress:
                    progress(done + len(arrived), total)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            _remember(folder, arrived)


def _bring(jar: Jar, folder: Path) -> None:
    """See that the right bytes are there: those in the cache if they are right, else fetched ones."""
    target = folder / jar.file_name
    if target.is_file() and sha256(target) == jar.sha256:
        return
    part = folder / f"{jar.file_name}.part"
    found = ""
    for _ in range(_TRIES):
        found = download(jar.coordinates, part)
        if found == jar.sha256:
            part.replace(target)
            return
    part.unlink(missing_ok=True)
    raise ServerError(
        f"expected {jar.coordinates} with SHA-256 {jar.sha256}, the repository gave {found or 'only a part of it'}; "
        "check the network (a proxy may have answered instead) and run the command again: what has arrived is kept"
    )


def _unchecked(folder: Path, jars: Iterable[Jar]) -> list[Jar]:
    """The jars that are missing, or have changed since they were last checked."""
    checked = _checked(folder)
    return [
        jar
        for jar in jars
        if (mark := _mark(folder / jar.file_name, jar)) is None or checked.get(jar.file_name) != mark
    ]


def _remember(folder: Path, jars: Iterable[Jar]) -> None:
    marks = {jar.file_name: _mark(folder / jar.file_name, jar) for jar in jars}
    if marks:
        write_file(folder / "checked.json", json.dumps(_checked(folder) | marks))


def _checked(folder: Path) -> dict[str, list[int | str] | None]:
    try:
        found: dict[str, list[int | str] | None] = json.loads((folder / "checked.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _mark(path: Path, jar: Jar) -> list[int | str] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, jar.sha256]
