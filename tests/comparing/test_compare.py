"""Whole comparisons: what is found between models, in words, as JSON and as a page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from graphrec.cli.app import app
from graphrec.cli.verbs import compare as _compare  # noqa: F401  (registers the command)
from graphrec.cli.verbs import evaluate as _evaluate  # noqa: F401  (registers the command)
from graphrec.cli.verbs import recommend as _recommend  # noqa: F401  (with two, the commands have names)
from graphrec.comparing import Asked, Comparison, compare
from graphrec.comparing.page import page
from graphrec.errors import InputError
from graphrec.evaluation import SplitSettings

LIGHT = {"lightgcn": {"epochs": 3, "embedding_dim": 8}}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty people of two tastes, who like ten of the twelve items of their half."""
    lines = ["user,item,timestamp"]
    lines += [
        f"u{u},i{(u % 2) * 12 + i},{1_600_000_000 + 1000 * u + (i * 7 + u) % 12}"
        for u in range(60)
        for i in range(12)
        if (u * 5 + i) % 6 != 0
    ]
    path = tmp_path_factory.mktemp("data") / "tastes.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def found(table: Path) -> Comparison:
    asked = Asked(["popular", "lightgcn"], "ndcg@5", (5, 10), (0, 1), SplitSettings("folds", folds=2), settings=LIGHT)
    return compare(table, asked)


def test_a_difference_is_found_over_seeds_and_folds(found: Comparison) -> None:
    assert [row["model"] for row in found.rows] == ["lightgcn", "popular"]
    assert found.n_users == 60
    best, other = found.rows
    assert best["low"] <= best["ndcg@5"] <= best["high"]
    assert best["fit_s"] > 0
    assert best["memory_mib"] >= 0
    (one,) = found.differences
    assert one.is_found
    assert one.estimate == pytest.approx(other["ndcg@5"] - best["ndcg@5"])
    assert found.verdict == "lightgcn is the best on ndcg@5"
    assert found.sentences[0].startswith("lightgcn is better than popular on ndcg@5 by 0.")
    assert "Two seeds tell little" in found.sentences[1]
    assert {row["by"] for row in found.slices} == {"users", "items"}


def test_the_page_holds_all_of_it_and_needs_nothing(found: Comparison) -> None:
    html = page(found)
    for text in (found.verdict, "lightgcn", "popular", "memory, MiB", "NDCG@k", "<svg", "users with 1 to 5 items"):
        assert text in html
    for outside in ("<script", "http://cdn", "https://cdn", "<link", 'src="http'):
        assert outside not in html
    assert page(found) == html
    assert json.loads(json.dumps(found.as_dict()))["verdict"] == found.verdict


def test_where_nothing_is_found_the_command_says_so(table: Path, tmp_path: Path) -> None:
    run = CliRunner()
    asked = ["compare", str(table), "--models", "popular,lightgcn", "--by", "hit_rate@10", "--users", "6"]
    asked += ["--set", "lightgcn.epochs=1", "--set", "lightgcn.embedding_dim=4", "--html", str(tmp_path / "page.html")]
    said = run.invoke(app, asked)
    assert said.exit_code == 0, said.output
    assert "No difference found between popular and lightgcn" in said.output
    assert "no difference found between" in said.output.splitlines()[-1]
    assert "One seed" in said.output
    assert "</html>" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("split", "n_test"),
    [("time", 120), ("time-user", 120), ("last-n", 180), ("ratio", 120), ("folds", 300), ("new-users", 24)],
)
def test_both_commands_take_every_split(table: Path, split: str, n_test: int) -> None:
    """Ten items of each of sixty users: a fifth, three, a half of two folds, or a fifth of twelve users' items."""
    asked = [str(table), "--models", "popular", "--split", split, "--n", "3", "--folds", "2", "--json"]
    run = CliRunner()
    compared = run.invoke(app, ["compare", *asked, "--by", "recall@5"])
    assert compared.exit_code == 0, compared.output
    told = json.loads(compared.stdout)
    assert told["told"]["split"] == split
    evaluated = run.invoke(app, ["evaluate", *asked, "--k", "5"])
    assert evaluated.exit_code == 0, evaluated.output
    found = json.loads(evaluated.stdout)
    assert found["split"] == split
    if split != "time":  # there users without a past are left out
        assert told["told"]["n_test"] == n_test
        assert found["n_test"] == n_test * (2 if split == "folds" else 1)
    assert found["rows"][0]["recall@5"] == pytest.approx(told["rows"][0]["recall@5"])


def test_new_items_are_asked_for_and_never_found_by_popularity(table: Path) -> None:
    run = CliRunner()
    for command, *length in (("evaluate", "--k", "5"), ("compare", "--by", "recall@5")):
        asked = [command, str(table), "--models", "popular", "--split", "new-items", "--json", *length]
        said = run.invoke(app, asked)
        assert said.exit_code == 0, said.output
        assert json.loads(said.stdout)["rows"][0]["recall@5"] == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"metric": "gini@5"}, "no number of each user"),
        ({"metric": "ndcg@7"}, "with K among 5"),
        ({"metric": "magic@5"}, "there are recall"),
        ({"seeds": ()}, "different seeds"),
        ({"models": ["popular", "magic"]}, "no recommender 'magic'"),
    ],
)
def test_wrong_questions_are_refused_before_the_work(table: Path, wrong: dict[str, object], message: str) -> None:
    asked = {"models": ["popular"], "metric": "ndcg@5", "ks": (5,), "seeds": (0,), "split": SplitSettings(), **wrong}
    with pytest.raises(InputError, match=message):
        compare(table, Asked(**asked))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected --against"):
        compare(table, Asked(["popular"], "ndcg@5", (5,), (0,), SplitSettings()), against="walk")
