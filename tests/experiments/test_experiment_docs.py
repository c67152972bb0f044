"""docs/experiments.md says what is so: its declaration is read, its Python runs, its commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import typer

from graphrec.cli.app import app
from graphrec.cli.verbs import experiment as verb  # noqa: F401
from graphrec.cli.verbs import schema  # noqa: F401  (with one command alone, Typer takes no name for it)
from graphrec.experiments import Store, read_experiments
from graphrec.experiments.power import size

TEXT = (Path(__file__).parent.parent.parent / "docs" / "experiments.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (body,) = re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    return str(body)


def test_the_declaration_is_read_and_the_python_runs(tmp_path: Path) -> None:
    (tmp_path / "experiments.toml").write_text(block("toml"), "utf-8")
    assert [one.name for one in read_experiments(tmp_path / "experiments.toml")] == [
        "blend-or-walk",
        "drafted",
        "order",
    ]
    done = subprocess.run(
        [sys.executable, "-c", block("python")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    store = Store(tmp_path / "experiments" / "events.sqlite")
    assert store.read("SELECT COUNT(*) FROM impressions UNION ALL SELECT COUNT(*) FROM outcomes") == [(1,), (1,)]


def test_the_commands_exist() -> None:
    commands = typer.main.get_command(app).commands["experiment"].commands  # type: ignore[attr-defined]
    told = re.findall(r"^graphrec experiment (\w+)", TEXT, re.MULTILINE)
    assert sorted(told) == sorted(commands)


def test_the_sizes_are_those_that_are_reckoned() -> None:
    found = size(0.05, 0.1)
    for n in (found.users, found.median, found.fixed):
        assert f"{n:,}" in TEXT
