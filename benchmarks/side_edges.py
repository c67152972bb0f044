"""What follows and tags are worth to LightGCN: lists with and without them, and items that nobody has liked yet.

    python benchmarks/side_edges.py social --data DIR [--seeds 5] [--set NAME=VALUE]
    python benchmarks/side_edges.py cold --data DIR [--dataset ml-latest-small] [--seeds 3] [--set NAME=VALUE]

`social` splits HetRec Last.fm anew for each seed, a random 20 % of each user's artists held back, and fits LightGCN
with edges of follows that weigh 0, 1 and 3 likes. `cold` takes a tenth of the items that at least five people like out
of the training data altogether, and asks for lists of all items that nobody likes there, and of all items; a user's
truth is what was taken. Popularity knows nothing of such items: it is asked all the same, and beside it the popularity
of an item's tags.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphrec.evaluation import SplitSettings, split
from graphrec.evaluation.held_back import HeldBack
from graphrec.evaluation.metrics import Truth, measure
from graphrec.evaluation.ranking import IN_MEMORY
from graphrec.recommend.base import Candidates, Profile
from graphrec.recommend.fitted import make_fitted
from graphrec.snapshot import Snapshot
from loaders import load_frames

KS = (10, 20)
LEAST_LIKERS = 5
SHARE = 0.1
FOLLOW_EDGES = (0.0, 1.0, 3.0)
Row = tuple[str, dict[str, float]]


def main() -> None:
    arguments = read_arguments()
    given = dict(text.split("=", 1) for text in arguments.settings)
    run = social if arguments.what == "social" else cold
    rows = pd.DataFrame([{"what": name, **figures} for name, figures in run(arguments, given)])
    print("\n| | seeds | recall@10 | NDCG@10 | recall@20 | NDCG@20 |\n|---|--:|--:|--:|--:|--:|")
    for name, found in rows.groupby("what", sort=False):
        told = " | ".join(f"{found[m].mean():.4f}" for m in ("recall@10", "ndcg@10", "recall@20", "ndcg@20"))
        print(f"| {name} | {len(found)} | {told} |")


def social(arguments: argparse.Namespace, given: dict[str, Any]) -> Iterator[Row]:
    """A row for each seed and weight of follows."""
    with TemporaryDirectory() as folder:
        frames = load_frames(arguments.data / "hetrec2011-lastfm-2k", staging=Path(folder) / "frames")
        for seed in range(arguments.seeds):
            dealt = split(frames, Path(folder) / str(seed), SplitSettings("ratio", seed=seed))
            held = HeldBack.of(dealt.train, dealt.test)
            for weight in FOLLOW_EDGES:
                settings = {**given, "follow_edges": weight, "seed": seed}
                recommender = make_fitted("lightgcn", settings, with_reasons=False).fit(held.snapshot)
                yield tell(f"follow_edges={weight:g}", held.measure(recommender, KS, IN_MEMORY)[0])


def cold(arguments: argparse.Namespace, given: dict[str, Any]) -> Iterator[Row]:
    """A row for each seed, recommender and catalogue."""
    with TemporaryDirectory() as folder:
        whole = Snapshot.from_frames(load_frames(arguments.data / arguments.dataset, staging=Path(folder)))
    for seed in range(arguments.seeds):
        taken = withheld_items(whole, seed)
        train, test = without_items(whole, taken)
        new = frozenset(train.item_ids[train.n_likers() == 0])
        likers = dict(zip(train.item_ids, train.n_likers().tolist(), strict=True))
        truth = Truth.of(test, likers, int((np.diff(train.matrix.indptr) > 0).sum()))
        made = {"popular": make_fitted("popular", with_reasons=False), "popular tags": None}
        made["lightgcn with tags"] = make_fitted(
            "lightgcn", {"tag_edges": 5, "seed": seed, **given}, with_reasons=False
        )
        for name, recommender in made.items():
            fitted = recommender.fit(train) if recommender else PopularTags(train)
            for catalogue, allowed in (("new items", new), ("all items", None)):
                yield tell(f"{name}, {catalogue}", measure(truth, lists(fitted, truth, allowed), KS))


class PopularTags:
    """Items by how liked the items with their tags are, the same for everybody."""

    def __init__(self, train: Snapshot) -> None:
        tags = train.tags.astype(bool).astype(np.float64)
        mean = (tags.T @ train.n_likers()) / np.maximum(tags.sum(axis=0), 1)
        self.scores = (tags @ mean) / np.maximum(tags.sum(axis=1), 1)
        self.train = train

    def recommend(self, profiles: list[Profile], k: int, candidates: Candidates) -> pd.DataFrame:
        """The same list for all, without what each has seen."""
        order = self.train.item_ids[np.argsort(-self.scores, kind="stable")]
        rows = []
        for n, profile in enumerate(profiles):
            row = self.train.user_idx([profile.user_id])[0]
            seen = set(self.train.item_ids[self.train.seen[[row]].indices])
            mine = (i for i in order if i not in seen and (candidates.allowed is None or i in candidates.allowed))
            rows += [(n, item, rank) for rank, item in zip(range(1, k + 1), mine, strict=False)]
        return pd.DataFrame(rows, columns=["profile", "item_id", "rank"])


def withheld_items(whole: Snapshot, seed: int) -> NDArray[np.int64]:
    """A tenth of the items that several people like and that have tags."""
    fit = np.flatnonzero((whole.n_likers() >= LEAST_LIKERS) & (np.diff(whole.tags.indptr) > 0))
    return np.random.default_rng(seed).choice(fit, max(1, int(SHARE * len(fit))), replace=False)


def without_items(whole: Snapshot, taken: NDArray[np.int64]) -> tuple[Snapshot, pd.DataFrame]:
    """The snapshot without what users did with some items, and the likes among it."""
    users, items = whole.pair_users(), whole.matrix.indices
    gone = np.isin(items, taken)
    train = Snapshot.from_pairs(
        whole.user_ids[users[~gone]],
        whole.item_ids[items[~gone]],
        weight=whole.matrix.data[~gone],
        last_at=whole.last_at[~gone],
        items=whole.item_ids,
        item_tags=tag_table(whole),
    )
    test = pd.DataFrame({"user_id": whole.user_ids[users[gone]], "item_id": whole.item_ids[items[gone]]})
    return train, test[test["user_id"].isin(train.user_ids)]


def tag_table(snapshot: Snapshot) -> Any:
    """The tags as rows."""
    import pyarrow as pa

    items = np.repeat(np.arange(snapshot.n_items), np.diff(snapshot.tags.indptr))
    names = snapshot.tag_names[snapshot.tags.indices]
    return pa.table({"item_id": snapshot.item_ids[items], "tag": names, "weight": snapshot.tags.data.astype(float)})


def lists(recommender: Any, truth: Truth, allowed: frozenset[str] | None) -> pd.DataFrame:
    """The ranked lists of all test users."""
    users = np.array(truth.user_ids, dtype=object)
    table = recommender.recommend([Profile(user) for user in users], max(KS), Candidates(allowed=allowed))
    return pd.DataFrame(
        {"user_id": users[table["profile"].astype(int)], "item_id": table["item_id"], "rank": table["rank"]}
    )


def tell(name: str, figures: dict[str, float]) -> Row:
    """The row, told as it comes."""
    print(name, {metric: round(figures[metric], 4) for metric in ("recall@20", "ndcg@20")}, flush=True)
    return name, figures


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("social", "cold"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--dataset", default="ml-latest-small")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="NAME=VALUE")
    return parser.parse_args()


if __name__ == "__main__":
    main()
