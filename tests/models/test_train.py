"""From the graph into the graph: train, publish, resume, and the command that does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from graphrec import versions
from graphrec.cli.app import app
from graphrec.cli.pairs import read_pairs
from graphrec.cli.verbs import explain, recommend, schema, similar  # noqa: F401  (each adds its command)
from graphrec.cli.verbs import train as verb
from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.models.base import Report
from graphrec.models.filters.model import load_filter
from graphrec.models.lightgcn.model import LightGCN
from graphrec.models.train import checkpoint_folder, train
from graphrec.snapshot import Snapshot

SETTINGS = {"embedding_dim": 8, "batch_size": 256, "epochs": 3, "patience": 3}

WRITE = """
UNWIND $pairs AS pair
MERGE (u:User {user_id: pair[0]})
MERGE (i:Item {item_id: pair[1]})
MERGE (u)-[:INTERACTED {kind: 'rating', count: 1}]->(i)
"""


@pytest.fixture
def filled(graph: Graph, tastes: Snapshot) -> Graph:
    """The graph with the likings of `tastes`."""
    users, items = tastes.user_ids[tastes.pair_users()], tastes.item_ids[tastes.matrix.indices]
    with graph.session() as session:
        session.run(WRITE, pairs=[list(pair) for pair in zip(users, items, strict=True)]).consume()
    return graph


def stop_at(epoch: int) -> Callable[[Report], None]:
    def stop(report: Report) -> None:
        if report.epoch == epoch:
            raise KeyboardInterrupt

    return stop


def test_training_publishes_the_vectors_that_the_model_learnt(filled: Graph) -> None:
    version = train(filled, "lightgcn", settings=SETTINGS)
    assert versions.current(filled, "lightgcn") == version
    assert (version.settings["embedding_dim"], version.dim) == (8, 10)
    assert version.ending == pytest.approx((1, 0))
    assert 0 < version.metrics["validation_recall@20"] <= 1
    learnt = LightGCN.load(versions.version_folder(filled.home, "lightgcn", version.version) / "model")
    held = versions.read_slot(filled, version).vectors
    np.testing.assert_allclose(held.user_vectors, learnt.scored().unit("dot").user_vectors, atol=1e-6)
    assert versions.load_learnt(filled, version).vectors.ending == held.ending == version.ending


def test_interrupted_training_goes_on_and_ends_with_the_same_vectors(filled: Graph) -> None:
    first = train(filled, "lightgcn", settings=SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        train(filled, "lightgcn", settings=SETTINGS, again=True, progress=stop_at(3))
    assert versions.current(filled, "lightgcn") == first
    reports: list[Report] = []
    second = train(filled, "lightgcn", settings=SETTINGS, resume=True, again=True, progress=reports.append)
    assert {r.epoch for r in reports} == {3, 4}, "the last learns from what was withheld, too"
    np.testing.assert_array_equal(
        versions.read_slot(filled, first).vectors.item_vectors,
        versions.read_slot(filled, second).vectors.item_vectors,
    )


def test_what_has_not_changed_is_not_trained_again(filled: Graph) -> None:
    first = train(filled, "lightgcn", settings=SETTINGS)
    reports: list[Report] = []
    assert train(filled, "lightgcn", settings=SETTINGS, progress=reports.append) == first
    assert not reports
    assert train(filled, "lightgcn", settings=SETTINGS | {"seed": 7}).version == 2
    with filled.session() as session:
        session.run(WRITE, pairs=[["a new user", "a new item"]]).consume()
    assert train(filled, "lightgcn", settings=SETTINGS | {"seed": 7}, progress=reports.append).version == 3
    assert reports


def test_interrupted_while_publishing_it_publishes_without_training_again(filled: Graph) -> None:
    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(filled, "lightgcn", settings=SETTINGS, publishing=stop)
    assert versions.current(filled, "lightgcn") is None
    reports: list[Report] = []
    version = train(filled, "lightgcn", settings=SETTINGS, resume=True, progress=reports.append)
    best = LightGCN.load(versions.version_folder(filled.home, "lightgcn", version.version) / "model").metrics["epochs"]
    n_final = LightGCN.of(SETTINGS).settings.final_epochs(int(best))
    assert len({r.epoch for r in reports}) == n_final, "only what learns from the withheld pairs, too"
    assert versions.current(filled, "lightgcn") == version
    assert not list(checkpoint_folder(filled.home, "lightgcn").iterdir())


def test_a_model_with_nothing_for_the_graph_is_refused(filled: Graph) -> None:
    with pytest.raises(InputError, match="popular is counted where it is asked for; train one of blend, lightgcn"):
        train(filled, "popular")


def test_a_warm_run_starts_at_the_live_version(filled: Graph) -> None:
    first = train(filled, "lightgcn", settings=SETTINGS, warm=True)
    assert train(filled, "lightgcn", settings=SETTINGS, warm=True) == first, "nothing is new"
    with filled.session() as session:
        session.run(WRITE, pairs=[["a new user", "a new item"], ["a new user", "i000"]]).consume()
    reports: list[Report] = []
    second = train(filled, "lightgcn", settings=SETTINGS, warm=True, progress=reports.append)
    assert second.version == 2
    assert {r.epochs for r in reports} == {LightGCN().settings.warm_epochs}
    models = [
        LightGCN.load(versions.version_folder(filled.home, "lightgcn", v.version) / "model") for v in (first, second)
    ]
    snapshot = Snapshot.from_graph(filled)
    assert (models[1].past.was_withheld(snapshot) >= models[0].past.was_withheld(snapshot)).all()
    start, end = models[0].untold_weight[:60], models[1].untold_weight[snapshot.user_idx(models[0].user_ids)]
    assert (np.linalg.norm(end - start, axis=1) < np.linalg.norm(start, axis=1)).all()


@pytest.mark.parametrize(("name", "dim"), [("p3alpha", 0), ("chebyshev", 9)])
def test_a_filter_is_trained_published_and_left_alone_while_nothing_changes(
    filled: Graph, tastes: Snapshot, name: str, dim: int
) -> None:
    settings = {"n_stored": 4} | ({"rank": 8} if dim else {})
    version = train(filled, name, settings)
    assert (version.dim, version.n_neighbours, version.slot) == (dim, 4, "a")
    held, kept = versions.read_slot(filled, version), versions.load_files(filled, version)
    model = load_filter(versions.version_folder(filled.home, name, version.version) / "model")
    wanted = model.learnt(Snapshot.from_graph(filled)).similar
    for found in (held.similar, kept.similar):
        np.testing.assert_array_equal(found.scores.toarray(), wanted.scores.toarray())
    assert train(filled, name, settings) == version
    assert train(filled, name, settings | {"n_stored": 5}).slot == "b"


def test_the_command_trains_a_filter_and_its_lists_are_shown(filled: Graph) -> None:
    arguments = ["train", "--model", "item_graph", "--set", "n_stored=4"]
    told = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert "item_graph version 1 is live (up to 4 similar items an item)" in told.stdout
    near = CliRunner().invoke(app, ["similar", "i000", "--with", "item_graph", "--json"], catch_exceptions=False)
    assert [row["rank"] for row in json.loads(near.stdout)["items"]] == [1, 2, 3, 4]
    asked = ["recommend", "u000", "--with", "item_graph", "--json"]
    shown = json.loads(CliRunner().invoke(app, asked, catch_exceptions=False).stdout)
    assert shown["model"] == "item_graph"
    assert shown["items"][0]["reason"].startswith("because you liked 'i")
    why = ["explain", "u000", shown["items"][0]["item_id"], "--with", "item_graph", "--json"]
    reasons = json.loads(CliRunner().invoke(app, why, catch_exceptions=False).stdout)["reasons"]
    assert reasons[0]["part"] >= reasons[-1]["part"] > 0


def test_the_command_trains_and_tells(filled: Graph) -> None:
    arguments = ["train", "--model", "lightgcn", "--epochs", "1", "--embedding-dim", "8", "--set", "batch_size=256"]
    told = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert "lightgcn version 1 is live (10 numbers a vector; validation_recall@20 " in told.stdout
    same = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert "lightgcn version 1 is live" in same.stdout
    assert "neither data nor settings have changed since it was trained; --again" in same.stderr
    found = json.loads(CliRunner().invoke(app, [*arguments, "--again", "--json"], catch_exceptions=False).stdout)
    assert (found["version"], found["slot"], found["settings"]["batch_size"]) == (2, "b", 256)
    assert found["metrics"]["validation_recall@20"] > 0


def test_the_command_interrupted_says_how_to_go_on(filled: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb._Watch, "fit", lambda self, report: stop_at(2)(report))
    told = CliRunner().invoke(app, ["train", "--model", "lightgcn", "--epochs", "2", "--embedding-dim", "8"])
    assert told.exit_code == 130
    assert "graphrec train --model lightgcn --resume" in told.stderr
    monkeypatch.undo()
    assert checkpoint_folder(filled.home, "lightgcn").is_dir()


def test_a_setting_that_is_no_pair_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected --set NAME=…"):
        read_pairs(["temperature"], "--set temperature=0.1")
