"""Hybrids beside their parts: the split, the metrics and the child processes of `models.py`.

    python benchmarks/hybrids.py --data DIR --out DIR [--only 'ml-100k:*']

Each part is measured alone with its defaults and each hybrid of them with its own, so a row says what joining them
brings and costs. Weights and trees are learnt on a part of the training data. What is measured is added to
`hybrids.jsonl` in the folder of `--out` and isn't run again; `hybrids.md` is made of all of it.
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
from contest import child
from contest.data import DATASETS
from contest.results import Results
from models import Run, prepare

SETS = ("ml-100k", "ml-latest-small", "lastfm")
FIT_S = 600

PARTS = ("popular", "content", "p3alpha", "chebyshev", "ease", "lightgcn")
HYBRIDS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "weighted: filters": ("weighted", {"parts": "ease+chebyshev+p3alpha+popular"}),
    "weighted: filter and LightGCN": ("weighted", {"parts": "ease+lightgcn"}),
    "weighted: filter and content": ("weighted", {"parts": "ease+content"}),
    "switching: popular, p3alpha from 10, ease from 30": (
        "switching",
        {"parts": "popular+p3alpha+ease", "least": "0+10+30"},
    ),
    "cascade: p3alpha, of 100 ease": ("cascade", {"parts": "p3alpha+ease", "depths": "100"}),
    "cascade: ease, of 100 LightGCN": ("cascade", {"parts": "ease+lightgcn", "depths": "100"}),
    "augmented: content, then chebyshev": ("augmented", {"parts": "content+chebyshev"}),
    "augmented: p3alpha, then chebyshev": ("augmented", {"parts": "p3alpha+chebyshev"}),
    "stacked: filters": ("stacked", {"parts": "ease+chebyshev+p3alpha+popular"}),
    "stacked: filter, LightGCN, content": ("stacked", {"parts": "ease+lightgcn+content"}),
}
"""By the name of the row, the model and its settings."""

ROWS: Mapping[str, tuple[str, Mapping[str, Any]]] = {**{name: (name, {}) for name in PARTS}, **HYBRIDS}


def main() -> None:
    arguments = read_arguments()
    results = Results(arguments.out / "hybrids.jsonl")
    run = Run(results, arguments.out / "parts", 0, 0, FIT_S, arguments.memory, None)
    for dataset in SETS:
        for row, (model, settings) in ROWS.items():
            key = {"what": "hybrid", "dataset": dataset, "row": row}
            if results.find(key) or not wanted(arguments.only, f"{dataset}:{row}"):
                continue
            prepare(run, dataset, arguments.data)
            figures = _measured(arguments.out / "parts" / dataset / "test.npz", model, settings, arguments.memory)
            results.add({**key, "model": model, "settings": dict(settings), **figures})
            print(dataset, row, figures, file=sys.stderr, flush=True)
    (arguments.out / "hybrids.md").write_text(markdown(results.rows()), encoding="utf-8")
    print(markdown(results.rows()))


def _measured(path: Path, model: str, settings: Mapping[str, Any], most_gib: float) -> dict[str, Any]:
    with Child(child.fit, path, model, settings, FIT_S, most_gib=most_gib) as running:
        try:
            running.receive(300)
            running.receive(FIT_S)
            figures: dict[str, Any] = running.receive(FIT_S)
            return figures
        except CutError as cut:
            return {"note": str(cut)}


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The parts of each data set, then the hybrids."""
    lines = [
        "| data set | model | recall@20 | NDCG@20 | fit, processor s | all lists, s | peak, GiB |",
        f"|---|---|{'--:|' * 5}",
    ]
    found = {(row["dataset"], row["row"]): row for row in rows if row["what"] == "hybrid"}
    for dataset in SETS:
        theirs = [found[dataset, name] for name in ROWS if (dataset, name) in found]
        best = {metric: max((row.get(metric, 0) for row in theirs), default=0) for metric in ("recall@20", "ndcg@20")}
        for row in theirs:
            cells = [DATASETS[dataset].title, row["row"]]
            cells += [_bold(row, metric, best[metric]) for metric in best]
            cells += [f"{row[name]:{form}}" if name in row else row["note"] for name, form in _FORMS.items()]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


_FORMS = {"fit_cpu_s": ".1f", "recommend_s": ".1f", "peak_gib": ".2f"}


def _bold(row: Mapping[str, Any], metric: str, best: float) -> str:
    if metric not in row:
        return "–"
    return f"**{row[metric]:.4f}**" if row[metric] == best else f"{row[metric]:.4f}"


def wanted(patterns: Sequence[str], name: str) -> bool:
    """Whether something is to be run."""
    return not patterns or any(fnmatch(name, pattern) for pattern in patterns)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("GRAPHREC_DATA")
    parser.add_argument("--data", type=Path, default=data and Path(data), required=data is None)
    parser.add_argument("--out", type=Path, required=True, help="the folder for results and table")
    parser.add_argument("--only", action="append", default=[], help="SET:ROW; * for any")
    parser.add_argument("--memory", type=float, default=8, help="GiB that a model may hold")
    return parser.parse_args()


if __name__ == "__main__":
    main()
