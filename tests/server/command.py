"""The command line in a process of its own, as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NEO4J = ("NEO4J_URI", "NEO4J_USER", "NEO4J_PASSWORD", "NEO4J_DATABASE", "GRAPHREC_HOME")


def environment() -> dict[str, str]:
    """That of this process, without another Neo4j or home in it."""
    return {name: value for name, value in os.environ.items() if name not in NEO4J}


def spawn(*arguments: str | Path) -> subprocess.Popen[str]:
    """`graphrec ARGUMENTS`, started."""
    return subprocess.Popen(
        [sys.executable, "-m", "graphrec", *map(str, arguments)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`graphrec ARGUMENTS`, ended."""
    child = spawn(*arguments)
    out, err = child.communicate(timeout=240)
    return subprocess.CompletedProcess(child.args, child.returncode, out, err)
