"""A pipeline is read strictly, holds for every list, and is drawn in the terminal."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from shelf import N_ITEMS, made_state
from typer.testing import CliRunner

from graphrec.cli.app import app
from graphrec.cli.main import main
from graphrec.cli.verbs import pipeline as verb
from graphrec.errors import PipelineError
from graphrec.recommend.base import Profile
from graphrec.serving import pipeline as module
from graphrec.serving.pipeline import Pipeline, default_pipeline, read_pipeline
from graphrec.serving.ranking import rank
from graphrec.serving.sources import BY_NAME
from graphrec.serving.wish import Rule, Wish

MINE = """
[candidates]
anyone = ["popular"]
[filters]
never = ["tag=horror"]
some = ["tag=comedy", "year>=1995"]
[score]
bury = ["year<1993*0.5"]
[rerank]
new = 0.25
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_what_a_file_leaves_out_is_as_in_the_default(tmp_path: Path) -> None:
    found, usual = read_pipeline(written(tmp_path, MINE)), default_pipeline()
    assert found.candidates == usual.candidates.model_copy(update={"anyone": ("popular",)})
    assert found.rerank == usual.rerank.model_copy(update={"new": 0.25})
    assert (found.filters.seen, found.explain) == (False, usual.explain)
    assert found.rules == (Rule("year<1993", -0.5),)
    assert read_pipeline(written(tmp_path, "")).model_dump() == usual.model_dump()
    assert (usual.house, usual.rules) == (None, ())


def test_every_source_has_a_function_and_a_rule_ends_in_those_below() -> None:
    assert set(BY_NAME) == set(module.Name.__args__)  # type: ignore[attr-defined]
    chain = default_pipeline().candidates.chain
    assert chain("known") == ("blend", *chain("few"))
    assert chain("few") == ("fold_in", *chain("new"))
    assert chain("new") == ("stated", "tags", "follows", *chain("anyone"))
    assert chain("anyone") == ("trending", "popular")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[colour]", "mine.toml: colour: expected one of candidates, filters, score, rerank, explain, found 'colour'"),
        ("[rerank]\nodd = 1", "rerank.odd: expected one of diversity, calibration, rare, new, explore, found 'odd'"),
        ("rerank = 3", r"rerank: expected a table \[rerank\], found 3"),
        ("[rerank]\nnew = 2", "rerank.new: expected to be less than or equal to 1, found 2"),
        ("[rerank]\nrare = nan", "rerank.rare: .*, found nan"),
        ("[rerank]\nexplore = true", "rerank.explore: expected to be a valid number, found True"),
        ("[filters]\nseen = 1", "filters.seen: expected to be a valid boolean, found 1"),
        ('[filters]\nnever = "tag=x"', "filters.never: expected to be a valid tuple, found 'tag=x'"),
        ('[filters]\nevery = ["red"]', "filters.every.0: expected a condition like .*, found 'red'"),
        ('[filters]\nevery = ["tag>x"]', "filters.every.0: expected tag=NAME or tag!=NAME, found 'tag>x'"),
        ('[score]\nboost = ["tag=x*99"]', "score.boost.0: expected a rule like .*, found 'tag=x"),
        ('[score]\nbury = ["odd thing*1"]', "score.bury.0: expected a condition like .*, found 'odd thing'"),
        ('[candidates]\nfew = ["walks"]', "candidates.few.0: expected to be 'blend', .*, found 'walks'"),
        ('[candidates]\nnew = ["tags", "tags"]', "candidates.new: expected each source once, found tags, tags"),
        ("[candidates]\nanyone = []", "candidates.anyone: .*at least 1 item"),
        ("[candidates]\ndepth = 0", "candidates.depth: expected to be greater than or equal to 1, found 0"),
        ("[candidates]\ndepth = 1.5", "candidates.depth: expected to be a valid integer, found 1.5"),
        ("nonsense", "expected a pipeline as TOML in .*mine.toml, but it can't be read"),
        ("[filters]\n[filters]", "expected a pipeline as TOML"),
    ],
)
def test_what_isnt_known_is_named_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(PipelineError, match=says):
        read_pipeline(written(tmp_path, text))


def test_a_file_that_isnt_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"nowhere\.toml, but it can't be read"):
        read_pipeline(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ({"filters": {"never": ["tag=western"]}}, "mine.toml: filters.never: .*no tag 'western'"),
        ({"filters": {"every": ["colour=red"]}}, "filters.every: .*no property 'colour'"),
        ({"filters": {"some": ["year>=old"]}}, "filters.some: .*expected a number"),
        ({"score": {"boost": ["country>fr*0.5"]}}, "score.boost: .*which = and != compare"),
    ],
)
def test_conditions_are_checked_against_the_catalogue(tables: dict[str, dict[str, object]], says: str) -> None:
    catalogue = made_state().catalogue
    default_pipeline().check(catalogue)
    with pytest.raises(PipelineError, match=says):
        Pipeline.of(tables, Path("mine.toml")).check(catalogue)


def test_the_filters_of_the_house_hold_beside_those_of_the_caller(tmp_path: Path) -> None:
    house = read_pipeline(written(tmp_path, MINE)).house
    may = {n for n in range(N_ITEMS) if n % 3 != 2 and (n % 3 == 0 or n >= 5)}
    for profile in (Profile("u0"), Profile("u3"), Profile("nobody"), Profile(None, {"i11": 1.0})):
        wish = Wish(k=N_ITEMS, seen=True, house=house)
        assert not wish.is_plain
        assert set(rank(made_state(), profile, wish).items.tolist()) == may
        narrow = rank(made_state(), profile, replace(wish, some=("year=1990", "year=1991", "year=1992"))).items
        assert narrow.tolist() == [0]


def test_a_list_under_the_default_is_the_prepared_one() -> None:
    state = made_state()
    state.lock = None  # type: ignore[assignment]  # whatever reads more than the prepared list takes the lock
    assert rank(state, Profile("u0"), Wish(k=3)).items.tolist() == state.lists.items[0, :3].tolist()


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["pipeline", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_show_draws_the_stages_in_their_order(tmp_path: Path) -> None:
    assert verb.show is not None
    mine = str(written(tmp_path, MINE))
    drawn = run("show", "--pipeline", mine)
    stages = ["candidates", "filters", "score", "rerank", "explain"]
    places = [drawn.index(f"{n}  {stage}") for n, stage in enumerate(stages, start=1)]
    assert places == sorted(places)
    assert "stated > tags > follows" in run("show")
    assert "tag=comedy, year>=1995" in drawn
    told = json.loads(run("show", "--pipeline", mine, "--json"))
    assert [stage["stage"] for stage in told] == stages
    assert told[3]["settings"]["new"] == 0.25
    again = {stage["stage"]: stage["settings"] for stage in told}
    assert Pipeline.of(again, Path("again")).model_dump() == read_pipeline(Path(mine)).model_dump()


def test_check_tells_what_a_file_changes(tmp_path: Path) -> None:
    changed = "candidates.anyone, filters.some, filters.never, score.bury, rerank.new"
    assert changed in run("check", str(written(tmp_path, MINE)))
    assert "in nothing" in run("check", str(module.DEFAULT_FILE))


@pytest.mark.parametrize("command", [["pipeline", "check"], ["serve", "--open", "--pipeline"]])
def test_a_broken_file_ends_a_command_before_it_does_anything(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, "[rerank]\nodd = 1")
    monkeypatch.setenv("GRAPHREC_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "argv", ["graphrec", *command, str(file)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "rerank.odd: expected one of" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()
