"""LightGCN as a whole: it learns, stops, repeats itself, resumes, and says what is wrong."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse
from torch_geometric.nn.models import LightGCN as PyGLightGCN

from graphrec import models
from graphrec.errors import InputError, ModelError
from graphrec.models.base import GraphModel, Report
from graphrec.models.checkpoint import FILE
from graphrec.models.lightgcn.losses import LOSSES
from graphrec.models.lightgcn.model import LightGCN
from graphrec.models.lightgcn.propagation import Adjacency
from graphrec.models.lightgcn.sampling import SAMPLERS
from graphrec.models.lightgcn.settings import LightGCNSettings
from graphrec.models.lightgcn.trainer import Trainer
from graphrec.models.popularity import Popularity
from graphrec.snapshot import Snapshot

SMALL = LightGCNSettings(embedding_dim=8, batch_size=15, epochs=3, patience=4, learning_rate=0.02)


def scores(model: LightGCN) -> np.ndarray:  # type: ignore[type-arg]
    users, items = model.user_vectors, model.item_vectors
    if model.metric == "cosine":
        users, items = (v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-9) for v in (users, items))
    return users @ items.T


@pytest.mark.parametrize(
    ("loss", "sampling", "metric"),
    [*((loss, sampling, "cosine") for loss in LOSSES for sampling in SAMPLERS), ("softmax", "shared", "dot")],
)
def test_it_learns_the_two_tastes_from_a_random_start(tastes: Snapshot, loss: str, sampling: str, metric: str) -> None:
    settings = replace(SMALL, loss=loss, sampling=sampling, metric=metric, n_negatives=8, warm_start="random")
    settings = replace(settings, epochs=8, validation_share=0.0, batch_size=10)
    found = scores(LightGCN(settings).fit(tastes))[:, :-1]
    even, odd = found[:, ::2], found[:, 1::2]
    chances = [(even[::2, :, None] > odd[::2, None, :]).mean(), (odd[1::2, :, None] > even[1::2, None, :]).mean()]
    assert min(chances) > 0.8, "an item of one's own taste stands above one of the other"


def test_the_withheld_diagonal_of_a_checkerboard_comes_first() -> None:
    """Users like every second item; of each user one is left out, and must be ranked above all unseen others."""
    n = 20
    board = np.add.outer(np.arange(n), np.arange(n)) % 2 == 0
    np.fill_diagonal(board, False)
    user, item = np.nonzero(board)
    snapshot = Snapshot.from_pairs([f"{u:02d}" for u in user], [f"{i:02d}" for i in item])
    found = scores(LightGCN(replace(SMALL, validation_share=0.0)).fit(snapshot))
    found[board] = -np.inf
    np.testing.assert_array_equal(found.argmax(axis=1), np.arange(n))


def test_the_same_seed_gives_the_same_embeddings(tastes: Snapshot) -> None:
    state = torch.random.get_rng_state()
    first, again, other = (LightGCN(replace(SMALL, seed=seed)).fit(tastes) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.item_vectors, again.item_vectors)
    np.testing.assert_array_equal(first.user_vectors, again.user_vectors)
    assert not np.array_equal(first.item_vectors, other.item_vectors)
    assert torch.equal(state, torch.random.get_rng_state()), "the global generator isn't ours to turn"


@pytest.mark.parametrize("at_epoch", [1, 2])
def test_resumed_training_ends_where_an_uninterrupted_one_does(tastes: Snapshot, tmp_path: Path, at_epoch: int) -> None:
    whole = LightGCN(SMALL).fit(tastes)

    def stop(report: Report) -> None:
        if report.epoch == at_epoch + 1 and report.step == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        LightGCN(SMALL, checkpoints=tmp_path).fit(tastes, stop)
    epochs: list[int] = []
    resumed = LightGCN(SMALL, checkpoints=tmp_path, resume=True).fit(tastes, lambda r: epochs.append(r.epoch))
    assert min(epochs) == at_epoch + 1
    np.testing.assert_array_equal(resumed.item_vectors, whole.item_vectors)
    np.testing.assert_array_equal(resumed.user_vectors, whole.user_vectors)
    assert resumed.history == whole.history


def test_a_finished_checkpoint_is_not_trained_again(tastes: Snapshot, tmp_path: Path) -> None:
    first = LightGCN(SMALL, checkpoints=tmp_path).fit(tastes)
    reports: list[Report] = []
    again = LightGCN(SMALL, checkpoints=tmp_path, resume=True).fit(tastes, reports.append)
    n_final = SMALL.final_epochs(int(first.metrics["epochs"]))
    assert {r.epoch for r in reports} == set(range(4, 4 + n_final)), "only what learns from the withheld pairs, too"
    np.testing.assert_array_equal(first.item_vectors, again.item_vectors)


def test_a_checkpoint_of_other_settings_or_data_is_not_resumed(tastes: Snapshot, tmp_path: Path) -> None:
    LightGCN(SMALL, checkpoints=tmp_path).fit(tastes)
    reports: list[Report] = []
    LightGCN(replace(SMALL, seed=9), checkpoints=tmp_path, resume=True).fit(tastes, reports.append)
    assert reports[0].epoch == 1


def test_a_broken_checkpoint_says_so(tastes: Snapshot, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"PK nothing")
    with pytest.raises(ModelError, match="none that can be read"):
        LightGCN(SMALL, checkpoints=tmp_path, resume=True).fit(tastes)


def test_it_stops_when_the_recall_no_longer_rises(tastes: Snapshot) -> None:
    found = LightGCN(replace(SMALL, epochs=50, patience=2)).fit(tastes)
    recalls = [h["recall"] for h in found.history]
    assert len(recalls) < 50
    assert found.metrics["validation_recall@20"] == pytest.approx(max(recalls), abs=1e-6)
    assert len(recalls) == int(found.metrics["epochs"]) + 2


def test_reports_rise_and_end_with_the_recall(tastes: Snapshot) -> None:
    reports: list[Report] = []
    LightGCN(replace(SMALL, epochs=2)).fit(tastes, reports.append)
    ends = [r for r in reports if r.recall is not None]
    assert [r.epoch for r in ends] == [1, 2]
    assert all(r.step == r.steps for r in ends)
    assert {r.epoch for r in reports} == {1, 2, 3}, "one more learns from what was withheld, too"
    assert [(r.epoch, r.step) for r in reports] == sorted((r.epoch, r.step) for r in reports)


@pytest.mark.parametrize("change", [{"temperature": 1e-45}, {"learning_rate": 1e30, "metric": "dot"}])
def test_a_loss_that_runs_away_names_the_setting(tastes: Snapshot, change: dict[str, float]) -> None:
    with pytest.raises(ModelError, match=r"the loss became .* lower learning_rate \(now .*\) or raise temperature"):
        LightGCN(replace(SMALL, **change)).fit(tastes)  # type: ignore[arg-type]


def test_a_collapse_names_the_setting(tastes: Snapshot) -> None:
    """Where all like nearly the same, propagation alone makes all vectors one; the first check sees it."""
    user, item = np.nonzero(~np.eye(30, 20, dtype=bool))
    one_taste = Snapshot.from_pairs([f"u{n}" for n in user], [f"i{n}" for n in item])
    settings = replace(SMALL, num_layers=400, learning_rate=1e-6, warm_start="random")
    with pytest.raises(ModelError, match=r"all items got the same vector .* num_layers \(now 400\)"):
        LightGCN(settings).fit(one_taste)


def test_what_it_has_learnt_scores_by_cosine_and_by_popularity(tastes: Snapshot) -> None:
    found = LightGCN(replace(SMALL, temperature=0.2, popularity=0.7)).fit(tastes)
    learnt = found.learnt(tastes)
    wanted = scores(found) + 0.2 * 0.7 * np.log1p(tastes.n_likers())
    assert learnt.metric == "dot"
    np.testing.assert_allclose(learnt.vectors.user_vectors @ learnt.vectors.item_vectors.T, wanted, atol=1e-5)
    unit = learnt.unit().vectors
    cosines = unit.user_vectors @ unit.item_vectors.T
    np.testing.assert_allclose(np.corrcoef(cosines[0], wanted[0])[0, 1], 1, atol=1e-5)


def test_its_state_dict_is_pygs_and_gives_the_same_vectors(tastes: Snapshot) -> None:
    found = LightGCN(SMALL).fit(tastes)
    theirs = PyGLightGCN(tastes.n_users + tastes.n_items, 8, SMALL.num_layers)
    theirs.load_state_dict(found.state_dict())
    row, column = tastes.matrix.nonzero()
    there = torch.tensor(np.stack([row, column + tastes.n_users]), dtype=torch.long)
    with torch.no_grad():
        vectors = theirs.get_embedding(torch.cat([there, there.flip(0)], dim=1)).numpy()
    np.testing.assert_allclose(vectors[: tastes.n_users], found.user_vectors, atol=1e-5)
    np.testing.assert_allclose(vectors[tastes.n_users : -1], found.item_vectors[:-1], atol=1e-5)


def test_an_item_that_nobody_knows_has_no_direction(tastes: Snapshot) -> None:
    found = LightGCN(SMALL).fit(tastes)
    assert found.item_ids[-1] == "unseen"
    assert not found.item_vectors[-1].any()
    assert found.item_vectors[:-1].any(axis=1).all()


def test_saved_and_loaded_it_is_the_same(tastes: Snapshot, tmp_path: Path) -> None:
    found = LightGCN(SMALL).fit(tastes)
    found.save(tmp_path)
    loaded = LightGCN.load(tmp_path)
    np.testing.assert_array_equal(found.user_vectors, loaded.user_vectors)
    np.testing.assert_array_equal(found.item_vectors, loaded.item_vectors)
    assert loaded.item_ids.tolist() == found.item_ids.tolist()
    assert loaded.settings == found.settings
    assert (loaded.metrics, loaded.history) == (found.metrics, found.history)
    with pytest.raises(ModelError, match="expected arrays in"):
        LightGCN.load(tmp_path / "nowhere")


def test_a_second_fit_forgets_the_first(tastes: Snapshot) -> None:
    model = LightGCN(SMALL).fit(Snapshot.from_pairs(["a", "a", "b"], ["x", "y", "x"]))
    np.testing.assert_array_equal(model.fit(tastes).item_vectors, LightGCN(SMALL).fit(tastes).item_vectors)


def test_a_batch_in_blocks_is_a_batch(tastes: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = LightGCN(replace(SMALL, epochs=1)).fit(tastes)
    monkeypatch.setattr("graphrec.models.lightgcn.trainer.BLOCK", 500)
    np.testing.assert_allclose(
        LightGCN(replace(SMALL, epochs=1)).fit(tastes).item_vectors, whole.item_vectors, atol=1e-4
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"embeding_dim": 8}, "no setting embeding_dim"),
        ({"epochs": "many"}, "expected epochs as int"),
        ({"learning_rate": 0}, "expected learning_rate above 0"),
        ({"num_layers": -1}, "expected num_layers of at least 0"),
        ({"validation_share": 1}, "expected validation_share from 0"),
        ({"loss": "hope"}, "expected loss to be one of"),
        ({"sampling": "none"}, "expected sampling to be one of"),
        ({"metric": "euclidean"}, "expected metric to be one of"),
        ({"warm_start": "cold"}, "expected warm_start to be one of"),
    ],
)
def test_a_wrong_setting_is_told(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        models.create("lightgcn", settings)


def test_nothing_to_learn_from_is_told() -> None:
    with pytest.raises(InputError, match="at least one user who likes an item"):
        LightGCN(SMALL).fit(Snapshot.from_pairs(["a"], ["x"], weight=[-1.0]))


def test_models_are_made_by_name(tastes: Snapshot, tmp_path: Path) -> None:
    assert isinstance(models.create("lightgcn", {"epochs": "2"}), GraphModel)
    found = models.fit("popular", tastes)
    assert isinstance(found, Popularity)
    assert found.n_likers.tolist() == (tastes.matrix.toarray() > 0).sum(axis=0).tolist()
    found.save(tmp_path)
    assert Popularity.load(tmp_path).n_likers.tolist() == found.n_likers.tolist()
    with pytest.raises(InputError, match="no model 'oracle'"):
        models.create("oracle")


def test_importing_models_imports_no_torch() -> None:
    code = "import sys, graphrec.models, graphrec.models.lightgcn.settings; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_trainer_takes_any_network_and_matrix(tastes: Snapshot) -> None:
    """A pair of users on one item each: their vectors come together with their items'."""
    from graphrec.models.lightgcn.network import new_network
    from graphrec.models.validation import Validation

    matrix = sparse.csr_array(np.eye(4, dtype=np.float32))
    nothing = Validation(matrix, np.zeros(0, dtype=np.int64), matrix[np.zeros(0, dtype=np.int64)])
    network = new_network(8, 8, 1, seed=1)
    settings = replace(SMALL, epochs=30, learning_rate=0.1, batch_size=4)
    Trainer(network, Adjacency.of(matrix), nothing, settings, "x").run()
    vectors = torch.nn.functional.normalize(network.get_embedding(Adjacency.of(matrix)).detach())
    assert (vectors[:4] @ vectors[4:].T).argmax(dim=1).tolist() == [0, 1, 2, 3]


def test_what_was_withheld_is_learnt_from_at_the_end_alone(tastes: Snapshot) -> None:
    """The weights by which it is judged are those of a training without the end."""
    whole, judged = (LightGCN(replace(SMALL, finish=share)).fit(tastes) for share in (1.0, 0.0))
    np.testing.assert_array_equal(whole.untold_weight, judged.untold_weight)
    np.testing.assert_array_equal(judged.weight, judged.untold_weight)
    assert not np.allclose(whole.weight, whole.untold_weight, atol=1e-3)
    assert whole.metrics == judged.metrics
