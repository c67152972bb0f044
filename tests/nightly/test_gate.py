"""The gate: recall and NDCG of a slow and plain count, over what was withheld from both models and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphrec.errors import ModelError
from graphrec.models.blend.model import Blend
from graphrec.models.lightgcn.model import LightGCN
from graphrec.nightly.gate import K, Verdict, compare
from graphrec.nightly.kept import read_snapshot, write_snapshot
from graphrec.snapshot import Snapshot
from tests.nightly.world import SETTINGS, snapshot


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[LightGCN, LightGCN]:
    """Yesterday's model and today's, which follows it."""
    folder = tmp_path_factory.mktemp("yesterday")
    yesterday = LightGCN.of(SETTINGS).fit(snapshot(0))
    yesterday.save(folder)
    today = LightGCN.of(SETTINGS)
    today.previous = folder
    return yesterday, today.fit(snapshot(1))


def plain(model: LightGCN, now: Snapshot, pairs: set[tuple[str, str]]) -> tuple[float, float]:
    """Recall and NDCG, user by user, over lists of ids."""
    users, items = model.untold_vectors()
    prior = model.settings.temperature * model.settings.popularity * np.log1p(model.past.learnt.sum(axis=0))
    known = [item for item in model.item_ids if item in set(now.item_ids)]
    seen = now.seen.toarray()
    recalls, gains = [], []
    for user in sorted({user for user, _ in pairs}):
        wanted = {item for who, item in pairs if who == user}
        row = seen[list(now.user_ids).index(user)]
        masked = set(now.item_ids[row]) - wanted
        vector = users[list(model.user_ids).index(user)]
        scores = {}
        for item in known:
            other = items[list(model.item_ids).index(item)]
            if item not in masked and other.any():
                cosine = vector @ other / np.linalg.norm(vector) / np.linalg.norm(other)
                scores[item] = cosine + prior[list(model.item_ids).index(item)]
        best = sorted(scores, key=lambda item: -scores[item])[:K]
        recalls.append(len(wanted & set(best)) / len(wanted))
        gain = sum(1 / np.log2(rank + 2) for rank, item in enumerate(best) if item in wanted)
        gains.append(gain / sum(1 / np.log2(rank + 2) for rank in range(min(K, len(wanted)))))
    return float(np.mean(recalls)), float(np.mean(gains))


def test_both_are_measured_as_a_plain_count_does(nights: tuple[LightGCN, LightGCN]) -> None:
    yesterday, today = nights
    now = snapshot(1)
    both = today.past.was_withheld(now) & yesterday.past.was_withheld(now)
    users, items = now.pair_users()[both], now.matrix.indices[both]
    pairs = set(zip(now.user_ids[users], now.item_ids[items], strict=True))
    found = compare(now, today, yesterday)
    assert (found.n_pairs, found.n_users) == (len(pairs), len({user for user, _ in pairs}))
    assert found.n_pairs < today.past.was_withheld(now).sum(), "today withholds more than yesterday"
    for told, model in ((found.new, today), (found.live, yesterday)):
        assert (told["recall@20"], told["ndcg@20"]) == pytest.approx(plain(model, now, pairs), abs=2e-3)


def test_the_vectors_that_are_judged_know_nothing_of_the_withheld_pairs(nights: tuple[LightGCN, LightGCN]) -> None:
    """They are the weights propagated by a dense matrix, which holds the other pairs alone."""
    yesterday, now = nights[0], snapshot(0)
    pairs = now.matrix.copy()
    pairs.data[yesterday.past.was_withheld(now)] = 0
    both = np.block(
        [[np.zeros((now.n_users,) * 2), pairs.toarray()], [pairs.T.toarray(), np.zeros((now.n_items,) * 2)]]
    )
    scale = np.maximum(both.sum(axis=1), 1e-9) ** -0.5
    both = both * scale[:, None] * scale
    weight = yesterday.untold_weight
    once = both @ weight
    wanted = (weight + once + both @ once) / 3
    np.testing.assert_allclose(np.concatenate(yesterday.untold_vectors()), wanted, atol=1e-5)


def test_worse_is_worse_by_more_than_the_margin_in_one_metric() -> None:
    live = {"recall@20": 0.5, "ndcg@20": 0.4}
    for new, worse in (((0.5, 0.4), False), ((0.496, 0.397), False), ((0.494, 0.5), True), ((0.6, 0.395), True)):
        verdict = Verdict(dict(zip(live, new, strict=True)), live, 1, 1)
        assert verdict.is_worse(0.01) is worse
        assert not verdict.is_worse(0.02)


def test_models_of_other_withheld_pairs_are_not_compared(nights: tuple[LightGCN, LightGCN]) -> None:
    nothing = LightGCN.of({**SETTINGS, "validation_share": 0.0, "epochs": 1}).fit(snapshot(0))
    with pytest.raises(ModelError, match="no pair was withheld from the live version of lightgcn and from the new one"):
        compare(snapshot(0), nights[0], nothing)


def test_a_snapshot_in_a_file_is_the_snapshot(tmp_path: Path) -> None:
    import pyarrow as pa

    tags = pa.table({"item_id": ["i1"], "tag": ["käse"], "weight": [2.0]})
    follows = pa.table({"user_id": ["a"], "followee_id": ["b"]})
    given = Snapshot.from_pairs(
        ["a", "a", "b"], ["i1", "i2", "i3"], weight=[1, 0.5, -1], rating=[4, None, 1], last_at=[5, None, 7],
        item_tags=tags, follows=follows,
    )  # fmt: skip
    for wanted in (given, Snapshot.from_pairs([], [])):
        write_snapshot(tmp_path / "snapshot.npz", wanted)
        assert read_snapshot(tmp_path / "snapshot.npz").equals(wanted)


def test_a_blend_is_judged_as_it_stood_before_it_knew(tmp_path: Path) -> None:
    """Of items that came later it knows nothing, and the gate takes it as any other model."""
    parts = {"filter": "chebyshev", "lightgcn.embedding_dim": 8, "lightgcn.epochs": 2}
    yesterday, now = Blend.of(parts).fit(snapshot(0)), snapshot(1)
    yesterday.save(tmp_path)
    yesterday = Blend.load(tmp_path)
    scores = yesterday.untold(now.user_ids, now.item_ids)(now.matrix[:5], np.arange(5))
    known = np.array([list(yesterday.item_ids).index(i) if i in set(yesterday.item_ids) else -1 for i in now.item_ids])
    assert (scores[:, known < 0] == 0).all()
    today = Blend.of(parts)
    today.previous, today.warm = tmp_path, True
    found = compare(now, today.fit(now), yesterday)
    assert found.n_pairs > 0
    assert 0 < found.live["recall@20"] <= 1
