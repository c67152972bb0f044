"""LightGCN from a cold start, its validation included, beside one epoch of PyG's own example.

    python benchmarks/cold_start.py --data DIR [--dataset gowalla] [--set NAME=VALUE]

PyG's epoch is that of its example (`peers/pyg.py`) with batches of 2,048 pairs on a plain `edge_index`: 20 steps are
timed after 5 to warm up, and their median counts for each step of an epoch. graphrec's model runs to its end with its
defaults, in the same process with the same threads, and is then measured on the test part.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from peers.pyg import Example

from graphrec.evaluation import split
from graphrec.evaluation.metrics import Truth, measure
from graphrec.evaluation.ranking import IN_MEMORY, rank_users
from graphrec.models.base import Report
from graphrec.models.lightgcn.model import LightGCN
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.embedding import EmbeddingRecommender
from graphrec.snapshot import Snapshot
from loaders import load_frames

BATCH = 2048
WARM_UP, TIMED = 5, 20


def main() -> None:
    arguments = read_arguments()
    with TemporaryDirectory() as folder:
        dealt = split(load_frames(arguments.data / arguments.dataset, staging=Path(folder) / "frames"), Path(folder))
        snapshot, test = Snapshot.from_frames(dealt.train), dealt.test
    LightGCN.of({"epochs": 1}).fit(Snapshot.from_pairs(["a", "b"], ["x", "y"]))  # compiles what is compiled
    epoch_s = pyg_epoch(snapshot)
    print(f"{torch.get_num_threads()} threads; an epoch of PyG's example: {epoch_s:.0f} s", flush=True)
    model = LightGCN.of(dict(text.split("=", 1) for text in arguments.settings))
    started = time.perf_counter()
    model.fit(snapshot, tell)
    fit_s = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    found = measured(model, snapshot, test)
    n_final = model.settings.final_epochs(int(model.metrics["epochs"]))
    print("\n| epochs | seconds | of PyG's epoch | recall@20 | NDCG@20 | peak memory, GiB |\n|---|--:|--:|--:|--:|--:|")
    print(f"| {len(model.history)} + {n_final} | {fit_s:.0f} | {fit_s / epoch_s:.2f} ", end="")
    print(f"| {found['recall@20']:.4f} | {found['ndcg@20']:.4f} | {peak:.2f} |")


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("GRAPHREC_DATA")
    parser.add_argument("--data", type=Path, default=data and Path(data), required=data is None)
    parser.add_argument("--dataset", default="gowalla")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="NAME=VALUE")
    return parser.parse_args()


def pyg_epoch(snapshot: Snapshot) -> float:
    """Seconds that an epoch of the example takes: the median of some steps times all of them."""
    example = Example(snapshot.matrix, {"batch_size": BATCH})
    batches, taken = example.batches(), []
    for batch in batches[: WARM_UP + TIMED]:
        started = time.perf_counter()
        example.step(batch)
        taken.append(time.perf_counter() - started)
    return float(np.median(taken[WARM_UP:])) * len(batches)


def measured(model: LightGCN, snapshot: Snapshot, test: pd.DataFrame) -> dict[str, float]:
    """Recall and NDCG over the test users."""
    n_likers = dict(zip(snapshot.item_ids, snapshot.n_likers().tolist(), strict=True))
    truth = Truth.of(test, n_likers, snapshot.n_users)
    vectors = model.learnt(snapshot).unit().vectors
    recommender = EmbeddingRecommender.of(Catalogue.of(snapshot), vectors.user_vectors, vectors.item_vectors)
    recommender.with_reasons = False
    return dict(measure(truth, rank_users(recommender, list(truth.user_ids), 20, IN_MEMORY), (20,)))


def tell(report: Report) -> None:
    """A line an epoch."""
    if report.recall is not None:
        print(f"  epoch {report.epoch}: {report.recall:.4f}", flush=True)


if __name__ == "__main__":
    main()
