"""What `graphrec audit` finds of faults that were planted, what it flags in clean data, and what a large file costs.

    python benchmarks/audit.py faults --data DIR          # precision and recall per fault, share and set
    python benchmarks/audit.py clean --data DIR           # what is flagged where nothing was planted
    python benchmarks/audit.py large 10_000_000           # seconds and peak memory

A fault is planted alone into a clean set, as `planting.py` tells. What the untouched set has flagged already is left
out of precision and counted apart. The README says on which sets thresholds were set.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

from contest.data import DATASETS
from generate import interactions, write_csv
from planting import PLANTS, Keys, Tables

from graphrec.audit import DETECTORS, Flags, Settings, Source, open_path

SHARES = (0.001, 0.01, 0.05)
ROWS = ("duplicates", "scales", "times", "orphans", "accidents")
SYLLABLES = ("ba", "cor", "den", "el", "fa", "gri", "hol", "in", "ka", "lum", "mo", "nar", "or", "pi", "qua", "ros")
SYLLABLES += ("sta", "tem", "ul", "ver", "wil", "xan", "yor", "zet", "bri", "cle", "dro", "fen", "gal", "hy")


def generated(n: int, seed: int, **sizes: int) -> Tables:
    """Generated interactions, and items of which every one has a title and a year."""
    events = pd.concat([table.to_pandas() for table in interactions(n, seed=seed, **sizes)], ignore_index=True)
    ids = np.sort(events["item_id"].unique())
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(SYLLABLES, rng.integers(2, 4))).title() for _ in range(len(ids) * 2)]
    titles = [
        " ".join(rng.choice(words, rng.integers(1, 4))) + f" {chr(65 + n % 26)}{n}"[: 3 * (n % 5 == 0)]
        for n in range(len(ids))
    ]
    items = pd.DataFrame({"item_id": ids, "title": titles, "year": rng.integers(1950, 2020, len(ids))})
    return Tables(events, items)


def read(path: Path) -> Tables:
    """A data set of any known format as tables; without items of its own, those that occur."""
    with tempfile.TemporaryDirectory() as folder, open_path(path, staging=Path(folder)) as source:
        names = ["user_id", "item_id", *(["rating"] if source.holds("interactions", "rating") else [])]
        if source.holds("interactions", "at"):
            names.append('("at" // 1000)::BIGINT AS timestamp')
        events = source.db.sql(f"SELECT {', '.join(names)} FROM interactions ORDER BY row_id").df()
        items = pd.DataFrame({"item_id": np.sort(events["item_id"].unique())})
        if source.count("items"):
            year = "max(year)" if "year" in source.columns("items") else "NULL"
            items = source.db.sql(
                f"SELECT item_id, max(title) AS title, {year} AS year FROM items GROUP BY item_id ORDER BY item_id"
            ).df()
            events = events[events["item_id"].isin(items["item_id"])].reset_index(drop=True)
        tags = source.db.sql("SELECT user_id, item_id, tag FROM tags WHERE user_id IS NOT NULL ORDER BY row_id").df()
    return Tables(events, items, tags if len(tags) else None)


def write(data: Tables, folder: Path) -> None:
    """The tables as CSV files that any loader knows."""
    data.events.to_csv(folder / "interactions.csv", index=False)
    items = data.items.copy()
    if "year" in items:
        items["year"] = items["year"].astype("Int64")
    items.to_csv(folder / "items.csv", index=False)
    if data.tags is not None:
        data.tags.to_csv(folder / "tags.csv", index=False)


def applies(fault: str, data: Tables) -> bool:
    """Whether a set has what a fault spoils."""
    if fault in ("scales", "shilling", "constant_raters"):
        return "rating" in data.events
    if fault == "times":
        return "timestamp" in data.events
    if fault == "near_titles":
        return "title" in data.items
    return fault != "near_tags" or data.tags is not None


def prepared(fault: str, data: Tables) -> Tables:
    """The set as it is before the fault: accidents need to know how long people stayed (4 s and a log-normal more)."""
    if fault != "accidents":
        return data
    dwell = 4 + np.random.default_rng(7).lognormal(np.log(40), 1.2, len(data.events))
    return replace(data, events=data.events.assign(kind="view", dwell=dwell.round(2)))


def found(source: Source, flags: Flags) -> Keys:
    """The keys of what was flagged: rows of interactions, users, or pairs."""
    if flags.unit == "row":
        return {
            row[0] for row in source.rows(f"SELECT row_id FROM {flags.table} WHERE of IN ('interactions', 'events')")
        }
    if flags.unit == "user":
        return {row[0] for row in source.rows(f"SELECT DISTINCT user_id FROM {flags.table}")}
    return {frozenset(row) for row in source.rows(f"SELECT left_id, right_id FROM {flags.table}")}


def flagged(fault: str, data: Tables) -> Keys:
    """What the detector of a fault flags in tables, read from files."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "data").mkdir()
        write(data, Path(folder) / "data")
        with open_path(Path(folder) / "data", staging=Path(folder) / "staging") as source:
            return found(source, DETECTORS[fault](source, Settings()))


def linked(pairs: Keys) -> Keys:
    """All pairs of what pairs make one: whoever finds that a text is like the copy of another is right."""
    graph = nx.Graph(tuple(pair) for pair in pairs if len(pair) == 2)
    return {frozenset(pair) for one in nx.connected_components(graph) for pair in combinations(one, 2)}


def measure(fault: str, data: Tables, share: float, seeds: int) -> dict[str, object]:
    """Precision and recall of a fault, pooled over seeds."""
    hits = wrong = missed = 0
    clean = prepared(fault, data)
    base = flagged(fault, clean)
    for seed in range(seeds):
        spoilt, keys = PLANTS[fault](clean, share, np.random.default_rng(1000 + seed))
        got = flagged(fault, spoilt)
        hits, missed = hits + len(got & keys), missed + len(keys - got)
        wrong += len(got - (linked(keys | base) if fault.startswith("near") else keys | base))
    precision = hits / (hits + wrong) if hits + wrong else float("nan")
    recall = hits / (hits + missed) if hits + missed else float("nan")
    return {"planted": hits + missed, "precision": precision, "recall": recall, "before": len(base)}


def sets(folder: Path | None, names: list[str]) -> Iterator[tuple[str, Tables]]:
    """The generated sets, the real ones that are there, and MovieLens 100K, which is fetched once; by name."""
    for seed in (1, 2):
        if not names or f"generated-{seed}" in names:
            yield f"generated-{seed}", generated(100_000, seed)
    for path in sorted(folder.iterdir()) if folder else []:
        if path.is_dir() and (not names or path.name in names):
            yield path.name, read(path)
    if folder and (not names or "ml-100k" in names):
        yield "ml-100k", read(DATASETS["ml-100k"].path(folder))


def faults(args: argparse.Namespace) -> None:
    """Print the table of planted faults."""
    print("| fault | set | share | planted | precision | recall | flagged before |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for name, data in sets(args.data, args.sets):
        for fault in args.faults or PLANTS:
            for share in SHARES if applies(fault, data) else ():
                row = measure(fault, data, share, args.seeds)
                print(
                    f"| {fault} | {name} | {share:.1%} | {row['planted']:,} | {row['precision']:.3f} "
                    f"| {row['recall']:.3f} | {row['before']:,} |",
                    flush=True,
                )


def clean(args: argparse.Namespace) -> None:
    """Print what is flagged where nothing was planted."""
    print("| set | check | flagged | rows of them | share of rows |")
    print("|---|---|--:|--:|--:|")
    for name, data in sets(args.data, args.sets):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "data").mkdir()
            write(data, Path(folder) / "data")
            with open_path(Path(folder) / "data", staging=Path(folder) / "staging") as source:
                for check, detect in DETECTORS.items():
                    flags = detect(source, Settings())
                    n_rows = rows_of(source, flags)
                    share = n_rows / max(source.count("interactions"), 1)
                    print(f"| {name} | {check} | {flags.count(source):,} | {n_rows:,} | {share:.3%} |", flush=True)


def rows_of(source: Source, flags: Flags) -> int:
    """How many interactions the flagged things make up; those of a pair are those of the item on the right."""
    if flags.unit == "row":
        return len(found(source, flags))
    if flags.unit == "user":
        return int(source.value(f"SELECT count(*) FROM interactions SEMI JOIN {flags.table} USING (user_id)"))
    sql = f"SELECT count(*) FROM interactions WHERE item_id IN (SELECT right_id FROM {flags.table} WHERE of = 'items')"
    return int(source.value(sql))


def large(args: argparse.Namespace) -> None:
    """Audit one generated file in a process of its own, and say what it took."""
    import subprocess

    import psutil

    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        path = Path(folder) / "interactions.csv"
        write_csv(path, args.n, seed=3)
        command = [sys.executable, "-m", "graphrec", "audit", str(path), "--json"]
        started, peak = time.perf_counter(), 0
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:
            watched = psutil.Process(running.pid)
            while running.poll() is None:
                peak = max(peak, _resident(watched))
                time.sleep(0.2)
        size = path.stat().st_size
        seconds = time.perf_counter() - started
    print("| rows | file, MB | seconds | peak memory, GiB | exit status |")
    print("|--:|--:|--:|--:|--:|")
    print(f"| {args.n:,} | {size / 1e6:,.0f} | {seconds:.0f} | {peak / 2**30:.2f} | {running.returncode} |")


def _resident(process: object) -> int:
    import psutil

    assert isinstance(process, psutil.Process)
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def main() -> None:
    """Run one of the three."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    data = os.environ.get("GRAPHREC_DATA")
    runs: dict[str, Callable[[argparse.Namespace], None]] = {"faults": faults, "clean": clean, "large": large}
    for name, run in runs.items():
        verb = verbs.add_parser(name)
        verb.set_defaults(run=run)
        if name == "large":
            verb.add_argument("n", type=int)
            verb.add_argument("--folder", type=Path, help="where the file and the audit's staging lie")
            continue
        verb.add_argument("--data", type=Path, default=Path(data) if data else None, help="a folder of data sets")
        verb.add_argument("--sets", nargs="*", default=[], help="only these sets")
        if name == "faults":
            verb.add_argument("--faults", nargs="*", default=[], help="only these faults")
            verb.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
