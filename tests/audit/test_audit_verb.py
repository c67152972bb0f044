"""`graphrec audit`: its policy, exit status, baseline, JSON and page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from graphrec.audit.policy import read_policy
from graphrec.cli.app import app
from graphrec.cli.verbs import audit as verb
from graphrec.cli.verbs import schema  # noqa: F401  (with one command alone, Typer takes no name for it)
from graphrec.errors import InputError


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Forty users of ten items, a day each; two rows stand twice."""
    rows = [f"u{n % 40},i{n % 37 % 10},{n % 5 + 1},{1577836800 + n * 86400}" for n in range(200)]
    rows += rows[:2]
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "interactions.csv").write_text("user_id,item_id,rating,timestamp\n" + "\n".join(rows) + "\n", "utf-8")
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["audit", *map(str, arguments)])


def policy(folder: Path, text: str) -> Path:
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_broken_limit_is_a_status_of_its_own(data: Path, tmp_path: Path) -> None:
    broken = run(data, "--policy", policy(tmp_path, '[limits]\nduplicates = "0.5%"\ntimes = 0\n'))
    assert broken.exit_code == verb.BROKEN == 3
    assert "broken: duplicates is 0.009901, allowed 0.005" in broken.stdout
    kept = run(data, "--policy", policy(tmp_path, '[limits]\nduplicates = "1%"\n'))
    assert kept.exit_code == 0
    assert "no limit broken" in kept.stdout


def test_the_text_names_lines_and_no_ids(data: Path) -> None:
    done = run(data)
    assert "interactions.csv:202" in done.stdout
    assert not re.search(r"\bu\d+\b", done.stdout)


def test_json_and_the_page(data: Path, tmp_path: Path) -> None:
    page = tmp_path / "out" / "audit.html"
    done = run(data, "--json", "--html", page)
    report = json.loads(done.stdout)
    found = next(one for one in report["findings"] if one["check"] == "duplicates")
    assert (found["count"], found["rule"], found["examples"][0]["line"]) == (2, "duplicates", 202)
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") >= 4
    assert "interactions.csv line 202" in text
    links = re.findall(r"""(?:src|href)=["']([^"']*)|url\(([^)]*)\)|@import""", text)
    assert all(link.startswith("#") for pair in links for link in pair if link)
    assert "<script" not in text


def test_a_baseline_tells_new_and_vanished_ids(data: Path, tmp_path: Path) -> None:
    kept = tmp_path / "baseline.npz"
    assert run(data, "--keep", kept).exit_code == 0
    same = json.loads(run(data, "--against", kept, "--json").stdout)["drifts"][-1]
    assert {one["value"] for one in same["changes"]} == {0.0}
    text = (data / "interactions.csv").read_text(encoding="utf-8")
    (data / "interactions.csv").write_text(text.replace("u39,", "new-1,").replace("u38,", "new-2,"), "utf-8")
    limit = policy(tmp_path, "[limits]\nnew_users = 0.04\nvanished_items = 0\n")
    changed = run(data, "--against", kept, "--policy", limit)
    assert changed.exit_code == 3
    assert "broken: new_users is 0.05, allowed 0.04" in changed.stdout


def test_a_file_that_is_no_baseline_is_explained(data: Path, tmp_path: Path) -> None:
    for content in (b"", b"no", b"PK\x03\x04"):
        (tmp_path / "b.npz").write_bytes(content)
        with pytest.raises(InputError, match="expected a baseline"):
            raise run(data, "--against", tmp_path / "b.npz").exception or AssertionError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[limit]\n", "unknown: limit"),
        ("[limits]\nduplicate = 1\n", "nothing called 'duplicate'"),
        ("[limits]\nduplicates = 2\n", "expected a share"),
        ("[limits]\nduplicates = '1'\n", "expected a share"),
        ("[limits]\nduplicates = true\n", "expected a share"),
        ("[settings]\nrating_max = 5\n", "both rating_min and rating_max"),
        ("[settings]\nbot_events = 1.5\n", "whole number"),
        ("[settings]\nearliest = '2001'\n", "without quotes"),
        ("[settings]\nspeed = 1\n", "unknown: speed"),
        ("[limits\n", "can't be read"),
    ],
)
def test_a_policy_is_read_strictly(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        read_policy(policy(tmp_path, text))


def test_a_policy_sets_limits_and_lines(tmp_path: Path) -> None:
    text = '[limits]\nmetadata.items.title = "2%"\npsi = 1.5\n'
    text += "[settings]\nearliest = 2001-01-01\nrating_min = 1\nrating_max = 7\n"
    read = read_policy(policy(tmp_path, text))
    assert read.limits == {"metadata.items.title": 0.02, "psi": 1.5}
    assert (read.settings.earliest, read.settings.rating_max) == (978_307_200_000, 7.0)
