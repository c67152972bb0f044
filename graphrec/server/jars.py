"""The Java archives of Neo4j and Graph Data Science: fetched once, checked, kept in the user's cache.

A lock file beside this module names every jar by its coordinates and SHA-256; jgo knows the repository.
A jar is written under another name and renamed when its checksum is right, so that the cache never holds
half a jar: an interrupted download goes on where it stopped, a jar at a time.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from filelock import FileLock

from graphrec.errors import ServerError

if TYPE_CHECKING:
    import requests

NEO4J_VERSION = "2026.08.1"
GDS_VERSION = "2.26.0"

_N_THREADS = 8
_CHUNK = 1 << 16
_TRIES = 3

_threads = threading.local()

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


def cache() -> Path:
    """Where the jars lie: the user's cache directory, or GRAPHREC_CACHE."""
    moved = os.environ.get("GRAPHREC_CACHE")
    root = Path(moved) if moved else platformdirs.user_cache_path("graphrec", appauthor=False)
    return root / "jars"


def locked(name: str) -> tuple[Jar, ...]:
    """The jars of a lock file: 'neo4j' (the server) or 'gds' (what Graph Data Science adds to it)."""
    lines = (Path(__file__).parent / f"{name}.lock").read_text(encoding="ascii").splitlines()
    return tuple(Jar(*line.split()) for line in lines if line and not line.startswith("#"))


def wanted(*, gds: bool) -> tuple[Jar, ...]:
    """Every jar that a server needs."""
    return locked("neo4j") + (locked("gds") if gds else ())


def missing(*, gds: bool = False, folder: Path | None = None) -> list[Jar]:
    """The jars that the cache doesn't hold yet."""
    folder = folder or cache()
    return [jar for jar in wanted(gds=gds) if not (folder / jar.file_name).is_file()]


def damaged(*, gds: bool = False, folder: Path | None = None) -> list[Jar]:
    """The jars in the cache whose bytes aren't those of the lock file. Reads them all: half a second."""
    folder = folder or cache()
    present = [jar for jar in wanted(gds=gds) if (folder / jar.file_name).is_file()]
    return [jar for jar in present if sha256(folder / jar.file_name) != jar.sha256]


def ensure(*, gds: bool = False, folder: Path | None = None, progress: Progress | None = None) -> list[Path]:
    """The paths of all jars, fetched if need be. ServerError if one can't be fetched or has other bytes.

    Safe when several processes call it at once: one fetches, the others wait.
    """
    folder = folder or cache()
    if missing(gds=gds, folder=folder):
        _fetch_missing(folder, gds, progress)
    return [folder / jar.file_name for jar in wanted(gds=gds)]


def repair(*, gds: bool = False, folder: Path | None = None, progress: Progress | None = None) -> list[Jar]:
    """Fetch again what is missing or damaged, and return the damaged ones."""
    folder = folder or cache()
    broken = damaged(gds=gds, folder=folder)
    for jar in broken:
        (folder / jar.file_name).unlink()
    ensure(gds=gds, folder=folder, progress=progress)
    return broken


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch_missing(folder: Path, gds: bool, progress: Progress | None) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            todo = missing(gds=gds, folder=folder)
            _remove_leftovers(folder)
            _fetch_all(todo, folder, len(wanted(gds=gds)), progress)
    except OSError as error:
        raise ServerError(
            f"can't keep Neo4j's jars in {folder}: {error.strerror or error}; free some space there "
            "(about 200 MB), or name another folder in GRAPHREC_CACHE"
        ) from error


def _remove_leftovers(folder: Path) -> None:
    for part in folder.glob("*.part"):
        part.unlink(missing_ok=True)


def _fetch_all(todo: Iterable[Jar], folder: Path, total: int, progress: Progress | None) -> None:
    todo = list(todo)
    done = total - len(todo)
    if progress:
        progress(done, total)
    with ThreadPoolExecutor(_N_THREADS) as pool:
        futures = [pool.submit(_fetch, jar, folder) for jar in todo]
        try:
            for future in as_completed(futures):
                future.result()
                done += 1
                if progress:
                    progress(done, total)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _fetch(jar: Jar, folder: Path) -> None:
    part = folder / f"{jar.file_name}.part"
    found = ""
    for _ in range(_TRIES):
        found = download(jar.coordinates, part)
        if found == jar.sha256:
            part.replace(folder / jar.file_name)
            return
    part.unlink(missing_ok=True)
    raise ServerError(
        f"expected {jar.coordinates} with SHA-256 {jar.sha256}, the repository gave {found or 'nothing whole'}; "
        "check the network (a proxy may have answered instead) and run the command again: what has arrived is kept"
    )


def download(coordinates: str, target: Path) -> str:
    """Write one artifact to a file and return the SHA-256 of what arrived, or '' if it didn't arrive whole.

    ServerError when no repository can be reached at all or none has the artifact.
    """
    import requests

    problems = []
    for url in _urls(coordinates):
        try:
            with _session().get(url, stream=True, timeout=30) as response:
                if response.status_code == 200:
                    return _save(response.iter_content(_CHUNK), target)
                problems.append(f"HTTP status {response.status_code}")
        except requests.ConnectionError as error:
            problems.append(f"no connection ({type(error).__name__})")
        except requests.RequestException:
            return ""  # cut off in the middle: worth another try
    raise ServerError(
        f"can't fetch {coordinates}: {'; '.join(problems)}. The first start needs the network (about 200 MB "
        "from the Maven repository); check it and run the command again: what has arrived is kept"
    )


def _session() -> requests.Session:
    """One session a thread: kept connections, and the certificates are read once instead of for every jar."""
    import requests

    if not hasattr(_threads, "session"):
        _threads.session = requests.Session()
    session: requests.Session = _threads.session
    return session


def _save(chunks: Iterable[bytes], target: Path) -> str:
    digest = hashlib.sha256()
    with target.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
    return digest.hexdigest()


def _urls(coordinates: str) -> list[str]:
    """Where the artifact may lie: repositories of the user's jgo settings first, then jgo's own."""
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext

    own = MavenContext()
    context = MavenContext(remote_repos={**GlobalSettings.load().repositories, **own.remote_repos})
    group, name, version, *classifier = coordinates.split(":")
    artifact = context.project(group, name).at_version(version).artifact(*classifier)
    path = artifact.component.path_prefix.as_posix()
    return [f"{root}/{path}/{artifact.filename}" for root in context.remote_repos.values()]
