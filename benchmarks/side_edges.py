"""What is known beside likes: follows and tags as edges of LightGCN and as walks, traits of users and items in towers.

    python benchmarks/side_edges.py social --data DIR [--seeds 5] [--walks-alone] [--set NAME=VALUE]
    python benchmarks/side_edges.py traits --data DIR [--seeds 3] [--set NAME=VALUE]

`social` splits HetRec Last.fm anew for each seed, a random 20 % of each user's artists held back. It walks over
follows, over likes and over both, and fits LightGCN with edges of follows that weigh 0, 1 and 3 likes. `traits` fits
two towers on MovieLens 100K with more and more of what is said of items and users. New items have a script of their
own, `new_items.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from contest.data import DATASETS
from scipy import sparse

from graphrec.evaluation import SplitSettings, split
from graphrec.evaluation.held_back import HeldBack
from graphrec.evaluation.metrics import measure
from graphrec.evaluation.ranking import IN_MEMORY
from graphrec.models import create
from graphrec.models.hybrids.scorers import scorer, standardised
from graphrec.models.training_part import block_of, in_order
from graphrec.privacy.policy import Policy
from graphrec.recommend.base import ALL_UNSEEN, Candidates, Profile
from graphrec.recommend.fitted import make_fitted
from graphrec.snapshot import Snapshot
from loaders import load_frames

KS = (10, 20)
FOLLOW_EDGES = (0.0, 1.0, 3.0)
Row = tuple[str, dict[str, float]]


def main() -> None:
    arguments = read_arguments()
    given = dict(text.split("=", 1) for text in arguments.settings)
    run = social if arguments.what == "social" else traits
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
            yield from walks(held)
            for weight in () if arguments.walks_alone else FOLLOW_EDGES:
                settings = {**given, "follow_edges": weight, "seed": seed}
                recommender = make_fitted("lightgcn", settings, with_reasons=False).fit(held.snapshot)
                yield tell(f"follow_edges={weight:g}", held.measure(recommender, KS, IN_MEMORY).figures)


class Friends:
    """Items by how many of those whom a user follows, or who follow the user, like them: a walk of two steps."""

    def __init__(self, train: Snapshot, base: Any = None, share: float = 1.0) -> None:
        """With `base`, a model that scores: what it says, and the walk's part of it, each with deviation 1."""
        self.train, self.base, self.share = train, base, share
        either = (train.follows + train.follows.T).astype(bool).astype(np.float64)
        lengths = np.maximum(np.asarray(either.sum(axis=1)), 1)
        self.near = sparse.csr_array(sparse.diags_array(1 / lengths) @ either)
        self.liked = train.matrix.astype(np.float64)

    def recommend(self, profiles: list[Profile], k: int, candidates: Candidates) -> pd.DataFrame:
        """Rows of profile, item_id and rank; what is seen is left out."""
        users = self.train.user_idx([profile.user_id or "" for profile in profiles])
        scores = np.asarray((self.near[users] @ self.liked).toarray())
        if self.base is not None:
            block = block_of(self.train, in_order(self.train), users)
            scores = self.share * standardised(scores) + (1 - self.share) * standardised(self.base(block))
        scores[self.train.seen[users].nonzero()] = -np.inf
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        row = np.repeat(np.arange(len(users)), best.shape[1])
        rank = np.tile(np.arange(1, best.shape[1] + 1), len(users))
        return pd.DataFrame({"profile": row, "item_id": self.train.item_ids[best.ravel()], "rank": rank})


def walks(held: HeldBack) -> Iterator[Row]:
    """The walk over follows alone, a walk over likes, and both with two weights."""
    train, users = held.snapshot, list(held.truth.user_ids)
    base = scorer(create("p3alpha").fit(train))
    made = {"friends": Friends(train), "p3alpha": Friends(train, base, 0.0)}
    made |= {f"p3alpha and friends, {share:g}": Friends(train, base, share) for share in (0.1, 0.3)}
    for name, recommender in made.items():
        table = recommender.recommend([Profile(user) for user in users], max(KS), ALL_UNSEEN)
        lists = pd.DataFrame(
            {"user_id": np.array(users)[table["profile"]], "item_id": table["item_id"], "rank": table["rank"]}
        )
        yield tell(name, measure(held.truth, lists, KS))


def traits(arguments: argparse.Namespace, given: dict[str, Any]) -> Iterator[Row]:
    """Two towers over likes alone, with what is said of items, and with what is said of users as well.

    MovieLens 100K says age, gender and occupation, which a policy has to allow.
    """
    allow = {"columns": {"allow": [f"users.{name}" for name in ("age", "gender", "occupation")]}}
    with TemporaryDirectory() as folder:
        frames = load_frames(DATASETS["ml-100k"].path(arguments.data), staging=Path(folder) / "frames")
        dealt = split(frames, Path(folder) / "train")
        held = HeldBack.of(dealt.train, dealt.test)
        told = Snapshot.from_frames(dealt.train, policy=Policy.model_validate(allow))
        bare = replace(told, facts=None, people=None, tags=told.tags[:, :0], tag_names=told.tag_names[:0])
        for seed in range(arguments.seeds):
            for name, train in (
                ("likes alone", bare),
                ("and tags", replace(told, facts=None, people=None)),
                ("and year of items", replace(told, people=None)),
                ("and age, gender and occupation of users", told),
            ):
                recommender = make_fitted("two_tower", {**given, "seed": seed}, with_reasons=False).fit(train)
                yield tell(name, held.measure(recommender, KS, IN_MEMORY)[0].figures)


def tell(name: str, figures: dict[str, float]) -> Row:
    """The row, told as it comes."""
    print(name, {metric: round(figures[metric], 4) for metric in ("recall@20", "ndcg@20")}, flush=True)
    return name, figures


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("social", "traits"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--walks-alone", action="store_true", help="no LightGCN")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="NAME=VALUE")
    return parser.parse_args()


if __name__ == "__main__":
    main()
