"""A process that appends what it is told and drains, as one of a service's workers: `serving.py JOURNAL URI HOME`.

It reads lists of events from standard input, one a line, and writes a line when they are appended. The password is on
the first line.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from graphrec.graph import Graph
from graphrec.journal import Drain, Journal
from graphrec.server import Home


class Worker:
    """Such a process, seen from outside."""

    def __init__(self, journal: Path, uri: str, home: Home) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(journal), uri, str(home.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._write(home.credentials().password)

    def send(self, events: list[dict[str, Any]]) -> None:
        """Tell it to append, without waiting for the answer."""
        self._write(json.dumps(events))

    def is_acknowledged(self) -> bool:
        """Wait for its next line; False if it has died without one."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().endswith("appended\n")

    def kill(self) -> bool:
        """Kill it; whether it had answered once more than was read."""
        self.process.kill()
        told = self.is_acknowledged()
        self.process.communicate()
        return told

    def end(self) -> int:
        """Let it end by itself; its exit status."""
        self.process.communicate(timeout=60)
        return self.process.returncode

    def _write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


def main() -> None:
    """Append and drain until the input ends."""
    path, uri, home = sys.argv[1:]
    password = sys.stdin.readline().strip()
    with (
        Graph(uri, "neo4j", password, home=Path(home)) as graph,
        Journal(path) as journal,
        Drain(journal, graph, batch=250),
    ):
        for line in sys.stdin:
            done = journal.append(json.loads(line))
            sys.stdout.write(f"{done.new} new, {done.repeated} appended\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
