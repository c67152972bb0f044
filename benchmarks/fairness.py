"""Accuracy beside what each way to fairer and wider lists is for, on real data, after training and within it.

    python benchmarks/fairness.py --data DIR --out DIR [--users N]

DIR of `--data` holds `ml-latest-small/`; the one of `--out` gets a page with a plot a way for each model; tables are
printed as Markdown.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from graphrec.evaluation import SplitSettings
from graphrec.fairness import STEPS, Tradeoff, weigh
from graphrec.fairness.page import page
from graphrec.fairness.tradeoff import PENALTIES

PLANS = (("ease", tuple(STEPS), (0.0, 0.25, 0.5, 0.75)), ("lightgcn", PENALTIES, (0.0, 1.0, 5.0, 25.0)))
GROUP = "tag:Documentary"
"""Few films, which few people watch."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("GRAPHREC_DATA"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--users", type=int)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    for model, ways, weights in PLANS:
        split = SplitSettings("time-user")
        found = weigh(
            Path(asked.data) / "ml-latest-small",
            model,
            ways,
            weights=weights,
            split=split,
            n_users=asked.users,
            group=GROUP,
        )
        (asked.out / f"{model}.html").write_text(page(found), encoding="utf-8")
        print(told(found), flush=True)


def told(found: Tradeoff) -> str:
    """A Markdown table."""
    names = [name for name in found.rows[0] if "@" in name]
    lines = [f"| {found.model}, {found.dataset} | {' | '.join(names)} |", f"|---|{'--:|' * len(names)}"]
    for row in found.rows:
        cells = " | ".join(f"{row[name]:.4f}" if name in row else "" for name in names)
        lines.append(f"| {row['way']} {row['weight']:g} | {cells} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
