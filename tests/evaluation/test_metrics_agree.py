"""Our metrics beside those of scikit-learn, ranx and torchmetrics, where they mean the same; else how they differ."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.metrics import (
    average_precision_score,
    label_ranking_average_precision_score,
    mean_absolute_error,
    ndcg_score,
    roc_auc_score,
    root_mean_squared_error,
    top_k_accuracy_score,
)
from torchmetrics.functional import mean_absolute_error as torch_mae
from torchmetrics.functional import mean_squared_error as torch_mse
from torchmetrics.functional import retrieval as torch_retrieval

from graphrec.evaluation.metrics import Background, Truth, measure
from graphrec.evaluation.ratings import rating_metrics

KS = (1, 3, 10, 40)
N_USERS, N_ITEMS = 30, 40

RANX = """
import json, sys
from ranx import Qrels, Run, evaluate
told = json.load(sys.stdin)
print(json.dumps({name: float(evaluate(Qrels(told["truth"]), Run(told["lists"]), name)) for name in told["names"]}))
"""


@pytest.fixture(scope="module")
def world() -> tuple[Truth, pd.DataFrame, npt.NDArray[np.bool_]]:
    """Users with held-back items among 40, a ranking of all that each hasn't seen, and what is liked, by user."""
    rng = np.random.default_rng(4)
    liked = rng.random((N_USERS, N_ITEMS)) < 0.15
    liked[np.arange(N_USERS), rng.integers(0, N_ITEMS, N_USERS)] = True
    items = [f"i{n:02}" for n in range(N_ITEMS)]
    pairs = [(f"u{u:02}", items[i]) for u, i in zip(*np.nonzero(liked), strict=True)]
    truth = Truth.of(pd.DataFrame(pairs, columns=["user_id", "item_id"]), dict.fromkeys(items, 3), 50)
    nothing = sparse.csr_array((N_USERS, N_ITEMS))
    truth = replace(truth, background=Background(np.zeros(N_USERS, dtype=np.int64), nothing, nothing.T.tocsr(), None))
    rows = [
        (f"u{user:02}", items[item], rank)
        for user in range(N_USERS)
        for rank, item in enumerate(rng.permutation(N_ITEMS).tolist(), start=1)
    ]
    return truth, pd.DataFrame(rows, columns=["user_id", "item_id", "rank"]), liked


def scores(lists: pd.DataFrame, k: int = N_ITEMS) -> npt.NDArray[np.float64]:
    """Users × items: the better ranked the higher, the same for all beyond k."""
    found = np.zeros((N_USERS, N_ITEMS))
    users, items = (lists[name].str[1:].astype(int).to_numpy() for name in ("user_id", "item_id"))
    found[users, items] = np.maximum(k + 1 - lists["rank"].to_numpy(), 0)
    return found


def test_as_scikit_learn_says(world: tuple[Truth, pd.DataFrame, npt.NDArray[np.bool_]]) -> None:
    truth, lists, liked = world
    found = measure(truth, lists, KS)
    for k in KS:
        assert found[f"ndcg@{k}"] == pytest.approx(ndcg_score(liked, scores(lists), k=k), abs=1e-9)
        aucs = [roc_auc_score(y, s) for y, s in zip(liked, scores(lists, k), strict=True)]
        assert found[f"auc@{k}"] == pytest.approx(np.mean(aucs), abs=1e-9)
    # it knows average precision of whole rankings alone
    whole = label_ranking_average_precision_score(liked, scores(lists))
    assert found["map@40"] == pytest.approx(whole, abs=1e-9)
    each = [average_precision_score(y, s) for y, s in zip(liked, scores(lists), strict=True)]
    assert found["map@40"] == pytest.approx(np.mean(each), abs=1e-9)


def test_hit_rate_of_one_item_as_scikit_learn_says(world: tuple[Truth, pd.DataFrame, npt.NDArray[np.bool_]]) -> None:
    truth, lists, _ = world
    one = np.random.default_rng(6).integers(0, N_ITEMS, N_USERS)
    pairs = pd.DataFrame({"user_id": list(truth.user_ids), "item_id": [f"i{item:02}" for item in one]})
    found = measure(Truth.of(pairs, dict(zip(truth.item_ids, truth.n_likers, strict=True)), 50), lists, KS)
    for k in (1, 3, 10):
        known = top_k_accuracy_score(one, scores(lists), k=k, labels=np.arange(N_ITEMS))
        assert found[f"hit_rate@{k}"] == pytest.approx(known, abs=1e-9)


class Said:
    """Predicts ratings that are told before."""

    def __init__(self, ratings: npt.NDArray[np.float64]) -> None:
        self.ratings = ratings

    def predict(self, user_ids: Sequence[str], item_ids: Sequence[str]) -> npt.NDArray[np.float64]:
        return self.ratings


def test_errors_of_ratings_as_scikit_learn_and_torchmetrics_say() -> None:
    rng = np.random.default_rng(5)
    actual, predicted = rng.integers(1, 6, 200).astype(float), rng.random(200) * 5
    rated = pd.DataFrame({"user_id": "u", "item_id": "i", "rating": actual})
    found = rating_metrics(rated, Said(predicted))
    assert found["rmse"] == pytest.approx(root_mean_squared_error(actual, predicted), abs=1e-9)
    assert found["mae"] == pytest.approx(mean_absolute_error(actual, predicted), abs=1e-9)
    tensors = torch.from_numpy(predicted), torch.from_numpy(actual)
    assert found["rmse"] == pytest.approx(float(torch_mse(*tensors, squared=False)), abs=1e-6)
    assert found["mae"] == pytest.approx(float(torch_mae(*tensors)), abs=1e-6)
    assert found["rmse"] == pytest.approx(np.sqrt(((actual - predicted) ** 2).mean()), abs=1e-9)


def test_as_ranx_says(world: tuple[Truth, pd.DataFrame, npt.NDArray[np.bool_]]) -> None:
    truth, lists, liked = world
    same = {"recall": "recall", "precision": "precision", "ndcg": "ndcg", "mrr": "mrr", "hit_rate": "hit_rate"}
    wanted = {f"u{u:02}": {f"i{i:02}": 1 for i in np.flatnonzero(liked[u]).tolist()} for u in range(N_USERS)}
    ranked = {
        user: dict(zip(part["item_id"], -part["rank"].astype(float), strict=True))
        for user, part in lists.groupby("user_id")
    }
    names = [f"{name}@{k}" for name in (*same.values(), "map") for k in KS]
    # its kernels would be compiled for half a minute; uncompiled they are the same code
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", RANX],
        input=json.dumps({"truth": wanted, "lists": ranked, "names": names}),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    theirs, ours = json.loads(done.stdout), measure(truth, lists, KS)
    for k in KS:
        for name, their_name in same.items():
            assert ours[f"{name}@{k}"] == pytest.approx(theirs[f"{their_name}@{k}"], abs=1e-9), (name, k)
    # ranx divides average precision by all held-back items, we by as many as fit: the same where all fit
    assert ours["map@40"] == pytest.approx(theirs["map@40"], abs=1e-9)
    assert ours["map@3"] > theirs["map@3"]


def test_as_torchmetrics_says(world: tuple[Truth, pd.DataFrame, npt.NDArray[np.bool_]]) -> None:
    truth, lists, liked = world
    rows = list(zip(torch.from_numpy(scores(lists)), torch.from_numpy(liked), strict=True))
    ours = measure(truth, lists, KS)
    theirs = {
        "recall": torch_retrieval.retrieval_recall,
        "precision": torch_retrieval.retrieval_precision,
        "ndcg": torch_retrieval.retrieval_normalized_dcg,
        "mrr": torch_retrieval.retrieval_reciprocal_rank,
        "hit_rate": torch_retrieval.retrieval_hit_rate,
    }
    for k in KS:
        for name, metric in theirs.items():
            said = np.mean([float(metric(score, like, top_k=k)) for score, like in rows])
            assert ours[f"{name}@{k}"] == pytest.approx(said, abs=1e-6), (name, k)
    # torchmetrics divides average precision by the hits in the list: the same where the list is all items
    whole = np.mean([float(torch_retrieval.retrieval_average_precision(score, like, top_k=40)) for score, like in rows])
    assert ours["map@40"] == pytest.approx(whole, abs=1e-6)
    cut = np.mean([float(torch_retrieval.retrieval_average_precision(score, like, top_k=3)) for score, like in rows])
    assert ours["map@3"] < cut
    # scores above 1 would be put through a sigmoid, in which many become equal
    full = np.mean([float(torch_retrieval.retrieval_auroc(score / 41, like)) for score, like in rows])
    assert ours["auc@40"] == pytest.approx(full, abs=1e-6)
