"""The whole of `graphrec clean`: the source untouched, the same bytes again, and an output that can be loaded."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from dirt import cleaned, counts, frames, only, rows, written
from typer.testing import CliRunner

from graphrec.cleaning import DEFAULT_FILE, RULES, read_rules
from graphrec.cli.app import app
from graphrec.cli.verbs import clean as clean_verb
from graphrec.cli.verbs import load as load_verb
from graphrec.errors import InputError
from graphrec.graph import Graph


def shop(folder: Path) -> Path:
    """A folder of all tables, with a fault here and there."""
    events = [
        {
            "user": f"u{n % 13}",
            "item": f"i{n * n % 17}",
            "kind": ("view", "purchase", "skip")[n % 3],
            "rating": 1 + n % 5 if n % 3 else "",
            "at": 1_500_000_000 + 7_919 * n,
        }
        for n in range(400)
    ]
    return written(
        folder,
        interactions=[*events, events[5], events[9] | {"rating": 70}],
        test=[{"user": "u1", "item": "i1", "kind": "view", "at": 1_600_000_000}],
        users=[{"user_id": f"u{n}", "city": ("Paris", "")[n % 2]} for n in range(13)],
        items=[{"item_id": f"i{n}", "title": f"Title {'ABCDEFGHIJKLMNOPQ'[n] * 9}", "tags": "x|y"} for n in range(17)],
        tags=[{"user": "u1", "item": "i1", "tag": tag} for tag in ("Good", "good", "so so")],
        friends=[{"user": "u1", "friend": "u2"}],
    )


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def test_the_same_input_gives_the_same_bytes_and_stays_as_it_is(tmp_path: Path) -> None:
    path = shop(tmp_path / "shop")
    before = digests(path)
    for file in path.iterdir():
        os.chmod(file, 0o444)
    rules = "".join(f"[{rule.name}]\non = true\n" for rule in RULES)
    one, report = cleaned(path, rules, tmp_path / "one")
    other, again = cleaned(path, rules, tmp_path / "other")
    assert report == again
    assert digests(one) == digests(other)
    assert digests(path) == before
    cleaned(path, rules, tmp_path / "one")
    assert digests(one) == digests(other), "and over what was written before"
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".clean")]


def test_what_was_clean_comes_out_as_it_went_in(tmp_path: Path) -> None:
    path = shop(tmp_path / "shop")
    out, report = cleaned(path, only())
    assert counts(report) == {}
    theirs, ours = frames(path), frames(out)
    for table in ("interactions", "test", "users", "items", "item_tags", "taggings", "follows"):
        there, here = (sorted(map(str, one.table(table).to_pylist())) for one in (theirs, ours))
        assert there == here, table
    assert list(report.files.values()) == [402, 1, 13, 17, 34, 3, 1]
    assert list(report.files) == ["interactions", "test", "users", "items", "item_tags", "taggings", "follows"]


def test_a_later_run_leaves_nothing_of_an_earlier_one(tmp_path: Path) -> None:
    path = shop(tmp_path / "shop")
    out, _ = cleaned(path)
    assert (out / "follows.parquet").exists()
    (path / "friends.csv").unlink()
    cleaned(path)
    assert not (out / "follows.parquet").exists()


def test_only_folders_of_its_own_are_written(tmp_path: Path) -> None:
    path = shop(tmp_path / "shop")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "mine.txt").write_text("mine", encoding="utf-8")
    for out in (path, path / "inside", tmp_path, foreign):
        with pytest.raises(InputError, match=r"expected a (new or empty folder|folder apart from the source)"):
            cleaned(path, None, out)
    assert (foreign / "mine.txt").read_text(encoding="utf-8") == "mine"
    with pytest.raises(InputError, match="no file or folder at"):
        cleaned(tmp_path / "nothing", None, tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[colour]\non = true", "mine.toml: colour: expected one of audit, unreadable, .*, without_id, found 'colour'"),
        ("bots = 1", r"mine.toml: bots: expected a table \[bots\], found 1"),
        ("[k_core]\nhow = 1", "mine.toml: k_core.how: expected one of on, users, items, found 1"),
        ("[k_core]\nusers = 0", "k_core.users: expected to be greater than or equal to 1, found 0"),
        ("[without_id]\non = false", "without_id.on: expected to be True, found False"),
        ("[times]\nlatest = 'soon'", "times.latest: .*soon"),
        ("[implicit]\nlike_from = 1.0", "implicit.*expected dislike_to below like_from, found 2 and 1"),
        ("[audit]\nbot = 1", "mine.toml: audit.bot: expected one of rating_min, .*found 'bot'"),
        ("[audit]\nbot_events = 'few'", "audit.bot_events: expected to be a valid integer, found 'few'"),
        ("[bots", "expected rules as TOML in .*mine.toml"),
    ],
)
def test_rules_that_can_not_be_read_are_told(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        read_rules(file)


def test_each_rule_stands_in_the_default_and_has_a_file_of_its_own() -> None:
    text = DEFAULT_FILE.read_text(encoding="utf-8")
    places = [text.index(f"[{rule.name}]") for rule in RULES]
    assert len(places) == len(RULES)
    folder = DEFAULT_FILE.parent / "rules"
    assert {rule.name for rule in RULES} == {file.stem for file in folder.glob("*.py")} - {"__init__", "found"}


def test_the_command_and_a_load_of_what_it_wrote(graph: Graph, tmp_path: Path) -> None:
    assert clean_verb
    assert load_verb
    path, out = shop(tmp_path / "shop"), tmp_path / "out"
    (tmp_path / "mine.toml").write_text("[weights]\non = true\n[decay]\non = true\n", encoding="utf-8")
    run = CliRunner()
    done = run.invoke(app, ["clean", str(path), "--out", str(out), "--rules", str(tmp_path / "mine.toml")])
    assert done.exit_code == 0, done.output
    assert "401 of 403 interactions are left" in done.stdout
    assert "off: constant_raters, shilling, outliers, impute, implicit, k_core" in done.stdout
    again = run.invoke(app, ["clean", str(path), "--out", str(out), "--json"])
    assert json.loads(again.stdout)["after"] == 401
    loaded = run.invoke(app, ["load", str(out), "--json"])
    assert loaded.exit_code == 0, loaded.output
    assert json.loads(loaded.stdout)["counts"]["has_tag"] == 34
    assert graph.read("server/size")[0]["items"] == 17
    assert rows(out, "taggings", "tag")
