"""Public data sets that come inside packages: fetched once, checked, cached, never shipped with graphrec."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from graphrec.errors import InputError


@dataclass(frozen=True)
class PackagedData:
    """A data set inside a wheel. A wheel is a zip, so loaders read it as it is and nothing is installed."""

    package: str
    version: str
    wheel: str
    sha256: str


MOVIELENS_100K = PackagedData(
    package="recbole",
    version="1.2.1",
    wheel="recbole-1.2.1-py3-none-any.whl",
    sha256="9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
)
"""100,000 ratings of 943 people on 1,682 films (GroupLens; research use), as RecBole carries it."""


def fetch(data: PackagedData, cache: Path) -> Path:
    """The wheel in the cache, downloaded by pip if it isn't there yet. InputError if it can't be had as locked."""
    path = cache / data.wheel
    if path.is_file() and _sha256(path) == data.sha256:
        return path
    cache.mkdir(parents=True, exist_ok=True)
    # Downloaded beside its place and moved when checked: an interrupted download leaves nothing that looks whole.
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        _download(data, Path(folder))
        fetched = Path(folder) / data.wheel
        found = _sha256(fetched) if fetched.is_file() else "no such file"
        if found != data.sha256:
            raise InputError(f"expected {data.wheel} with sha256 {data.sha256}, found {found}; try again")
        fetched.replace(path)
    return path


def _download(data: PackagedData, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--dest", str(folder), f"{data.package}=={data.version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise InputError(f"pip could not download {data.package} {data.version}: {reason}; check the connection")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
