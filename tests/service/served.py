"""`graphrec serve` as a process of its own, seen from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import httpx2

from graphrec.server.launch import free_port


class Served:
    """The process, on a free port of this machine; it ends with the block if it hasn't before."""

    def __init__(self, home: Path, *options: str, port: int | None = None, **environment: str) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [
            sys.executable,
            "-m",
            "graphrec",
            "serve",
            "--open",
            f"--home={home}",
            f"--port={self.port}",
            *options,
        ]
        self.process = subprocess.Popen(command, env=_clean(environment))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def wait(self, path: str = "/live", seconds: float = 90) -> None:
        """Until it says yes to a path."""
        end = time.monotonic() + seconds
        while not self.says_yes(path):
            assert self.process.poll() is None, "the service ended"
            assert time.monotonic() < end, f"{path} didn't say yes"
            time.sleep(0.05)

    def says_yes(self, path: str) -> bool:
        """Whether it answers a path with 200."""
        try:
            return httpx2.get(self.url + path).status_code == 200
        except httpx2.TransportError:
            return False

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def terminate(self) -> None:
        """SIGTERM."""
        self.process.terminate()

    def status(self, seconds: float) -> int:
        """How it ended, within some seconds."""
        return self.process.wait(timeout=seconds)


def _clean(more: Mapping[str, str]) -> dict[str, str]:
    """The environment without what names another Neo4j, and with what is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEO4J_")}
    return kept | dict(more)
