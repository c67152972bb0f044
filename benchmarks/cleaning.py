"""What each rule of `graphrec clean` does to recall on real sets, and on the same sets with faults planted into them.

    python benchmarks/cleaning.py --data DIR [--sets NAME …] [--share .05] [--part real]

Each user's last fifth of the rows is held back (a seeded fifth where there are no times): of it the rows that no rule
of the default puts aside, and of ratings those of 4 or more on a scale to 5. This test part is the same for all rules.
The rest, faults and all, is cleaned by one rule alone; an item graph learns from what is left, and recall@20 is the
mean over the same users, with what they had before cleaning masked. Who has nothing left gets the most liked items. An
item that was merged counts as the one that it became.

A difference is that to no rule, with the standard error of the difference by user; `helps` and `harms` are said from
two of them on. `--share` of the training rows is planted as faults of the kind that a rule is about (`planting.py`); of
an item that was entered again, half of what was done is done under the second id.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

sys.path.insert(0, str(Path(__file__).parent))

from audit import applies, prepared, read, write
from planting import PLANTS, Keys, Tables

from graphrec.cleaning import RULES, CleanReport, clean, read_rules
from graphrec.cleaning.rule import Rule
from graphrec.cleaning.rules.near_duplicates import roots
from graphrec.kinds import kind_weight
from graphrec.models.filters.model import FILTERS
from graphrec.recommend.topk import top_k
from graphrec.snapshot import Snapshot
from loaders import load_frames

K = 20
HELD_BACK = 0.2
LIKED = 0.7
"""Of the range of ratings: 4 on a scale from 1 (or .5) to 5."""

TRIED = {
    "duplicates": "",
    "scales": "",
    "times": "",
    "orphans": "",
    "accidents": "",
    "bots": "",
    "constant_raters": "",
    "shilling": "",
    "near_duplicates": "",
    "near_duplicates of 88": "merge_from = 88.0",
    "outliers": "",
    "implicit": "",
    "implicit per user": "per_user = true\nlike_from = 0.0\ndislike_to = -1.0",
    "decay": "half_life_days = 365.0",
    "k_core": "",
    "k_core of 10": "users = 10\nitems = 10",
}
"""What is tried, by the name of its rule and more, with what a file of rules says of it."""

PLANTED = {"near_duplicates": "near_titles"}
"""The fault that a rule is about, where they aren't called the same."""


@dataclass(frozen=True)
class Test:
    """Whom to recommend to, and the held-back items of each; `had`: what they had in training."""

    user_ids: list[str]
    wanted: list[set[str]]
    had: list[set[str]]


def split(data: Tables, bad: set[int]) -> tuple[Tables, Test]:
    """The training part with all its faults, and the test part without those of `bad`, positions of rows."""
    events = data.events
    order = events["timestamp"] if "timestamp" in events else pd.Series(np.random.default_rng(1).random(len(events)))
    place = order.groupby(events["user_id"]).rank(method="first", pct=True)
    held = (place > 1 - HELD_BACK).to_numpy()
    train = events[~held].reset_index(drop=True)
    good = held & ~np.isin(np.arange(len(events)), list(bad))
    if "rating" in events:
        low, high = events["rating"].min(), events["rating"].max()
        good &= (events["rating"] >= low + LIKED * (high - low)).to_numpy()
    had = train.groupby("user_id")["item_id"].agg(set)
    wanted = events[good].groupby("user_id")["item_id"].agg(set)
    users = sorted(set(wanted.index) & set(had.index))
    left = {user: wanted[user] - had[user] for user in users}
    users = [user for user in users if left[user]]
    return replace(data, events=train), Test(users, [left[user] for user in users], [had[user] for user in users])


def cleaned(data: Tables, rules: str | None, folder: Path) -> tuple[Path, CleanReport]:
    """What rules (TOML; None: those of the default) make of tables."""
    path, out, file = folder / "data", folder / "out", folder / "rules.toml"
    path.mkdir()
    write(data, path)
    if rules is not None:
        off = "".join(f"[{rule.name}]\non = false\n" for rule in RULES if _is_off(rule, rules))
        file.write_text(off + rules, encoding="utf-8")
    return out, clean(path, out, rules=read_rules(file if rules is not None else None))


def _is_off(rule: Rule, rules: str) -> bool:
    return f"[{rule.name}]" not in rules and rule.name != "without_id"


def flagged(data: Tables) -> set[int]:
    """The positions of the rows that the default puts aside."""
    with tempfile.TemporaryDirectory() as folder:
        out, _ = cleaned(data, None, Path(folder))
        with (out / "rejects.csv").open(encoding="utf-8", newline="") as opened:
            rows = [
                json.loads(row["row"])["row_id"] for row in csv.DictReader(opened) if row["table"] == "interactions"
            ]
    return set(rows)


def learnt(out: Path, weighed: bool) -> tuple[Snapshot, dict[str, str]]:
    """What is left as a matrix, with the rows' own weights where they were made, and what each merged item became."""
    with tempfile.TemporaryDirectory() as folder:
        frames = load_frames(out, staging=Path(folder) / "frames")
        with frames.database() as database:
            rows = database.sql("SELECT user_id, item_id, kind, weight FROM sums ORDER BY user_id, item_id, kind").df()
    weight = rows["kind"].map(kind_weight)
    weight = weight * rows["weight"].fillna(1.0) if weighed else weight
    review = pd.read_csv(out / "review.csv", dtype=str) if (out / "review.csv").exists() else pd.DataFrame()
    merged = review[(review["decision"] == "merge") & (review["of"] == "items")] if len(review) else review
    into = roots(zip(merged["keep"], merged["merge"], strict=True)) if len(merged) else {}
    return Snapshot.from_pairs(rows["user_id"], rows["item_id"], weight=weight.to_numpy()), into


def recalls(snapshot: Snapshot, into: dict[str, str], test: Test) -> np.ndarray:
    """recall@20 of each test user."""
    model = FILTERS["item_graph"].of({}).fit(snapshot)
    places = {item: n for n, item in enumerate(snapshot.item_ids)}
    rows = snapshot.user_idx(test.user_ids)
    popular = snapshot.n_likers().astype(np.float32)
    found = np.zeros(len(test.user_ids))
    for start in range(0, len(rows), 512):
        block = rows[start : start + 512]
        matrix = sparse.csr_array(snapshot.matrix[np.maximum(block, 0)])
        scores = model.found.scores(matrix)
        empty = (block < 0) | (np.diff(matrix.indptr) == 0)
        scores[empty] = popular
        for n in range(len(block)):
            had = [places[into.get(item, item)] for item in test.had[start + n] if into.get(item, item) in places]
            scores[n, had] = -np.inf
        best = top_k(scores, K)
        for n in range(len(block)):
            listed = set(snapshot.item_ids[best.column[best.row == n]])
            wanted = {into.get(item, item) for item in test.wanted[start + n]}
            found[start + n] = len(listed & wanted) / len(wanted)
    return found


def tried(data: Tables, test: Test, name: str | None) -> tuple[np.ndarray, str]:
    """The recalls after a rule, and what it did."""
    rule = (name or "").split(" ")[0]
    rules = f"[{rule}]\non = true\n{TRIED[name]}\n" if name else ""
    with tempfile.TemporaryDirectory() as folder:
        out, report = cleaned(data, rules, Path(folder))
        done = next((one for one in report.rules if one.rule == rule), None)
        told = f"{done.rejected:,} | {done.changed:,}" if done else " | "
        return recalls(*learnt(out, weighed=rule in ("decay", "weights")), test), told


def line(found: np.ndarray, base: np.ndarray) -> str:
    """Recall, the difference and its standard error, and what that says."""
    gain = found - base
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    says = "helps" if gain.mean() > 2 * error else "harms" if gain.mean() < -2 * error else ""
    return (
        f"{found.mean():.4f} | {gain.mean():+.4f} ± {error:.4f} | {says}"
        if gain.any()
        else f"{found.mean():.4f} | 0 | "
    )


def real(name: str, data: Tables, test: Test) -> None:
    """Print what each rule does to a set as it is."""
    base, _ = tried(data, test, None)
    print(f"| {name} | none |  |  | {base.mean():.4f} |  |  |")
    for rule in TRIED:
        if rule.startswith("implicit") and "rating" not in data.events:
            continue
        if rule == "decay" and "timestamp" not in data.events:
            continue
        found, told = tried(data, test, rule)
        print(f"| {name} | {rule} | {told} | {line(found, base)} |", flush=True)


def planted(name: str, data: Tables, test: Test, share: float) -> None:
    """Print what each rule does where there are faults of its kind."""
    whole, _ = tried(data, test, None)
    for rule in TRIED:
        fault = PLANTED.get(rule.split(" ")[0], rule)
        if fault not in PLANTS or not applies(fault, data):
            continue
        spoilt, keys = PLANTS[fault](prepared(fault, data), share, np.random.default_rng(1))
        if fault == "near_titles":
            spoilt = _under_both_ids(spoilt, keys)
        base, _ = tried(spoilt, test, None)
        found, told = tried(spoilt, test, rule)
        print(
            f"| {name} | {rule} | {told} | {whole.mean():.4f} | {base.mean():.4f} | {line(found, base)} |", flush=True
        )


def _under_both_ids(data: Tables, keys: Keys) -> Tables:
    """Half of what was done to an item that was entered again is done under the second id."""
    pairs = dict(sorted(pair, key=lambda item: item.startswith("again-")) for pair in keys)
    events = data.events.copy()
    moved = events["item_id"].isin(pairs) & (np.random.default_rng(2).random(len(events)) < 0.5)
    events.loc[moved, "item_id"] = events.loc[moved, "item_id"].map(pairs)
    return replace(data, events=events)


def sets(folder: Path, names: list[str]) -> Iterator[tuple[str, Tables]]:
    """The sets by name."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and (not names or path.name in names):
            yield path.name, read(path)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    data = os.environ.get("GRAPHREC_DATA")
    parser.add_argument("--data", type=Path, default=Path(data) if data else None, required=data is None)
    parser.add_argument("--sets", nargs="*", default=[])
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--part", choices=("real", "planted"), help="one of the two tables")
    arguments = parser.parse_args()
    chosen = [(name, *split(tables, flagged(tables))) for name, tables in sets(arguments.data, arguments.sets)]
    for name, train, test in chosen:
        print(f"{name}: {len(train.events):,} training rows, {len(test.user_ids):,} test users")
    if arguments.part != "planted":
        print("\n| set | rule | rows put aside | changed | recall@20 | difference |  |\n|---|---|--:|--:|--:|--:|---|")
        for name, train, test in chosen:
            real(name, train, test)
    if arguments.part != "real":
        print(f"\n{arguments.share:.0%} planted\n")
        means = "without the faults | with them | after the rule"
        print(f"| set | rule | rows put aside | changed | {means} | difference |  |")
        print("|---|---|--:|--:|--:|--:|--:|--:|---|")
        for name, train, test in chosen:
            planted(name, train, test, arguments.share)


if __name__ == "__main__":
    main()
