"""The data sets, dealt once into parts on disk that every run reads: to be tested on, and to search settings on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from snapshots import read_snapshot, write_snapshot

from graphrec.datasets import MOVIELENS_100K, fetch
from graphrec.evaluation import Split, SplitSettings, split
from graphrec.hashing import hash_ids, hash_pairs
from graphrec.server.jars import cache_folder
from graphrec.snapshot import Snapshot
from loaders import load_frames

SEARCHED_USERS = 5000
"""At most so many users of the validation part are asked for in a trial, the same for every model."""


@dataclass(frozen=True)
class Dataset:
    """A data set by name, and where it lies in the folder of data sets."""

    title: str
    path: Callable[[Path], Path]


DATASETS: Mapping[str, Dataset] = {
    "gowalla": Dataset("Gowalla", lambda data: data / "gowalla"),
    "ml-100k": Dataset("MovieLens 100K", lambda data: fetch(MOVIELENS_100K, cache_folder().parent / "data")),
    "ml-latest-small": Dataset("MovieLens latest-small", lambda data: data / "ml-latest-small"),
    "lastfm": Dataset("HetRec Last.fm", lambda data: data / "hetrec2011-lastfm-2k"),
}


@dataclass(frozen=True)
class Part:
    """What is learnt from, and the pairs (user_id, item_id) held back from it."""

    snapshot: Snapshot
    test: pd.DataFrame


def deal(name: str, data: Path, folder: Path, n_users: int | None) -> str:
    """Write the parts `test` and `search` of a data set into a folder; how it was split, in words.

    The test part is the split that `graphrec evaluate` takes by itself; the other one splits the training data again,
    so that no setting is chosen by what is tested.
    """
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    frames = load_frames(DATASETS[name].path(data), staging=work / "frames")
    dealt = split(frames, work / "train")
    _write(folder / "test.npz", dealt, n_users)
    again = split(dealt.train, work / "search", SplitSettings(seed=1))
    _write(folder / "search.npz", again, min(n_users or SEARCHED_USERS, SEARCHED_USERS))
    shutil.rmtree(work)
    searched = again.says.removeprefix("held back: ")
    return f"{DATASETS[name].title}: {dealt.says}; settings are searched with {searched} held back of the rest"


def _write(path: Path, dealt: Split, n_users: int | None) -> None:
    snapshot, test = Snapshot.from_frames(dealt.train), dealt.test
    users = np.array(sorted(set(test["user_id"])), dtype=object)
    if n_users and n_users < len(users):
        order = np.argsort(hash_pairs(hash_ids(users), np.zeros(len(users), np.uint64), 0), kind="stable")
        test = test[test["user_id"].isin(set(users[order[:n_users]]))]
    write_snapshot(path, snapshot)
    test.to_parquet(path.with_suffix(".parquet"), index=False)


def read_part(path: Path) -> Part:
    """What `deal` wrote. Tags and follows are left out: no contender learns from them."""
    return Part(read_snapshot(path), pd.read_parquet(path.with_suffix(".parquet")))
