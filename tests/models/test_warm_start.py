"""Where training starts: the spectrum that NumPy finds, and what an earlier model has learnt."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from graphrec.errors import InputError
from graphrec.models.base import Report
from graphrec.models.lightgcn.model import FILE, LightGCN
from graphrec.models.lightgcn.propagation import Adjacency
from graphrec.models.lightgcn.settings import LightGCNSettings
from graphrec.models.lightgcn.warm_start import inherited, spectral
from graphrec.models.spectrum import normalise, randomised_svd
from graphrec.snapshot import Snapshot
from graphrec.versions.arrays import read_arrays, write_arrays

SMALL = LightGCNSettings(embedding_dim=8, batch_size=15, epochs=3, patience=4, learning_rate=0.02)


def test_the_randomised_svd_finds_the_largest_triples() -> None:
    rng = np.random.default_rng(1)
    low = rng.normal(size=(80, 6)) @ rng.normal(size=(6, 50)) + 0.01 * rng.normal(size=(80, 50))
    found = randomised_svd(sparse.csr_array(low.astype(np.float32)), 6, seed=1)
    np.testing.assert_allclose(found.values, np.linalg.svd(low)[1][:6], rtol=1e-3)
    np.testing.assert_allclose((found.left * found.values) @ found.right.T, low, atol=0.1)


def test_rows_and_columns_are_divided_by_the_roots_of_their_sums() -> None:
    matrix = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 0]], dtype=np.float32))
    wanted = [[1 / 2, 1 / np.sqrt(2), 0], [1 / np.sqrt(2), 0, 0]]
    np.testing.assert_allclose(normalise(matrix).toarray(), wanted, rtol=1e-6)


def test_a_start_has_the_asked_width_even_where_the_rank_is_lower(tastes: Snapshot) -> None:
    found = spectral(tastes.matrix, 64, seed=1)
    assert found.shape == (tastes.n_users + tastes.n_items, 64)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found, spectral(tastes.matrix, 64, seed=1))


def test_known_nodes_keep_their_weights_and_new_ones_start_among_their_neighbours() -> None:
    """Users 0 and 1, items 0 and 1 are known; user 2 is new and likes item 1, item 2 is new and liked by user 3 alone,
    who is new too and otherwise unknown; user 4 and item 3 have nothing but each other."""
    matrix = sparse.csr_array(
        np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]], dtype=np.float32)
    )
    weight = np.array([[9, 9], [1, 0], [0, 2], [3, 0], [0, 4]], dtype=np.float32)  # the first is gone
    places = np.array([1, 2, -1, -1, -1, 3, 4, -1, -1])
    found = inherited(weight, places, Adjacency.of(matrix), seed=1)
    np.testing.assert_array_equal(found[[0, 1, 5, 6]], weight[1:])
    np.testing.assert_allclose(found[2], [0, 1.5], atol=1e-6)  # the direction of item 1, as long as users are
    np.testing.assert_allclose(found[3], [1.5, 0], atol=1e-6)
    np.testing.assert_allclose(found[7], [3.5, 0], atol=1e-6)  # two hops away: through user 3
    assert (np.abs(found[[4, 8]]) < 0.01).all()


def grown(tastes: Snapshot, n_users: int, seed: int) -> Snapshot:
    """The likings of the first users without some of the items."""
    users = tastes.pair_users()
    kept = (users < n_users) & (tastes.matrix.indices != seed)
    return Snapshot.from_pairs(tastes.user_ids[users[kept]], tastes.item_ids[tastes.matrix.indices[kept]])


def test_a_warm_start_begins_where_yesterday_ended(tastes: Snapshot, tmp_path: Path) -> None:
    yesterday = LightGCN(SMALL).fit(grown(tastes, 50, seed=3))
    yesterday.save(tmp_path)
    today = grown(tastes, 60, seed=4)
    warm, cold = (LightGCN(SMALL, previous=tmp_path, warm=warm).fit(today) for warm in (True, False))
    np.testing.assert_array_equal(warm.past.was_withheld(today), cold.past.was_withheld(today))
    assert (warm.past.was_withheld(today) >= yesterday.past.was_withheld(today)).all()
    assert not (warm.past.was_withheld(today) & yesterday.past.was_learnt(today)).any()
    assert len(warm.history) <= SMALL.warm_epochs
    assert warm.history[0]["loss"] < cold.history[0]["loss"]
    assert warm.user_ids.tolist() == today.user_ids.tolist()


def test_a_warm_run_goes_on_from_the_same_start_only(tastes: Snapshot, tmp_path: Path) -> None:
    twice = replace(SMALL, warm_epochs=2)
    for seed in (1, 2):
        LightGCN(replace(twice, seed=seed)).fit(grown(tastes, 50, seed)).save(tmp_path / str(seed))
    whole = LightGCN(twice, previous=tmp_path / "1").fit(tastes)

    def stop(report: Report) -> None:
        if report.epoch == 2:
            raise InterruptedError

    run = partial(LightGCN, twice, checkpoints=tmp_path / "now")
    with pytest.raises(InterruptedError):
        run(previous=tmp_path / "1").fit(tastes, stop)
    epochs: list[int] = []
    resumed = run(previous=tmp_path / "1", resume=True).fit(tastes, lambda r: epochs.append(r.epoch))
    assert set(epochs) == {2, 3}, "the last learns from what was withheld, too"
    np.testing.assert_array_equal(resumed.item_vectors, whole.item_vectors)
    for other in ({"previous": tmp_path / "2"}, {"previous": tmp_path / "1", "warm": False}, {}):
        with pytest.raises(InterruptedError):
            run(previous=tmp_path / "1").fit(tastes, stop)
        epochs.clear()
        run(**other, resume=True).fit(tastes, lambda r: epochs.append(r.epoch))
        assert min(epochs) == 1


def test_a_warm_epoch_visits_a_part_of_the_users(tastes: Snapshot, tmp_path: Path) -> None:
    LightGCN(SMALL).fit(tastes).save(tmp_path)
    steps: dict[float, int] = {}
    for part in (0.01, 0.5, 1.0):
        settings = replace(SMALL, batch_size=10, warm_visited=part)
        LightGCN(settings, previous=tmp_path).fit(tastes, lambda r, part=part: steps.update({part: r.steps}))
    n_batches = round(tastes.n_users / 10)
    assert steps == {0.01: 1, 0.5: round(n_batches / 2), 1.0: n_batches}
    with pytest.raises(InputError, match=r"expected warm_visited above 0 and at most 1, found 1\.5"):
        replace(SMALL, warm_visited=1.5)


def test_another_width_is_told(tastes: Snapshot, tmp_path: Path) -> None:
    LightGCN(SMALL).fit(tastes).save(tmp_path)
    with pytest.raises(InputError, match="expected embedding_dim 8, as the version to start from has, found 4"):
        LightGCN(replace(SMALL, embedding_dim=4), previous=tmp_path).fit(tastes)


def test_a_model_of_an_earlier_release_can_be_started_from(tastes: Snapshot, tmp_path: Path) -> None:
    """Its file says nothing of what was withheld; this takes it out of today's."""
    LightGCN(SMALL).fit(tastes).save(tmp_path)
    arrays = {name: array for name, array in read_arrays(tmp_path / FILE).items() if "learnt" not in name}
    body = json.loads(str(arrays.pop("body")))
    body = {name: body[name] for name in ("settings", "metrics", "history")}
    write_arrays(tmp_path / FILE, {**arrays, "body": np.array(json.dumps(body))})
    assert not LightGCN.load(tmp_path).past.withheld.nnz
    assert len(LightGCN(SMALL, previous=tmp_path).fit(tastes).history) <= SMALL.warm_epochs
