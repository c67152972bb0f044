"""Models tuned on a small world: in this process, in others, and in one that is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import graphrec
from graphrec.cli.app import app
from graphrec.cli.durations import read_seconds
from graphrec.cli.verbs import recommend as _recommend  # noqa: F401  (with two, the commands have names)
from graphrec.cli.verbs import tune as verb
from graphrec.errors import InputError, ModelError
from graphrec.evaluation import SplitSettings
from graphrec.evaluation.pairs import Pairs, read_pairs
from graphrec.evaluation.parts import split
from graphrec.frames import Frames
from graphrec.graph import Graph
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.rows import open_rows
from graphrec.tuning import Tuning, tune
from graphrec.tuning.entry import validation
from graphrec.tuning.plot import plot_tuning
from graphrec.tuning.search import Step

FEW: dict[str, Any] = {"optimise": "recall@5", "settings": SplitSettings(seed=7)}
SMALL = {"embedding_dim": 8, "epochs": 2, "loss": "softmax", "device": "cpu", "metric": "dot"}


def ids(pairs: Pairs) -> set[tuple[str, str]]:
    return set(zip(pairs.user_ids[pairs.user_idx], pairs.item_ids[pairs.item_idx], strict=True))


def tried(found: Tuning) -> list[tuple[int, Any, Any]]:
    return sorted((trial.number, trial.value, trial.settings) for trial in found.trials)


@pytest.mark.parametrize("method", ["time-user", "ratio"])
def test_trials_learn_from_neither_the_validation_nor_the_test_part(
    tastes: Frames, tmp_path: Path, method: str
) -> None:
    settings = SplitSettings(method, seed=7)
    _, held = validation(tastes, tmp_path / "a", settings)
    test = {(u, i) for u, i in split(tastes, tmp_path / "b", settings).test.to_numpy().tolist()}
    truth = held.truth
    users, items = truth.pairs // len(truth.item_ids), truth.pairs % len(truth.item_ids)
    withheld = set(zip(truth.user_ids[users], truth.item_ids[items], strict=True))
    rows, columns = held.snapshot.seen.nonzero()
    learnt = set(zip(held.snapshot.user_ids[rows], held.snapshot.item_ids[columns], strict=True))
    assert withheld
    assert test
    assert not learnt & withheld
    assert not (learnt | withheld) & test
    assert learnt | withheld <= ids(read_pairs(tastes)) - test


def test_a_fixed_test_part_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "adjacency"
    folder.mkdir()
    for u in range(9):
        items = [str((u + i) % 9) for i in range(7)]
        for name, part in (("train.txt", items[:6]), ("test.txt", items[6:])):
            with (folder / name).open("a") as file:
                file.write(" ".join([str(u), *part]) + "\n")
    found = tune(folder, "p3alpha", optimise="recall@2", trials=1, home=tmp_path, settings=SplitSettings("fixed"))
    assert (found.split, found.n_train + found.n_validation) == ("ratio", 9 * 6)


def test_the_best_is_found_measured_and_told(tastes: Frames, tmp_path: Path) -> None:
    steps: list[Step] = []
    found = tune(tastes, "p3alpha", trials=6, home=tmp_path, progress=steps.append, **FEW)
    values = [trial.value for trial in found.trials]
    assert values == sorted(values, reverse=True)  # type: ignore[type-var]
    assert found.best == steps[-1].best == found.trials[0]
    assert (found.ended, steps[-1].done, steps[-1].wanted) == ("trials", 6, 6)
    assert any(step.doing.endswith("ranks for users 40 of 40") for step in steps)
    assert sum(found.importances.values()) == pytest.approx(1)
    assert set(found.importances) == {"alpha", "beta", "n_neighbours"}
    first = next(trial for trial in found.trials if trial.number == 1)
    assert first.settings == {"alpha": 1.0, "beta": 0.3, "n_neighbours": 500}, "the defaults"
    assert found.best.metrics["recall@5"] == found.best.value
    assert {"ndcg@5", "coverage@5"} <= set(found.best.metrics)
    assert set(found.best.seconds) == {"fit_s", "recommend_s"}
    words = " ".join(f"--set {n}={v}" for n, v in sorted(found.best.settings.items()))
    assert found.command() == f"graphrec train --model p3alpha {words}"


def test_a_trial_measures_what_evaluate_measures(tastes: Frames, tmp_path: Path) -> None:
    found = tune(tastes, "item_graph", trials=2, home=tmp_path, **FEW)
    rest = split(tastes, tmp_path / "rest", FEW["settings"]).train
    settings = {"item_graph": found.best_settings}
    measured = graphrec.evaluate(rest, ["item_graph"], ks=[5], settings=FEW["settings"], model_settings=settings)
    assert {name: measured.rows[0][name] for name in found.best.metrics} == found.best.metrics
    assert (measured.n_train, measured.n_test) == (found.n_train, found.n_validation)


def test_the_same_seed_gives_the_same_trials_and_more_are_added(tastes: Frames, tmp_path: Path) -> None:
    whole = tune(tastes, "p3alpha", trials=6, home=tmp_path / "a", **FEW)
    part = tune(tastes, "p3alpha", trials=2, home=tmp_path / "b", **FEW)
    assert tried(part) == tried(whole)[:2]
    assert tried(tune(tastes, "p3alpha", trials=6, home=tmp_path / "b", **FEW)) == tried(whole)
    assert len(tune(tastes, "p3alpha", trials=1, home=tmp_path / "b", resume=False, **FEW).trials) == 1
    other = SplitSettings(seed=8)
    assert len(tune(tastes, "p3alpha", trials=1, home=tmp_path / "a", settings=other).trials) == 1


def test_what_is_fixed_is_never_searched(tastes: Frames, tmp_path: Path) -> None:
    ranges = {"alpha": "0.5,1", "n_neighbours": "5:9"}
    found = tune(tastes, "p3alpha", trials=4, home=tmp_path, fixed={"beta": "0.25"}, ranges=ranges, **FEW)
    assert found.fixed == {"beta": 0.25}
    assert found.space == {"alpha": "0.5,1.0", "n_neighbours": "5:9"}
    for trial in found.trials:
        assert trial.settings["alpha"] in (0.5, 1.0)
        assert trial.settings["n_neighbours"] in range(5, 10)
    assert "--set beta=0.25" in found.command()


def test_a_planted_setting_is_found(tmp_path: Path) -> None:
    """Two items that all like, and pairs that their likers alone like: only a large beta ranks those first."""
    lines = ["user,item"]
    for user in range(24):
        pair = [f"a{user % 6}", f"b{user % 6}", f"c{user % 6}", f"d{user % 6}"]
        lines += [f"u{user},{item}" for item in ("all1", "all2", "all3", "all4", *pair)]
    (tmp_path / "planted.csv").write_text("\n".join(lines))
    found = tune(tmp_path / "planted.csv", "p3alpha", optimise="novelty@1", sampler="grid", trials=5, home=tmp_path,
                 fixed={"alpha": 1, "n_neighbours": 50}, ranges={"beta": "0:1"})  # fmt: skip
    by_beta = {trial.settings["beta"]: trial.value for trial in found.trials}
    assert found.best.settings["beta"] > 0.5
    assert by_beta[1.0] > by_beta[0.0]  # type: ignore[operator]


def test_lightgcn_is_tuned_and_its_failures_are_told(tastes: Frames, tmp_path: Path) -> None:
    ranges = {"learning_rate": "0.01,1e30", "temperature": "0.1,0.2"}
    fixed = {**SMALL, "num_layers": 1, "correction": 1, "popularity": 0.5}
    found = tune(tastes, "lightgcn", sampler="grid", fixed=fixed, ranges=ranges, home=tmp_path, **FEW)
    assert [trial.state for trial in found.trials] == ["done", "done", "failed", "failed"]
    assert found.best.settings["learning_rate"] == 0.01
    assert all("lower learning_rate" in trial.reason for trial in found.trials[2:])
    assert found.command().startswith("graphrec train --model lightgcn --set correction=1.0 --set device=cpu")
    bad = tune(tastes, "lightgcn", fixed={**fixed, "learning_rate": 1e30}, trials=1, home=tmp_path, **FEW)
    with pytest.raises(ModelError, match=r"found none among 1; trial 1: .*lower learning_rate"):
        _ = bad.best


def test_jobs_try_settings_beside_each_other_with_a_share_of_the_threads(tastes: Frames, tmp_path: Path) -> None:
    before = dict(os.environ)
    found = tune(tastes, "p3alpha", trials=5, jobs=2, home=tmp_path, **FEW)
    assert sorted(trial.number for trial in found.trials) == [1, 2, 3, 4, 5]
    assert all(trial.state == "done" for trial in found.trials)
    assert dict(os.environ) == before
    alone = tune(tastes, "p3alpha", trials=1, home=tmp_path / "alone", **FEW)
    assert tried(found)[0] == tried(alone)[0]


CHILD = """
import sys
from pathlib import Path
from graphrec.evaluation import SplitSettings
from graphrec.frames import Frames
from graphrec.tuning import tune

def say(step):
    print(step.done, flush=True)

if __name__ == "__main__":
    frames = Frames(Path(sys.argv[1]), "two tastes", "test", {"interactions": int(sys.argv[2])}, {})
    tune(frames, "p3alpha", optimise="recall@5", settings=SplitSettings(seed=7), trials=500, home=Path(sys.argv[3]),
         progress=say)
"""


def test_a_killed_search_goes_on_with_the_trials_that_it_has(tastes: Frames, tmp_path: Path) -> None:
    whole = tune(tastes, "p3alpha", trials=7, home=tmp_path / "whole", **FEW)
    arguments = [str(tastes.folder), str(tastes.counts["interactions"]), str(tmp_path / "killed")]
    with subprocess.Popen([sys.executable, "-c", CHILD, *arguments], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        n_done = next(n for n in map(int, child.stdout) if n >= 3)
        child.kill()
        n_done = max([n_done, *map(int, child.stdout.read().split())])
    left = tune(tastes, "p3alpha", trials=1, home=tmp_path / "killed", **FEW)
    assert len(left.trials) in (n_done, n_done + 1), "the one that ended just when it was killed may be there"
    again = tune(tastes, "p3alpha", trials=max(7, len(left.trials)), home=tmp_path / "killed", **FEW)
    assert tried(again)[: len(left.trials)] == tried(left)
    assert tried(again)[:7] == tried(whole)


def test_the_log_and_the_plot_are_written(tastes: Frames, tmp_path: Path) -> None:
    found = tune(tastes, "p3alpha", trials=3, home=tmp_path, **FEW)
    found.write(tmp_path / "log.json")
    found.write(tmp_path / "log.csv")
    body = json.loads((tmp_path / "log.json").read_text())
    assert [trial["value"] for trial in body["trials"]] == [trial.value for trial in found.trials]
    rows = pd.read_csv(tmp_path / "log.csv")
    assert rows["recall@5"].tolist() == pytest.approx([trial.value for trial in found.trials])
    assert {"trial", "state", "alpha", "beta", "n_neighbours", "fit_s", "recommend_s"} <= set(rows.columns)
    plot_tuning(found, tmp_path / "plot.svg")
    drawn = (tmp_path / "plot.svg").read_text()
    assert drawn.count("<path") > 10
    plot_tuning(found, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    for path, message in ((tmp_path / "log.txt", ".json or .csv"), (tmp_path / "no" / "log.csv", "no folder")):
        with pytest.raises(InputError, match=message):
            found.write(path)
    with pytest.raises(InputError, match=r"\.png or \.svg or \.pdf"):
        plot_tuning(found, tmp_path / "plot.gif")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"model": "walk"}, "no model 'walk' to tune; there are blend, popular, lightgcn, p3alpha"),
        ({"model": "popular"}, "there is nothing to search"),
        ({"optimise": "recall"}, "expected METRIC@K to optimise, such as recall@20, found 'recall'"),
        ({"optimise": "recall@0"}, "expected METRIC@K"),
        ({"optimise": "beauty@5"}, "there are recall, precision, ndcg"),
        ({"sampler": "magic"}, "no sampler 'magic'"),
        ({"fixed": {"magic": 1}}, "no setting magic"),
        ({"ranges": {"beta": "1:0"}}, "from a smaller to a larger"),
    ],
)
def test_wrong_questions_are_refused_before_the_work(asked: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        tune(tmp_path / "nowhere", **{"model": "p3alpha", **asked})


def test_the_command_tunes_on_files_without_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")  # whoever tried to use it would fail
    monkeypatch.setenv("GRAPHREC_HOME", str(tmp_path / "home"))
    rows = [f"u{u},i{(u % 2) * 8 + i},{1_600_000_000 + 60 * i}" for u in range(12) for i in range(8) if (u + i) % 4]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["user,item,timestamp", *rows]))
    asked = ["tune", "--data", str(path), "--model", "p3alpha", "--optimise", "ndcg@3", "--set", "alpha=1"]
    asked += ["--search", "n_neighbours=2:6", "--trials", "3", "--budget", "1h"]
    files = ["--out", str(tmp_path / "log.json"), "--plot", str(tmp_path / "plot.svg")]
    told = CliRunner().invoke(app, [*asked, *files], catch_exceptions=False)
    found = tune(path, "p3alpha", optimise="ndcg@3", trials=3, fixed={"alpha": 1}, ranges={"n_neighbours": "2:6"})
    assert told.stdout.splitlines()[-1] == found.command()
    assert f"best: trial {found.best.number}, ndcg@3 {found.best.value:.4f}" in told.stdout
    assert json.loads((tmp_path / "log.json").read_text()) == found.as_dict()
    assert (tmp_path / "plot.svg").is_file()
    said = json.loads(CliRunner().invoke(app, [*asked, "--json"], catch_exceptions=False).stdout)
    assert said == found.as_dict()


def test_the_command_interrupted_shows_the_best_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: object, step: Step) -> None:
        if step.done == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(verb._Watch, "tell", stop)
    path = tmp_path / "log.csv"
    path.write_text("user,item\n" + "".join(f"u{u},i{(u * i) % 7}\n" for u in range(9) for i in range(6)))
    asked = ["tune", "--data", str(path), "--model", "p3alpha", "--optimise", "ndcg@3", "--home", str(tmp_path)]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 130
    assert "graphrec train --model p3alpha --set alpha=" in told.stdout
    assert "interrupted; the same command goes on" in told.stderr


def test_a_budget_is_read_as_people_write_it() -> None:
    assert [read_seconds(text, "--budget") for text in ("90", "90s", "10m", "1h30m")] == [90, 90, 600, 5400]
    for text in ("", "soon", "0m", "10 m", "-5s"):
        with pytest.raises(InputError, match="expected --budget as a time"):
            read_seconds(text, "--budget")


def test_the_graph_is_tuned_on_its_own_data(graph: Graph, tastes: Frames, tmp_path: Path) -> None:
    with open_rows(tastes) as rows:
        load_over_bolt(graph, rows, None)
    asked = ["tune", "--model", "p3alpha", "--optimise", "recall@5", "--trials", "2", "--seed", "7", "--json"]
    before = _ledgers(graph.home)
    said = json.loads(CliRunner().invoke(app, asked, catch_exceptions=False).stdout)
    files = tune(tastes, "p3alpha", trials=2, home=tmp_path, **FEW)
    assert (said["dataset"], said["n_validation"]) == ("the graph", files.n_validation)
    assert [trial["value"] for trial in said["trials"]] == [trial.value for trial in files.trials]
    assert _ledgers(graph.home) - before == _ledgers(tmp_path), "the same data, wherever they come from"


def _ledgers(home: Path) -> set[str]:
    return {path.name for path in (home / "tuning").glob("*.db")}
