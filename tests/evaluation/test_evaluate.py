"""Whole evaluations: fitted models without a server, and those that ask a graph in a throw-away one."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pytest
from staged import stage
from typer.testing import CliRunner

import graphrec
from graphrec.cli.app import app
from graphrec.cli.groups import allowed_groups
from graphrec.cli.verbs import evaluate as _evaluate  # noqa: F401  (registers the command)
from graphrec.cli.verbs import recommend as _recommend  # noqa: F401  (with two, the commands have names)
from graphrec.errors import InputError
from graphrec.evaluation import Groups, SplitSettings, evaluate
from graphrec.evaluation.groups import gaps
from graphrec.evaluation.metrics import METRICS
from graphrec.evaluation.ranking import IN_MEMORY
from graphrec.evaluation.running import Run
from graphrec.frames import Frames, FramesWriter
from graphrec.graph import Graph
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.rows import open_rows
from graphrec.recommend.popularity import PopularityRecommender

LENGTHS = (5, 10)


def two_tastes(folder: Path) -> Frames:
    """Forty people of two tastes: they like ten of the twelve items of their half."""
    events = [
        (f"u{u}", f"i{(u % 2) * 12 + i}", 1000 * u + (i * 7 + u) % 12)
        for u in range(40)
        for i in range(12)
        if (u * 5 + i) % 6 != 0
    ]
    return stage(folder, events)


def test_fitted_models_are_measured_without_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")  # whoever tried to use it would fail
    told: list[tuple[str, int, int]] = []
    found = evaluate(
        two_tastes(tmp_path / "frames"),
        ["popular", "lightgcn"],
        ks=LENGTHS,
        settings=SplitSettings("time-user"),
        lists=tmp_path / "lists.parquet",
        model_settings={"lightgcn": {"epochs": 4, "embedding_dim": 8}},
        progress=lambda what, done, total: told.append((what, done, total)),
    )
    assert (found.split, found.n_users, found.n_test, found.n_items) == ("time-user", 40, 80, 24)
    popular, lightgcn = found.rows
    assert lightgcn["recall@5"] > popular["recall@5"], "two tastes are more than one"
    assert lightgcn["recall@5"] > 0.9
    assert popular["fit_s"] >= 0
    assert {name for name in popular if "@" in name} == {
        f"{metric}@{k}" for k in LENGTHS
        for metric in METRICS if metric != "miscalibration"
    }  # fmt: skip
    assert ("popular", 40, 40) in told
    _the_lists_give_the_figures_again(tmp_path / "lists.parquet", tmp_path / "frames", found.rows)


def _the_lists_give_the_figures_again(path: Path, folder: Path, rows: object) -> None:
    lists = pd.read_parquet(path)
    assert list(lists.columns) == ["user_id", "item_id", "rank", "score", "model"]
    assert lists.groupby("model")["user_id"].nunique().to_dict() == {"lightgcn": 40, "popular": 40}
    from graphrec.evaluation.parts import split

    frames = Frames(folder, "toy", "test", {"interactions": 400}, {})
    test = split(frames, folder.parent / "again", SplitSettings("time-user")).test
    wanted = {(u, i) for u, i in test.to_numpy().tolist()}
    for row in rows:  # type: ignore[attr-defined]
        mine = lists[(lists["model"] == row["model"]) & (lists["rank"] <= 5)]
        n_hits = sum((u, i) in wanted for u, i in zip(mine["user_id"], mine["item_id"], strict=True))
        assert n_hits / 80 == pytest.approx(row["recall@5"])


def test_a_sample_of_users_is_seeded_and_the_same_for_all(tmp_path: Path) -> None:
    frames = two_tastes(tmp_path / "frames")
    chosen = []
    for seed in (1, 1, 2):
        path = tmp_path / "lists.csv"
        found = evaluate(frames, ["popular"], ks=[3], settings=SplitSettings("ratio", seed=seed), n_users=7, lists=path)
        assert found.n_users == 7
        chosen.append(set(pd.read_csv(path)["user_id"]))
    assert chosen[0] == chosen[1] != chosen[2]
    assert len(chosen[0]) == 7


def test_wrong_questions_are_refused_before_the_work(tmp_path: Path) -> None:
    frames = two_tastes(tmp_path / "frames")
    for wrong, message in (
        ({"models": ["magic"]}, "there are als, augmented, blend, "),
        ({"models": ["popular", "popular"]}, "different recommenders"),
        ({"models": ["popular"], "ks": [0]}, "at least 1"),
        ({"models": ["popular"], "n_users": 0}, "at least one user"),
        ({"models": ["popular"], "lists": tmp_path / "lists.txt"}, r"\.csv or \.parquet"),
        ({"models": ["popular"], "lists": tmp_path / "no" / "lists.csv"}, "no folder"),
    ):
        with pytest.raises(InputError, match=message):
            evaluate(frames, **wrong)  # type: ignore[arg-type]


def test_the_command_says_what_the_library_says(tmp_path: Path) -> None:
    lines = ["user,item,rating,timestamp"]
    lines += [
        f"u{u},i{(u * i) % 13},{1 + (u + i) % 5},{1_600_000_000 + u * 100 + i}"
        for u in range(1, 13)
        for i in range(1, 9)
    ]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    run = CliRunner()
    asked = ["evaluate", str(path), "--models", "popular", "--k", "3", "--relevant", "4", "--seed", "5"]
    printed = run.invoke(app, asked)
    assert printed.exit_code == 0, printed.output
    assert "relevant: rating of at least 4" in printed.output
    assert "split time-user" in printed.output
    said = json.loads(run.invoke(app, [*asked, "--json"]).stdout)
    library = graphrec.evaluate(path, ["popular"], ks=[3], settings=SplitSettings(seed=5, relevant=4.0))
    assert said["rows"][0]["ndcg@3"] == pytest.approx(library.rows[0]["ndcg@3"])
    assert said["n_test"] == library.n_test
    assert "recall" in run.invoke(app, ["evaluate", "--definitions"]).output


@pytest.mark.slow
def test_the_graph_is_measured_on_its_own_data_and_never_written(graph: Graph, tmp_path: Path) -> None:
    frames = two_tastes(tmp_path / "frames")
    with open_rows(frames) as rows:
        load_over_bolt(graph, rows, None)
    before = graph.read("users/seen", user_ids=["u0", "u1"])
    models = ["walk", "cooccurrence", "popular"]
    settings = SplitSettings("time-user")
    found = evaluate(graph, models, ks=[5], settings=settings)
    files = evaluate(frames, ["popular"], ks=[5], settings=settings)
    assert found.rows[2]["recall@5"] == files.rows[0]["recall@5"]
    assert min(row["recall@5"] for row in found.rows[:2]) > 0.9
    assert found.rows[0]["coverage@5"] == 1.0
    assert graph.read("users/seen", user_ids=["u0", "u1"]) == before


@pytest.mark.data
@pytest.mark.slow
def test_popularity_on_gowalla_has_the_published_figures(tmp_path: Path) -> None:
    data = os.environ.get("GRAPHREC_DATA")
    if not data or not (Path(data) / "gowalla").is_dir():
        pytest.skip("needs the real data sets: set GRAPHREC_DATA to a folder that holds gowalla/")
    found = evaluate(Path(data) / "gowalla", ["popular"], ks=[20])
    assert found.split == "fixed"
    assert found.n_users == 29858
    assert round(found.rows[0]["recall@20"], 4) == 0.0416
    assert round(found.rows[0]["ndcg@20"], 4) == 0.0317


def test_new_users_are_asked_for_by_what_is_told_of_them(tmp_path: Path) -> None:
    frames = two_tastes(tmp_path / "frames")
    found = evaluate(frames, ["lightgcn", "popular"], ks=[5], settings=SplitSettings("new-users", 0.25))
    assert found.n_users == 10
    lightgcn, popular = found.rows
    assert lightgcn["recall@5"] > 0.9 > popular["recall@5"] > 0


def test_folds_are_averaged(tmp_path: Path) -> None:
    frames = two_tastes(tmp_path / "frames")
    settings = SplitSettings("folds", folds=4)
    whole = evaluate(frames, ["popular"], ks=[5], settings=settings)
    parts = [evaluate(frames, ["popular"], ks=[5], settings=each) for each in settings.each_fold()]
    assert whole.n_test == 400 == sum(part.n_test for part in parts)
    assert whole.rows[0]["ndcg@5"] == pytest.approx(sum(part.rows[0]["ndcg@5"] for part in parts) / 4)
    assert "each of 4 parts" in whole.says


def test_groups_are_measured_apart_with_the_gap_between_them(tmp_path: Path) -> None:
    frames = two_tastes(tmp_path / "frames")
    with FramesWriter(tmp_path / "more", "toy", "test") as writer:
        writer.add("interactions", frames.table("interactions"))
        users = [f"u{n}" for n in range(40)]
        writer.add("users", pa.table({"user_id": users, "team": ["odd" if n % 2 else "even" for n in range(40)]}))
        more = writer.finish()
    by = ["activity", "item-age", "item-popularity", "team"]
    found = evaluate(more, ["popular"], ks=[5], settings=SplitSettings("time-user"), groups=Groups(by))
    rows = pd.DataFrame(list(found.groups))
    teams = rows[rows["by"] == "team"]
    assert teams["group"].tolist() == ["even", "odd"]
    assert teams["n_users"].tolist() == [20, 20]
    assert teams["recall@5"].mean() == pytest.approx(found.rows[0]["recall@5"]), "as many users in each"
    gap = next(one for one in gaps(found.groups) if one["by"] == "team")
    assert gap["gap"] == pytest.approx(teams["recall@5"].max() - teams["recall@5"].min())
    tails = rows[rows["by"] == "item-popularity"]
    assert tails["exposure"].sum() == pytest.approx(1)
    assert rows[rows["by"] == "activity"]["n_pairs"].sum() == found.n_test
    assert (rows["low"] <= rows["recall@5"]).all()
    with pytest.raises(InputError, match=r"no property 'shoe'.*activity, item-age, item-popularity, team"):
        evaluate(more, ["popular"], ks=[5], groups=Groups(["shoe"]))


def test_groups_by_a_property_of_the_graphs_users_are_those_of_the_files(graph: Graph, tmp_path: Path) -> None:
    events = two_tastes(tmp_path / "frames").table("interactions")
    with FramesWriter(tmp_path / "more", "toy", "test") as writer:
        writer.add("interactions", events)
        users = [f"u{n}" for n in range(40)]
        told = {"user_id": users, "team": ["odd" if n % 2 else None for n in range(40)], "level": [*range(40)]}
        writer.add("users", pa.table(told))
        writer.add(
            "items", pa.table({"item_id": [f"i{n}" for n in range(24)], "year": [1990 + n % 2 for n in range(24)]})
        )
        frames = writer.finish()
    with open_rows(frames) as rows:
        load_over_bolt(graph, rows, None)
    groups = Groups(["team", "level", "year:1991"])
    asked = {"ks": [5], "settings": SplitSettings("time-user"), "groups": groups}
    live, files = (evaluate(data, ["popular"], **asked) for data in (graph, frames))  # type: ignore[arg-type]
    assert live.groups == files.groups
    assert {row["group"] for row in live.groups} > {"odd", "0 to 10 level", "year:1991", "others"}
    assert sum(row["exposure"] for row in live.groups if row["by"] == "year:1991") == pytest.approx(1)


def test_groups_by_what_is_sensitive_need_the_policy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'allow = \["users.gender"\]'):
        allowed_groups("activity,gender", tmp_path)
    (tmp_path / "privacy.toml").write_text('[columns]\nallow = ["users.gender"]\n', encoding="utf-8")
    assert allowed_groups("activity,gender", tmp_path) == ["activity", "gender"]


def test_predicted_ratings_are_measured_beside_lists(tmp_path: Path) -> None:
    ratings = [float(n % 5 + 1) for n in range(400)]
    frames = two_tastes(tmp_path / "frames")
    table = frames.table("interactions")
    columns = [table[name].to_pylist() for name in ("user_id", "item_id", "at")]
    rated = stage(tmp_path / "rated", list(zip(*columns, strict=True)), rating=ratings)
    run = Run.of(rated, tmp_path / "train", SplitSettings("time-user"), ks=[5])

    class Threes(PopularityRecommender):
        def predict(self, user_ids: Sequence[str], item_ids: Sequence[str]) -> npt.NDArray[np.float64]:
            return np.full(len(user_ids), 3.0)

    found = run.measure(Threes().fit(run.held.snapshot), IN_MEMORY).figures
    assert len(run.held.rated) == 80
    assert found["mae"] == pytest.approx(np.abs(run.held.rated["rating"] - 3).mean())
    assert "rmse" not in run.measure(PopularityRecommender().fit(run.held.snapshot), IN_MEMORY).figures
