"""The night as a whole, on a real graph: swapped, kept, refused, rolled back, and killed at every step."""

from __future__ import annotations

import json
import multiprocessing
import shlex
import sys
import time
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from graphrec import versions
from graphrec.cli.app import app
from graphrec.cli.verbs import retrain as verb  # noqa: F401
from graphrec.cli.verbs import schema  # noqa: F401  (with one command alone, Typer takes no name for it)
from graphrec.errors import AuditError, BusyError, InputError, ModelError
from graphrec.graph import Graph
from graphrec.models.lightgcn.model import LightGCN
from graphrec.nightly import NewData, Outcome, retrain, roll_back
from graphrec.nightly.gate import compare
from graphrec.snapshot import Snapshot
from tests.nightly.world import COLUMNS, SETTINGS, snapshot, write_night

NAME = "lightgcn"
BAD = {"embedding_dim": 1}

PROCESSES: Any = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
if sys.platform != "win32":  # what a night imports takes seconds: once for all nights that are killed
    PROCESSES.set_forkserver_preload(["graphrec.models.lightgcn.model", "graphrec.nightly", __name__])


def night(folder: Path, number: int, settings: dict[str, object] | None = None, **more: object) -> Outcome:
    """A night with the data of that number."""
    data = NewData(write_night(folder, number), COLUMNS)
    return retrain(name=NAME, settings=settings, data=data, **more)  # type: ignore[arg-type]


@pytest.fixture
def first(graph: Graph, tmp_path: Path) -> Outcome:
    """The first night: there is nothing to compare with."""
    return night(tmp_path, 0, SETTINGS)


def model_of(graph: Graph, version: int | None) -> LightGCN:
    assert version is not None
    return LightGCN.load(versions.version_folder(graph.home, "lightgcn", version) / "model")


def live(graph: Graph) -> int:
    found = versions.current(graph, "lightgcn")
    assert found is not None
    return found.version


def left_over(graph: Graph) -> bool:
    return (graph.home / "models" / "lightgcn" / ".retrain").exists()


def test_the_first_version_goes_live_and_the_next_starts_from_it(graph: Graph, first: Outcome, tmp_path: Path) -> None:
    assert (first.decision, first.status, first.before, first.live, first.warm) == ("swapped", 0, None, 1, False)
    assert list(first.seconds) == ["load", "features", "snapshot", "train", "publish", "swap"]
    assert first.loaded["counts"]["interacted"] == snapshot(0).matrix.nnz
    second = night(tmp_path, 1, margin=0.1)
    assert (second.decision, second.before, second.live, second.warm) == ("swapped", 1, 2, True)
    assert live(graph) == 2
    assert not left_over(graph)
    assert model_of(graph, 2).settings == model_of(graph, 1).settings, "those of the live version are kept"
    now = Snapshot.from_graph(graph)
    assert now.matrix.nnz == snapshot(1).matrix.nnz
    verdict = compare(now, model_of(graph, 2), model_of(graph, 1))
    assert second.metrics == {"new": verdict.new, "live": verdict.live}
    assert (second.n_pairs, second.n_users) == (verdict.n_pairs, verdict.n_users)


def test_a_worse_one_is_not_published(graph: Graph, first: Outcome, tmp_path: Path) -> None:
    claimed = graph.read("model/claimed", model="lightgcn")
    found = night(tmp_path, 1, BAD)
    assert (found.decision, found.status, found.before, found.live, found.warm) == ("kept", 3, 1, 1, False)
    assert found.metrics["new"]["recall@20"] < 0.9 * found.metrics["live"]["recall@20"]
    assert "lightgcn version 1 stays live; what was trained is worse by more than 0.01 of it: recall@20" in found.says
    assert live(graph) == 1
    assert graph.read("model/claimed", model="lightgcn") == claimed, "nothing was written into the graph"
    assert not left_over(graph)


def test_a_better_one_is_and_can_be_taken_back(graph: Graph, tmp_path: Path) -> None:
    night(tmp_path, 0, {**SETTINGS, **BAD})
    better = night(tmp_path, 1, {"embedding_dim": 8})
    assert better.decision == "swapped"
    assert better.metrics["new"]["recall@20"] > better.metrics["live"]["recall@20"]
    back = roll_back(name=NAME, report=tmp_path / "report.json")
    assert (back.decision, back.status, back.before, back.live) == ("rolled back", 0, 2, 1)
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["live"] == live(graph) == 1


def test_nothing_new_is_nothing_to_do(graph: Graph, first: Outcome, tmp_path: Path) -> None:
    found = night(tmp_path, 0)
    assert (found.decision, found.status, found.live) == ("unchanged", 0, 1)
    assert "train" not in found.seconds
    assert retrain(name=NAME, again=True, margin=0.5).live == 2


def test_so_many_versions_stay(graph: Graph, first: Outcome, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        assert night(tmp_path, number, keep=2, margin=0.5).live == number + 1
    kept = sorted(path.name for path in (graph.home / "models" / "lightgcn").iterdir() if path.is_dir())
    assert kept == ["000003", "000004"]
    assert roll_back(name=NAME).live == 3
    with pytest.raises(InputError, match="expected at least 2 versions to keep"):
        retrain(name=NAME, keep=1)


AUDIT = """
import os, sys
from pathlib import Path
from neo4j import GraphDatabase
key = os.environ["NEO4J_USER"], os.environ["NEO4J_PASSWORD"]
with GraphDatabase.driver(os.environ["NEO4J_URI"], auth=key) as driver:
    rows = driver.execute_query("MATCH (u:User) RETURN count(u) AS n", database_=os.environ["NEO4J_DATABASE"]).records
Path(sys.argv[1]).write_text(f"{rows[0]['n']} {os.environ['GRAPHREC_HOME']}", "utf-8")
sys.exit(int(sys.argv[2]))
"""


@pytest.mark.parametrize("status", [0, 7])
def test_an_audit_by_a_command_sees_the_graph_and_decides(
    graph: Graph, first: Outcome, tmp_path: Path, status: int
) -> None:
    (tmp_path / "audit.py").write_text(AUDIT, "utf-8")
    words = [sys.executable, str(tmp_path / "audit.py"), str(tmp_path / "seen"), str(status)]
    arguments = ["retrain", "--model", NAME, "--data", str(write_night(tmp_path, 1)), "--columns", "user=who,item=what"]
    arguments += ["--audit", shlex.join(words), "--margin", "0.5", "--json", "--report", str(tmp_path / "report.json")]
    told = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert told.exit_code == (4 if status else 0)
    found = json.loads(told.stdout)
    assert found == json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert found["decision"] == ("refused" if status else "swapped")
    steps = ["load"] if status else ["load", "audit", "features", "snapshot", "train", "compare", "publish", "swap"]
    assert [step["step"] for step in found["steps"]] == steps
    assert (f"ended with exit status {status}; nothing was trained" in found["says"]) is bool(status)
    assert live(graph) == found["live"] == (1 if status else 2)
    assert (tmp_path / "seen").read_text("utf-8") == f"{snapshot(1).n_users} {graph.home}"


def test_an_audit_in_python_decides_too(graph: Graph, first: Outcome, tmp_path: Path) -> None:
    def no(given: Graph) -> None:
        assert given.read("stats/nodes")[0]["users"] == snapshot(1).n_users
        raise AuditError("too many users called Zoë")

    found = night(tmp_path, 1, audit=no)
    assert (found.decision, found.status, found.says) == ("refused", 4, "too many users called Zoë")
    assert live(graph) == 1
    assert not left_over(graph)


def test_two_at_once_are_one_too_many(graph: Graph, first: Outcome, tmp_path: Path) -> None:
    ends: list[str] = []

    def second(what: str, done: int, total: int) -> None:
        if (what, done) == ("train", 0):
            with pytest.raises(BusyError, match="another run retrains lightgcn in"):
                retrain(name=NAME, report=tmp_path / "report.json")
            ends.append(CliRunner().invoke(app, ["retrain", "--model", NAME], catch_exceptions=False).exit_code)

    assert night(tmp_path, 1, margin=0.5, progress=second).decision == "swapped"
    assert ends == [5]
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["decision"] == "busy"


def test_the_command_tells_how_it_ended(graph: Graph, tmp_path: Path) -> None:
    sets = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
    load = ["--data", str(write_night(tmp_path, 0)), "--columns", "user=who,item=what"]
    told = CliRunner().invoke(app, ["retrain", "--model", NAME, *load, *sets], catch_exceptions=False)
    assert told.exit_code == 0
    assert "swapped: lightgcn version 1 is live" in told.stdout
    worse = CliRunner().invoke(app, ["retrain", "--model", NAME, "--set", "embedding_dim=1"], catch_exceptions=False)
    assert worse.exit_code == 3
    assert "kept: lightgcn version 1 stays live" in worse.stdout
    again = CliRunner().invoke(app, ["retrain", "--model", NAME, "--again", "--margin", "0.5"], catch_exceptions=False)
    assert "swapped: lightgcn version 2 is live" in again.stdout
    back = CliRunner().invoke(app, ["retrain", "--model", NAME, "--rollback"], catch_exceptions=False)
    assert (back.exit_code, back.stdout) == (0, "rolled back: lightgcn version 1 is live again\n")


def test_what_cannot_be_compared_is_told_before_the_work(graph: Graph, first: Outcome, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no pairs were, or are to be, withheld from lightgcn version 1"):
        retrain(name=NAME, settings={"validation_share": 0.0}, report=tmp_path / "report.json")
    told = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (told["decision"], told["status"]) == ("failed", 1)
    with pytest.raises(InputError, match=r"expected new data in .*, found nothing there"):
        retrain(name=NAME, data=NewData(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="expected a margin from 0"):
        retrain(name=NAME, margin=1)


MOMENTS = [
    ("users", 1),
    ("load", 1),
    ("audit", 0),
    ("features", 0),
    ("snapshot", 0),
    ("train", 0),
    ("training", 6),
    ("train", 1),
    ("compare", 0),
    ("publish", 0),
    ("user vectors", 1),
    ("index", 0),
    ("swap", 0),
    ("swap", 1),
]

WITHIN = {"users": "load", "training": "train", "user vectors": "publish", "index": "publish"}
"""The steps of what is told within one."""


def night_up_to(path: Path, what: str, done: int, reached: Event) -> None:
    """Run a night, and wait for its end when it tells what."""

    def wait(told: str, n: int, total: int) -> None:
        if told == what and n >= done:
            reached.set()
            time.sleep(60)

    retrain(name=NAME, data=NewData(path, COLUMNS), audit=lambda graph: None, margin=0.5, progress=wait)


def kill_at(path: Path, what: str, done: int) -> None:
    """Run the night in a process of its own, and kill that when it tells what."""
    reached = PROCESSES.Event()
    child = PROCESSES.Process(target=night_up_to, args=(path, what, done, reached))
    child.start()
    try:
        assert reached.wait(120)
    finally:
        child.kill()
        child.join()


@pytest.mark.parametrize(("what", "done"), MOMENTS)
def test_killed_at_a_step_the_next_run_goes_on_and_ends_the_same(
    graph: Graph, first: Outcome, tmp_path: Path, what: str, done: int
) -> None:
    before = versions.read_slot(graph, versions.current(graph, "lightgcn")).vectors  # type: ignore[arg-type]
    path = write_night(tmp_path, 1)
    kill_at(path, what, done)
    state = json.loads((graph.home / "models" / "lightgcn" / ".retrain" / "state.json").read_text("utf-8"))
    assert state["step"] == WITHIN.get(what, what)
    swapped = (what, done) == ("swap", 1)
    assert live(graph) == (2 if swapped else 1)
    if not swapped:
        after = versions.read_slot(graph, versions.current(graph, "lightgcn")).vectors  # type: ignore[arg-type]
        np.testing.assert_array_equal(before.item_vectors, after.item_vectors)
    told: list[tuple[str, int]] = []
    found = retrain(
        name=NAME,
        data=NewData(path, COLUMNS),
        audit=lambda graph: None,
        margin=0.5,
        progress=lambda w, d, t: told.append((w, d)),
    )
    assert (found.decision, found.before, found.live, found.resumed) == ("swapped", 1, live(graph), True)
    assert list(found.seconds) == ["load", "audit", "features", "snapshot", "train", "compare", "publish", "swap"]
    now = Snapshot.from_graph(graph)
    assert now.matrix.nnz == snapshot(1).matrix.nnz, "nothing is half loaded"
    folder = versions.version_folder(graph.home, "lightgcn", 1) / "model"
    wanted = LightGCN(model_of(graph, 1).settings, previous=folder).fit(now)
    np.testing.assert_array_equal(model_of(graph, found.live).item_vectors, wanted.item_vectors)
    held = versions.read_slot(graph, versions.current(graph, "lightgcn")).vectors  # type: ignore[arg-type]
    np.testing.assert_allclose(held.user_vectors, wanted.scored().unit("dot").user_vectors, atol=1e-6)
    verdict = compare(now, wanted, model_of(graph, 1))
    assert found.metrics == {"new": verdict.new, "live": verdict.live}
    trained = [n for w, n in told if w == "training"]
    n_epochs = len(wanted.history)
    again = any(n <= 4 * n_epochs for n in trained)
    assert again is ((what, done) in MOMENTS[:7]), "later only what learns from the withheld pairs runs again"
    if what == "training":
        assert min(trained) == 5, "the first epoch, of four steps, isn't trained again"
    assert not left_over(graph)


def test_an_interrupted_run_goes_on_with_its_own_data(graph: Graph, first: Outcome, tmp_path: Path) -> None:
    """What the graph gets after the snapshot is the next night's; a version from elsewhere begins the run anew."""
    path = write_night(tmp_path, 1)
    kill_at(path, "train", 0)
    with graph.session() as session:
        session.run("CREATE (:User {user_id: 'late'})-[:INTERACTED {kind: 'rating', count: 1}]->(:Item {item_id: 'x'})")
    data = NewData(path, COLUMNS)
    found = retrain(name=NAME, data=data, margin=0.5)
    assert found.resumed
    assert "late" not in model_of(graph, found.live).user_ids
    kill_at(path, "train", 0)
    roll_back(name=NAME)
    later = retrain(name=NAME, data=data, margin=0.5)
    assert (later.resumed, later.before) == (False, 1)
    assert "late" in model_of(graph, later.live).user_ids


def test_a_half_loaded_data_set_is_not_learnt_from(graph: Graph, first: Outcome, tmp_path: Path) -> None:
    path = write_night(tmp_path, 1)
    kill_at(path, "users", 1)
    with pytest.raises(ModelError, match=r"interrupted while it loaded .*night1\.csv, a part of which is in the graph"):
        retrain(name=NAME)
    assert retrain(name=NAME, data=NewData(path, COLUMNS), margin=0.5).decision == "swapped"


def test_a_version_from_elsewhere_is_not_overwritten_by_an_older_start(
    graph: Graph, first: Outcome, tmp_path: Path
) -> None:
    """Another version went live while the run lay dead: it begins again from that one."""
    path = write_night(tmp_path, 1)
    kill_at(path, "compare", 0)
    other = model_of(graph, 1)
    versions.publish(
        graph,
        "lightgcn",
        other.learnt(Snapshot.from_graph(graph)),
        settings=other.settings_dict,
        save=other.save,
    )
    found = retrain(name=NAME, data=NewData(path, COLUMNS), margin=0.5)
    assert (found.decision, found.before, found.resumed) == ("swapped", 2, True)
    folder = versions.version_folder(graph.home, "lightgcn", 2) / "model"
    wanted = LightGCN(replace(other.settings), previous=folder).fit(Snapshot.from_graph(graph))
    np.testing.assert_array_equal(model_of(graph, found.live).item_vectors, wanted.item_vectors)


def test_a_blend_follows_the_one_before(graph: Graph, tmp_path: Path) -> None:
    """Trained, retrained warm, measured as a whole, and rolled back."""
    sizes = {"filter": "chebyshev", "lightgcn.embedding_dim": 8, "lightgcn.epochs": 3, "n_stored": 5}
    data = [NewData(write_night(tmp_path, number), COLUMNS) for number in (0, 1)]
    assert retrain(settings=sizes, data=data[0]).decision == "swapped"
    second = retrain(data=data[1], margin=0.9)
    assert (second.decision, second.live) == ("swapped", 2)
    found = versions.current(graph, "blend")
    assert found is not None
    assert (found.dim, found.n_neighbours) == (10, 5), "8 numbers learnt, popularity, and what fills the length"
    assert found.settings["lightgcn.epochs"] == 3, "the settings of the version before are kept"
    assert retrain().decision == "unchanged"
    assert roll_back().live == 1
