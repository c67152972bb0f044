"""Each family of recommenders beside its reference packages: ratings over five folds, and lists.

    pip install -e '.[peers]'
    python benchmarks/families.py --data DIR --out DIR [--search-seconds 15] [--only ratings] [--only 'ml-100k:als']

Ratings (MovieLens 100K, latest-small): RMSE and MAE over the same five folds, with defaults. Lists (both, and HetRec
Last.fm): the split, the metrics and the child processes of `models.py`, with defaults and with the best settings found
within `--search-seconds`. What is measured is added to `families.jsonl` in the folder of `--out` and isn't run again;
`families.md` is made of all of it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from children import Child, CutError
from contest import ratings
from contest.data import DATASETS
from contest.results import Results
from contest.table import markdown
from models import Run, latest, prepare
from peers import CONTENDERS
from peers.rating import RATERS

from loaders import load_frames

FAMILIES: Mapping[str, Sequence[str]] = {
    "content": ("content", "lightfm-tags"),
    "neighbours": ("user_neighbours", "item_neighbours", "lenskit-knn", "lenskit-user-knn", "implicit-cosine"),
    "factors": ("als", "implicit-als", "lenskit-als", "bpr", "implicit-bpr", "cornac-bpr", "nmf"),
    "neural": (
        *("multvae", "recbole-multivae", "cornac-vaecf", "neumf", "recbole-neumf", "cornac-neumf"),
        *("sasrec", "recbole-sasrec", "cornac-sasrec", "two_tower", "recbole-dssm"),
    ),
}
"""graphrec's models and the same of other packages."""

LISTS = ("ml-100k", "ml-latest-small", "lastfm")
RATED = ("ml-100k", "ml-latest-small")
FIT_S = 900


def main() -> None:
    arguments = read_arguments()
    results = Results(arguments.out / "families.jsonl")
    for dataset in RATED:
        _rate(results, arguments, dataset)
    run = Run(results, arguments.out / "parts", arguments.search_seconds, 1000, FIT_S, arguments.memory, None)
    for dataset in LISTS:
        for model in (model for models in FAMILIES.values() for model in models):
            if model in CONTENDERS and CONTENDERS[model].version and wanted(arguments.only, f"{dataset}:{model}"):
                prepare(run, dataset, arguments.data)
                run.model(dataset, model)
    write_out(results, arguments.out / "families.md")


def _rate(results: Results, arguments: argparse.Namespace, dataset: str) -> None:
    """Every model on every fold, as far as it isn't there yet."""
    path = arguments.out / "parts" / dataset / "ratings.parquet"
    for fold in range(ratings.N_FOLDS):
        for model, (package, _) in RATERS.items():
            key = {"what": "rating", "dataset": dataset, "model": model, "package": package, "fold": fold}
            if results.find(key) or not wanted(arguments.only, f"ratings:{dataset}:{model}"):
                continue
            if not path.exists():
                frames = load_frames(DATASETS[dataset].path(arguments.data), staging=arguments.out / "parts" / "frames")
                ratings.write_folds(frames, path, seed=0)
            figures = _in_a_process(path, model, fold, arguments.memory)
            results.add({**key, **figures})
            print(dataset, model, fold, figures, file=sys.stderr, flush=True)


def _in_a_process(path: Path, model: str, fold: int, most_gib: float) -> dict[str, Any]:
    with Child(ratings.rate, path, model, fold, most_gib=most_gib) as running:
        try:
            running.receive(300)
            figures: dict[str, Any] = running.receive(FIT_S)
            return figures
        except CutError as cut:
            return {"note": str(cut)}


def wanted(patterns: Sequence[str], name: str) -> bool:
    """Whether something is to be run: `ratings` alone stands for `ratings:*`."""
    return not patterns or any(fnmatch(name, p) or fnmatch(name, f"{p}:*") for p in patterns)


def write_out(results: Results, path: Path) -> None:
    """Both tables."""
    rows = results.rows()
    rated = [row for row in rows if row["what"] == "rating" and "rmse" in row]
    told = ratings.markdown(rated) if rated else ""
    path.write_text(f"{told}\n\n{markdown(latest([row for row in rows if row['what'] == 'fit']))}", encoding="utf-8")
    print(path.read_text(encoding="utf-8"))


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("GRAPHREC_DATA")
    parser.add_argument("--data", type=Path, default=data and Path(data), required=data is None)
    parser.add_argument("--out", type=Path, required=True, help="the folder for results and tables")
    parser.add_argument(
        "--only", action="append", default=[], help="ratings, ratings:SET:MODEL or SET:MODEL; * for any"
    )
    parser.add_argument("--search-seconds", type=float, default=15, help="for each model and data set; 0: no search")
    parser.add_argument("--memory", type=float, default=8, help="GiB that a model may hold")
    return parser.parse_args()


if __name__ == "__main__":
    main()
