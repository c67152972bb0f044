"""docs/nightly.md says what is so: exit statuses, steps, options, and manifests that can be read."""

from __future__ import annotations

import re
from pathlib import Path

import typer
import yaml

from graphrec.cli.app import app
from graphrec.cli.verbs import (
    audit,  # noqa: F401
    schema,  # noqa: F401  (with one command alone, Typer takes no name for it)
)
from graphrec.cli.verbs import retrain as verb  # noqa: F401
from graphrec.nightly import STATUSES
from graphrec.nightly.journal import STEPS

TEXT = (Path(__file__).parent.parent.parent / "docs" / "nightly.md").read_text(encoding="utf-8")


def test_every_decision_has_its_exit_status() -> None:
    told = re.findall(r"^\| (\d+) \| `([a-z ]+)` \|", TEXT, re.MULTILINE)
    assert {decision: int(status) for status, decision in told} == STATUSES


def test_the_steps_stand_in_their_order() -> None:
    told = re.findall(r"^\| ([a-z]+) \| ", TEXT, re.MULTILINE)
    assert tuple(word for word in told if word in STEPS) == STEPS


def test_the_options_exist() -> None:
    verbs = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    options = [option for name in ("retrain", "audit") for option in verbs[name].params]
    known = {name for option in options for name in (*option.opts, *option.secondary_opts)} | {"--help"}
    told = set(re.findall(r"(?<![\w-])--[a-z]+", TEXT))
    assert len(told) > 5
    assert told <= known


def test_the_manifest_can_be_read_and_stops_at_a_verdict() -> None:
    (body,) = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    job = yaml.safe_load(body)["spec"]["jobTemplate"]["spec"]
    assert job["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == sorted({*STATUSES.values(), 2} - {0})
    assert job["template"]["spec"]["containers"][0]["args"][0] == "retrain"
