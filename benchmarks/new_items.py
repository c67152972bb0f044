"""Items that nobody likes yet: lists of them alone, among all items, and mixed in by a share as the service does.

    python benchmarks/new_items.py --data DIR [--dataset ml-latest-small] [--seeds 3] [--only NAME]

A tenth of the items that have tags and at least five likers are taken out of the training data altogether: these are
new. Of what is left the last fifth of each user's items (a random fifth where there are no times) is held back as
usual. Each recommender makes three lists of 20 for the users from whom something was taken: of new items alone, of all,
and of all with a share of places for new ones, by the code of the service (`graphrec.serving.rerank.with_share`). What
is found of the new items and of the usual ones is told apart, so that the price of new items is seen.

Popularity knows nothing of an item that nobody likes: among new ones it has no order, so chance stands beside it, and
the popularity that an item's tags let expect, which is the same for everybody.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from contest.data import DATASETS
from numpy.typing import NDArray

from graphrec.evaluation import SplitSettings, split
from graphrec.evaluation.metrics import Truth, measure
from graphrec.frames import Frames, FramesWriter
from graphrec.models.lightgcn.prior import expected
from graphrec.recommend.base import Candidates, Profile
from graphrec.recommend.fitted import make_fitted
from graphrec.serving.rerank import with_share
from graphrec.snapshot import Snapshot
from loaders import load_frames

K = 20
LEAST_LIKERS = 5
SHARE = 0.1
SHARES = (0.1, 0.2, 0.5)
Ints = NDArray[np.int64]


class Ranks(Protocol):
    """What is asked for lists."""

    def recommend(self, profiles: list[Profile], k: int, candidates: Candidates) -> pd.DataFrame:
        """Rows of profile, item_id and rank."""
        ...


class SameForAll:
    """Items by one number each, without what a user has seen."""

    def __init__(self, train: Snapshot, scores: NDArray[np.float64]) -> None:
        self.train = train
        self.order = np.argsort(-scores, kind="stable")

    def recommend(self, profiles: list[Profile], k: int, candidates: Candidates) -> pd.DataFrame:
        rows = []
        for n, profile in enumerate(profiles):
            seen = self.train.seen[[self.train.user_idx([profile.user_id or ""])[0]]].indices
            mine = self.train.item_ids[self.order[~np.isin(self.order, seen)]]
            mine = [item for item in mine if candidates.allowed is None or item in candidates.allowed][:k]
            rows += [(n, item, rank) for rank, item in enumerate(mine, start=1)]
        return pd.DataFrame(rows, columns=["profile", "item_id", "rank"])


def fitted(name: str, **settings: Any) -> Callable[[Snapshot, int], Ranks]:
    """A model by its name, fitted with the seed of the split where it has one."""

    def make(train: Snapshot, seed: int) -> Ranks:
        seeded = {} if name in ("popular", "content", "chebyshev") else {"seed": seed}
        return make_fitted(name, {**settings, **seeded}, with_reasons=False).fit(train)

    return make


MADE: Mapping[str, Callable[[Snapshot, int], Ranks]] = {
    "chance": lambda train, seed: SameForAll(train, np.random.default_rng(seed).random(train.n_items)),
    "popular": fitted("popular"),
    "popular tags": lambda train, _: SameForAll(train, _by_tags(train)),
    "content": fitted("content"),
    "two_tower": fitted("two_tower"),
    "lightgcn": fitted("lightgcn"),
    "lightgcn, tag_edges=5": fitted("lightgcn", tag_edges=5),
    "lightgcn, tag_edges=5, tag_popularity=1": fitted("lightgcn", tag_edges=5, tag_popularity=1),
}


def _by_tags(train: Snapshot) -> NDArray[np.float64]:
    """What an item's tags let expect, as if nobody liked it, for the new; the likers of the others."""
    return expected(train.n_likers(), train.tags, 1.0)


def main() -> None:
    arguments = read_arguments()
    with TemporaryDirectory() as folder:
        frames = load_frames(DATASETS[arguments.dataset].path(arguments.data), staging=Path(folder) / "frames")
        rows = [row for seed in range(arguments.seeds) for row in measured(frames, Path(folder), seed, arguments.only)]
    table = pd.DataFrame(rows).groupby(["what", "list"], sort=False).mean()
    print("\n| | list | new: recall@20 | new: NDCG@20 | usual: recall@20 | usual: NDCG@20 |\n|---|---|--:|--:|--:|--:|")
    for (what, kind), row in table.iterrows():  # type: ignore[misc]
        told = " | ".join(f"{row[name]:.4f}" for name in ("new recall", "new ndcg", "usual recall", "usual ndcg"))
        print(f"| {what} | {kind} | {told} |")


def measured(frames: Frames, folder: Path, seed: int, only: list[str]) -> Iterator[dict[str, Any]]:
    """A row for each recommender and kind of list, told as it comes."""
    whole = Snapshot.from_frames(frames)
    taken = withheld_items(whole, seed)
    rest, new_pairs = without_items(frames, folder / f"rest{seed}", set(whole.item_ids[taken]))
    dealt = split(rest, folder / f"train{seed}", SplitSettings(seed=seed))
    train = Snapshot.from_frames(dealt.train)
    truths = {"new": _truth(train, new_pairs), "usual": _truth(train, dealt.test)}
    users = sorted(set(truths["new"].user_ids))
    new = frozenset(whole.item_ids[taken])
    for name, make in MADE.items():
        if only and name not in only:
            continue
        for kind, lists in lists_of(make(train, seed), users, new).items():
            found = {"what": name, "list": kind}
            for of, truth in truths.items():
                figures = measure(truth, lists[lists["user_id"].isin(truth.user_ids)], (K,))
                found |= {f"{of} {metric}": figures[f"{metric}@{K}"] for metric in ("recall", "ndcg")}
            print(seed, {key: round(v, 4) if isinstance(v, float) else v for key, v in found.items()}, flush=True)
            yield found


def lists_of(recommender: Ranks, users: list[str], new: frozenset[str]) -> dict[str, pd.DataFrame]:
    """The lists of all users: of new items, of all, and of both by a share."""
    among_new = _listed(recommender, users, new)
    among_all = _listed(recommender, users, None)
    found = {"new items": _table(among_new), "all items": _table(among_all)}
    for share in SHARES:
        mixed = {user: mix(among_all.get(user, []), among_new.get(user, []), new, share) for user in users}
        found[f"all, {share:.0%} new"] = _table(mixed)
    return found


def mix(among_all: list[str], among_new: list[str], new: frozenset[str], share: float) -> list[str]:
    """A list of all items in which at least a share is new."""
    items = list(dict.fromkeys([*among_all, *among_new]))
    marked = np.array([item in new for item in items], dtype=bool)
    order = with_share(np.arange(len(items)), marked, K, share)
    return [items[place] for place in order[:K].tolist()]


def _listed(recommender: Ranks, users: list[str], allowed: frozenset[str] | None) -> dict[str, list[str]]:
    table = recommender.recommend([Profile(user) for user in users], K, Candidates(allowed=allowed))
    found: dict[str, list[str]] = {}
    for row in table.itertuples():
        found.setdefault(users[row.profile], []).append(row.item_id)
    return found


def _table(lists: Mapping[str, list[str]]) -> pd.DataFrame:
    rows = [(user, item, rank) for user, items in lists.items() for rank, item in enumerate(items, start=1)]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "rank"])


def _truth(train: Snapshot, pairs: pd.DataFrame) -> Truth:
    likers = dict(zip(train.item_ids, train.n_likers().tolist(), strict=True))
    known = set(train.user_ids[np.diff(train.matrix.indptr) > 0])
    return Truth.of(pairs[pairs["user_id"].isin(known)], likers, len(known))


def withheld_items(whole: Snapshot, seed: int) -> Ints:
    """A tenth of the items that several people like and that have tags."""
    fit = np.flatnonzero((whole.n_likers() >= LEAST_LIKERS) & (np.diff(whole.tags.indptr) > 0))
    return np.random.default_rng(seed).choice(fit, max(1, int(SHARE * len(fit))), replace=False)


def without_items(frames: Frames, folder: Path, taken: set[str]) -> tuple[Frames, pd.DataFrame]:
    """The data without what was done to some items, whose tags stay; and who did it."""
    with frames.database() as db, FramesWriter(folder, frames.name, frames.format) as writer:
        rows = db.sql("SELECT * FROM interactions").to_arrow_table()
        gone = np.isin(rows["item_id"].to_numpy().astype(object), np.array(sorted(taken), dtype=object))
        writer.add("interactions", rows.filter(pa.array(~gone)))
        for table in ("users", "items", "item_tags", "follows"):
            if frames.has(table):
                writer.add(table, db.sql(f"SELECT * FROM {table}").to_arrow_table())
        test = rows.filter(pa.array(gone)).select(["user_id", "item_id"]).to_pandas().drop_duplicates()
        return writer.finish(), test


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("GRAPHREC_DATA")
    parser.add_argument("--data", type=Path, default=data and Path(data), required=data is None)
    parser.add_argument("--dataset", default="ml-latest-small", choices=tuple(DATASETS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="a row of the table; repeatable")
    return parser.parse_args()


if __name__ == "__main__":
    main()
