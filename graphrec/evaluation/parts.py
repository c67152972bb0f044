"""A data set dealt into what trains and what is held back."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from graphrec.errors import InputError, SplitError
from graphrec.evaluation.pairs import Pairs, read_pairs
from graphrec.evaluation.splits import METHODS, Dealt, Mask, deal
from graphrec.frames import Frames

COPIED = ("users", "items", "item_tags", "follows")
"""Tables that every split trains with; they have no part that could be held back."""

Ids = npt.NDArray[np.object_]


@dataclass(frozen=True)
class SplitSettings:
    """How to split and what counts as relevant.

    `method`: one of METHODS; None takes the fixed part where there is one, else `time-user` where there are times,
    else `ratio`. `relevant`: the least rating that counts as liked; None counts every pair of positive kind.
    """

    method: str | None = None
    share: float = 0.2
    seed: int = 0
    relevant: float | None = None


BEST_SPLIT = SplitSettings()


@dataclass(frozen=True)
class Split:
    """`train` as Frames, `test` as the relevant held-back pairs (user_id, item_id, sorted), and what was left out.

    `left_out` counts the users without history in training, those with nothing relevant held back, and held-back
    pairs that training holds already.
    """

    method: str
    says: str
    train: Frames
    test: pd.DataFrame
    left_out: Mapping[str, int]


def split(frames: Frames, folder: Path, settings: SplitSettings = BEST_SPLIT) -> Split:
    """Deal the data; training rows are staged in `folder`. SplitError where the data can't give the split."""
    method = settings.method or _best_method(frames)
    if method not in METHODS:
        raise SplitError(f"no split {method!r}; there are {', '.join(METHODS)}")
    if not frames.has("interactions"):
        raise SplitError(f"{frames.name} has no interactions to split; load a data set that has them")
    pairs = read_pairs(frames)
    if method == "fixed":
        return _split_fixed(frames, pairs, settings)
    dealt = deal(pairs, method, settings.share, settings.seed)
    test = _table(pairs, dealt.test & pairs.relevant(_checked(pairs, settings.relevant)))
    known = pairs.user_ids[np.unique(pairs.user_idx[~dealt.test])]
    held_back = pairs.user_ids[np.unique(pairs.user_idx[dealt.test])]
    test, left_out = _leave_out(test, known, held_back)
    return Split(method, dealt.says, _stage(frames, pairs, dealt, folder), test, left_out)


def _best_method(frames: Frames) -> str:
    if frames.has("test"):
        return "fixed"
    with frames.database() as db:
        row = db.execute('SELECT count("at") FROM interactions').fetchone()
    return "time-user" if row and row[0] else "ratio"


def _split_fixed(frames: Frames, pairs: Pairs, settings: SplitSettings) -> Split:
    if not frames.has("test"):
        other = _best_method(frames)
        raise SplitError(f"{frames.name} came without a test part; try --split {other}")
    held_back = read_pairs(frames, "test")
    again = _known_pairs(held_back, pairs)
    test = _table(held_back, held_back.relevant(_checked(held_back, settings.relevant)) & ~again)
    counts = {table: n for table, n in frames.counts.items() if table not in ("valid", "test")}
    train = replace(frames, counts=counts)
    test, left_out = _leave_out(test, pairs.user_ids, held_back.user_ids)
    left_out["pairs_in_training"] = int(again.sum())
    return Split("fixed", "held back: the test part that came with the data", train, test, left_out)


def _leave_out(test: pd.DataFrame, known: Ids, held_back: Ids) -> tuple[pd.DataFrame, dict[str, int]]:
    """The held-back pairs of users that training knows, and how many users are left out, by reason."""
    has_history = test["user_id"].isin(known)
    new = ~pd.Index(held_back).isin(known)
    kept = test[has_history].reset_index(drop=True)
    if kept.empty:
        raise SplitError(
            "the split leaves no user with both history and a relevant item held back; "
            "try --split ratio, or --relevant any"
        )
    n_irrelevant = len(held_back) - int(new.sum()) - kept["user_id"].nunique()
    return kept, {"users_without_history": int(new.sum()), "users_without_relevant": n_irrelevant}


def _checked(pairs: Pairs, relevant: float | None) -> float | None:
    if relevant is not None and np.isnan(pairs.rating).all():
        raise InputError(f"--relevant {relevant:g} needs ratings, and the data have none; use --relevant any")
    return relevant


def _table(pairs: Pairs, mask: Mask) -> pd.DataFrame:
    users, items = pairs.user_ids[pairs.user_idx[mask]], pairs.item_ids[pairs.item_idx[mask]]
    return pd.DataFrame({"user_id": users, "item_id": items}, dtype=object)


def _known_pairs(held_back: Pairs, train: Pairs) -> Mask:
    users = pd.Index(train.user_ids).get_indexer(pd.Index(held_back.user_ids))[held_back.user_idx]
    items = pd.Index(train.item_ids).get_indexer(pd.Index(held_back.item_ids))[held_back.item_idx]
    width = len(train.item_ids)
    there = np.isin(users * width + items, train.user_idx * width + train.item_idx)
    return there & (users >= 0) & (items >= 0)


def _stage(frames: Frames, pairs: Pairs, dealt: Dealt, folder: Path) -> Frames:
    """Write the training rows: events of the pairs that train, none later than the pair's `until`."""
    counts = {table: n for table, n in frames.counts.items() if table in (*COPIED, "interactions", "taggings")}
    for table in COPIED:
        if frames.has(table):
            shutil.copytree(frames.folder / table, folder / table, dirs_exist_ok=True)
    dealt_pairs = _dealt_table(pairs, dealt)
    with frames.database() as db:
        db.register("dealt", dealt_pairs)
        for table, join in (("interactions", "JOIN"), ("taggings", "LEFT JOIN")):
            if counts.get(table):
                (folder / table).mkdir(parents=True, exist_ok=True)
                target = str(folder / table / "part.parquet").replace("'", "''")
                rows = f"""SELECT e.* FROM {table} AS e {join} dealt AS d USING (user_id, item_id)
                           WHERE coalesce(NOT d.test, true) AND coalesce(e."at" <= d.until, true)"""
                done = db.execute(f"COPY ({rows}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)").fetchone()
                counts[table] = int(done[0]) if done else 0
    return Frames(folder, frames.name, frames.format, counts, {}, 0)


def _dealt_table(pairs: Pairs, dealt: Dealt) -> pa.Table:
    return pa.table(
        {
            "user_id": pa.DictionaryArray.from_arrays(pairs.user_idx, pa.array(pairs.user_ids, pa.string())),
            "item_id": pa.DictionaryArray.from_arrays(pairs.item_idx, pa.array(pairs.item_ids, pa.string())),
            "test": dealt.test,
            "until": dealt.until,
        }
    )
