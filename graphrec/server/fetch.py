"""Fetching one artifact from a Maven repository; jgo knows where they are."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec.errors import ServerError

if TYPE_CHECKING:
    import requests

_CHUNK = 1 << 16
_SECONDS = 30

_threads = threading.local()


def download(coordinates: str, target: Path) -> str:
    """Write one artifact to a file and return the SHA-256 of what arrived, or '' if it was cut off.

    ServerError when no repository answers or none has the artifact; OSError when the disk refuses.
    """
    import requests

    problems = []
    for url in _urls(coordinates):
        try:
            with _session().get(url, stream=True, timeout=_SECONDS) as response:
                if response.status_code == 200:
                    return _save(response.iter_content(_CHUNK), target)
                problems.append(f"status {response.status_code}")
        except requests.exceptions.ChunkedEncodingError:
            return ""
        except requests.RequestException as error:
            problems.append(type(error).__name__)
    raise ServerError(
        f"can't fetch {coordinates} from the Maven repository ({', '.join(problems)}); the first start needs the "
        "network, for about 160 MB. Check it and run the command again: what has arrived is kept"
    )


def _save(chunks: Iterable[bytes], target: Path) -> str:
    digest = hashlib.sha256()
    with target.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
    return digest.hexdigest()


def _session() -> requests.Session:
    """One session a thread: kept connections, and the certificates are read once instead of for every jar."""
    import requests

    if not hasattr(_threads, "session"):
        _threads.session = requests.Session()
    session: requests.Session = _threads.session
    return session


def _urls(coordinates: str) -> list[str]:
    """Where the artifact may lie: the repositories of the user's jgo settings first, then jgo's own."""
    context = _context()
    group, name, version, *classifier = coordinates.split(":")
    artifact = context.project(group, name).at_version(version).artifact(*classifier)
    path = artifact.component.path_prefix.as_posix()
    return [f"{root.rstrip('/')}/{path}/{artifact.filename}" for root in context.remote_repos.values()]


@cache
def _context() -> Any:
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext

    return MavenContext(remote_repos={**GlobalSettings.load().repositories, **MavenContext().remote_repos})
