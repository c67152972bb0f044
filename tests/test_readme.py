"""The README's commands work in the order in which they stand there, and no command of ours is missing from it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphrec.server import Home

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> Iterator[str]:
    """The fenced blocks of one language, in order."""
    return (body for name, body in FENCE.findall(README) if name == language)


def commands() -> list[str]:
    """Every line of the `sh` blocks that starts graphrec; a trailing remark is left out."""
    lines = [line.split("  #")[0].strip() for body in blocks("sh") for line in body.splitlines()]
    return [line for line in lines if line.startswith("graphrec ")]


def run(arguments: list[str], home: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in an empty folder with the run's own home; the local server is the one that the tests started."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NEO4J_", "JAVA_"))}
    environment |= {"GRAPHREC_HOME": str(home), "COLUMNS": "160", "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_commands_and_the_python_of_the_readme_work(server: Home, tmp_path: Path) -> None:
    assert "make demo" in README
    demo = run(["-m", "graphrec", "demo"], server.root, tmp_path)
    assert demo.returncode == 0, demo.stderr
    (tmp_path / "purchases.csv").write_text("customer,sku,bought_at\nada,1,2024-05-01\n,2,2024-05-02\n", "utf-8")
    assert len(commands()) > 10
    for command in commands():
        done = run(["-m", *shlex.split(command)], server.root, tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        assert done.stdout.strip(), f"{command} printed nothing"
    for body in blocks("python"):
        done = run(["-c", body], server.root, tmp_path)
        assert done.returncode == 0, f"{body}\n{done.stderr}"
        assert done.stdout.strip()


def test_every_command_stands_in_the_readme() -> None:
    verbs = [path.stem for path in (ROOT / "graphrec" / "cli" / "verbs").glob("*.py") if path.stem != "__init__"]
    missing = [verb for verb in sorted(verbs) if f"graphrec {verb}" not in README]
    assert verbs
    assert not missing, f"the README says nothing of: {', '.join(missing)}"
