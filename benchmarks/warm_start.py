"""A night's short training from yesterday's model, beside a full training on the same data and the same withheld pairs.

    python benchmarks/warm_start.py --data DIR [--dataset gowalla] [--users N] [--new 0.01] [--set NAME=VALUE]
                                    [--yesterday DIR] [--seed 0]

DIR holds the data set's folder. Yesterday is all but a share of the interactions: all those of as large a share of the
users, who are new today, and of the others the last by time, or a random part where there are no times. Yesterday's
model is trained in full and kept in the folder of `--yesterday`, if one is given, to be there for the next time. What
is withheld today was withheld from yesterday's model too, or didn't exist, and is the same for both runs of today.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from graphrec.models.base import Report
from graphrec.models.lightgcn.model import LightGCN
from graphrec.nightly.gate import compare
from graphrec.snapshot import NO_TIME, Snapshot
from loaders import load_frames


def main() -> None:
    arguments = read_arguments()
    today = sample(read(arguments.data / arguments.dataset), arguments.users, arguments.seed)
    new = new_pairs(today, arguments.new, arguments.seed)
    before = only(today, ~new)
    print(f"{today.n_users:,} users, {today.n_items:,} items, {today.matrix.nnz:,} interactions, ", end="")
    print(f"{new.sum():,} of them new, with {today.n_users - before.n_users:,} new users", flush=True)
    settings = dict(text.split("=", 1) for text in arguments.settings)
    LightGCN.of({"epochs": 1}).fit(Snapshot.from_pairs(["a", "b"], ["x", "y"]))  # compiles what is compiled
    with TemporaryDirectory() as folder:
        kept = arguments.yesterday or Path(folder)
        yesterday, told = take_yesterday(before, settings, kept)
        runs = [("yesterday, in full", yesterday, told)]
        for name, warm in (("today, in full", False), ("today, from yesterday's", True)):
            model = LightGCN.of(settings)
            model.previous, model.warm = kept, warm
            runs.append((name, model, timed(model, today)))
    show(today, yesterday, runs)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("GRAPHREC_DATA")
    parser.add_argument("--data", type=Path, default=data and Path(data), required=data is None)
    parser.add_argument("--dataset", default="gowalla")
    parser.add_argument("--users", type=int, help="a random sample of so many users; without it all")
    parser.add_argument("--new", type=float, default=0.01, help="the share of users and of interactions that is new")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--yesterday", type=Path, help="where yesterday's model is kept, or taken from")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def read(path: Path) -> Snapshot:
    """The training part of a data set."""
    with TemporaryDirectory() as folder:
        return Snapshot.from_frames(load_frames(path, staging=Path(folder)))


def sample(snapshot: Snapshot, n_users: int | None, seed: int) -> Snapshot:
    """The interactions of so many users."""
    users = np.random.default_rng([seed, 1]).permutation(snapshot.n_users)[:n_users]
    return only(snapshot, np.isin(snapshot.pair_users(), users))


def new_pairs(snapshot: Snapshot, share: float, seed: int) -> NDArray[np.bool_]:
    """Which pairs are new today: a share of all, those of the new users among them."""
    rng = np.random.default_rng([seed, 2])
    users = rng.permutation(snapshot.n_users)[: max(1, round(share * snapshot.n_users))]
    new = np.isin(snapshot.pair_users(), users)
    order = np.lexsort((rng.random(len(new)), -np.maximum(snapshot.last_at, NO_TIME + 1), new))
    new[order[: max(0, round(share * len(new)) - int(new.sum()))]] = True
    return new


def only(snapshot: Snapshot, pairs: NDArray[np.bool_]) -> Snapshot:
    """A snapshot of some pairs, and of the users and items that they have."""
    users, items = snapshot.user_ids[snapshot.pair_users()], snapshot.item_ids[snapshot.matrix.indices]
    return Snapshot.from_pairs(users[pairs], items[pairs], last_at=snapshot.last_at[pairs])


def take_yesterday(before: Snapshot, settings: dict[str, str], folder: Path) -> tuple[LightGCN, Sequence[float]]:
    """Yesterday's model: the one in the folder if it is of the same data and settings, else trained and kept there."""
    model = LightGCN.of(settings)
    model.previous = folder if (folder / "lightgcn.npz").is_file() else None
    if model.is_known(before):
        return LightGCN.load(folder), (np.nan, np.nan)
    model.previous = None
    told = timed(model, before)
    model.save(folder)
    return model, told


def timed(model: LightGCN, snapshot: Snapshot) -> tuple[float, float]:
    """Train; the seconds that passed, and those of all cores."""
    started = time.perf_counter(), time.process_time()
    model.fit(snapshot, tell)
    return time.perf_counter() - started[0], time.process_time() - started[1]


def tell(report: Report) -> None:
    """A line an epoch."""
    if report.recall is not None:
        print(f"  epoch {report.epoch}: {report.recall:.4f}", flush=True)


def show(today: Snapshot, yesterday: LightGCN, runs: list[tuple[str, LightGCN, Sequence[float]]]) -> None:
    """Print a Markdown table, and what the goals ask for."""
    print("\n| run | epochs | seconds | CPU seconds | validation recall@20 | recall@20 | NDCG@20 |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name, model, (seconds, cpu_seconds) in runs:
        found = compare(today, model, yesterday)
        epochs, recall = len(model.history), model.metrics["validation_recall@20"]
        numbers = f"{epochs} | {seconds:.1f} | {cpu_seconds:.1f} | {recall:.4f}"
        print(f"| {name} | {numbers} | {found.new['recall@20']:.4f} | {found.new['ndcg@20']:.4f} |")
    print(f"\nThe last two columns: {found.n_pairs:,} pairs of {found.n_users:,} users, withheld from all three.")
    (_, full, spent), (_, warm, taken) = runs[1:]
    share = warm.metrics["validation_recall@20"] / full.metrics["validation_recall@20"]
    print(f"From yesterday's: {share:.1%} of the full run's validation recall, ", end="")
    print(f"{taken[0] / spent[0]:.1%} of its time, {taken[1] / spent[1]:.1%} of its CPU time.")


if __name__ == "__main__":
    main()
