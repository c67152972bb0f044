"""How seconds and memory grow with the interactions: the snapshot, P3alpha, the Chebyshev filter, a LightGCN epoch.

    python benchmarks/scale.py [--rows 1_000_000 3_000_000 10_000_000] [--steps snapshot p3alpha] [--work DIR]

The interactions are those of `generate.py`: 40 rows a user and 150 an item whatever their number, so users and items
grow as the interactions do, as when a service gains people and catalogue; activity is log-normal, popularity a Zipf
curve, so the most popular items grow, too. Every step is a process of its own, from Frames (the snapshot) or from a
snapshot on disk (the models), with its compiled code warmed up. Linear is the seconds of the first size times the rows;
the targets are at most 1.3 times that, and 12 GiB.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import generate
from children import Child, CutError, peak_gib
from snapshots import read_snapshot, write_snapshot

from graphrec.models import fit
from graphrec.models.base import Report
from graphrec.snapshot import Snapshot

MOST_GROWTH = 1.3
MOST_GIB = 12

Send = Callable[[Any], None]


def stage(send: Send, n_rows: int, folder: Path) -> None:
    """Generate rows and stage them as Frames."""
    from graphrec.frames.tables import write_manifest
    from loaders import load_frames

    csv = folder / "rows.csv"
    generate.write_csv(csv, n_rows, seed=1)
    write_manifest(load_frames(csv, staging=folder / "frames"))
    csv.unlink()
    send({})


def take_snapshot(send: Send, folder: Path) -> None:
    """The snapshot of the Frames."""
    from graphrec.frames.tables import read_manifest

    frames = read_manifest(folder / "frames")
    clock = Clock()
    snapshot = Snapshot.from_frames(frames)
    send(clock.told())
    write_snapshot(folder / "snapshot.npz", snapshot)
    send({"users": snapshot.n_users, "items": snapshot.n_items, "pairs": snapshot.matrix.nnz})


def fit_filter(send: Send, folder: Path, name: str) -> None:
    """A closed form."""
    fit(name, warm_snapshot())
    snapshot = read_snapshot(folder / "snapshot.npz")
    clock = Clock()
    fit(name, snapshot)
    send(clock.told())


def train_epoch(send: Send, folder: Path, name: str) -> None:
    """The second epoch of a LightGCN, with its validation: the first one touches memory for the first time."""
    fit(name, warm_snapshot(), {"epochs": 1})
    snapshot = read_snapshot(folder / "snapshot.npz")
    clocks: list[Clock] = []
    found: list[dict[str, float]] = []

    def tell(report: Report) -> None:
        if report.recall is not None:
            found.extend(clock.told() for clock in clocks)
            clocks.append(Clock())

    fit(name, snapshot, {"epochs": 2, "patience": 2}, tell)
    send({**found[0], "peak_gib": peak_gib()})


STEPS: Mapping[str, tuple[str, Callable[..., None], tuple[Any, ...]]] = {
    "snapshot": ("snapshot from Frames", take_snapshot, ()),
    "p3alpha": ("P3alpha", fit_filter, ("p3alpha",)),
    "chebyshev": ("Chebyshev filter", fit_filter, ("chebyshev",)),
    "lightgcn": ("LightGCN, one epoch", train_epoch, ("lightgcn",)),
}


class Clock:
    """Seconds since it was made: on the wall, and of all cores together."""

    def __init__(self) -> None:
        self.wall, self.cores = time.perf_counter(), time.process_time()

    def told(self) -> dict[str, float]:
        """The seconds, and the peak of memory so far."""
        cores_s = time.process_time() - self.cores
        return {"seconds": time.perf_counter() - self.wall, "cores_s": cores_s, "peak_gib": peak_gib()}


def warm_snapshot() -> Snapshot:
    """A few interactions, for compilers and libraries to wake up on."""
    rows = next(generate.interactions(20_000, seed=2))
    return Snapshot.from_pairs(rows["user_id"], rows["item_id"])


def measure(n_rows: int, steps: Sequence[str], work: Path, limit_s: float) -> list[dict[str, Any]]:
    """A row for each step at one size."""
    folder = work / str(n_rows)
    if not (folder / "frames" / "frames.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _run(stage, (n_rows, folder), limit_s)
    rows = []
    if "snapshot" not in steps and not (folder / "snapshot.npz").exists():
        _run(take_snapshot, (folder,), limit_s)
    for step in steps:
        title, work_of, more = STEPS[step]
        row = {"rows": n_rows, "step": title, **_run(work_of, (folder, *more), limit_s)}
        print(json.dumps(row), flush=True)
        rows.append(row)
    return rows


def _run(work: Callable[..., None], arguments: tuple[Any, ...], limit_s: float) -> dict[str, Any]:
    with Child(work, *arguments, most_gib=1.5 * MOST_GIB) as child:
        try:
            found: dict[str, Any] = child.receive(limit_s)
            if work is take_snapshot:
                found |= child.receive(limit_s)
        except CutError as cut:
            return {"note": str(cut)}
        return found


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: each step at each size, and how much more than linear it took."""
    lines = [
        "| step | interactions | users × items | seconds | times linear | all cores, s | times linear | peak, GiB | |"
    ]
    lines.append("|---|--:|--:|--:|--:|--:|--:|--:|---|")
    sizes = {row["rows"]: f"{row['users']:,} × {row['items']:,}" for row in rows if "users" in row}
    for step in dict.fromkeys(row["step"] for row in rows):
        same = [row for row in rows if row["step"] == step]
        for row in same:
            cells = [row["step"], f"{row['rows']:,}", sizes.get(row["rows"], "")]
            if "seconds" in row:
                for clock in ("seconds", "cores_s"):
                    cells += [f"{row[clock]:.1f}", f"{growth(row, same[0], clock):.2f}"]
                cells += [f"{row['peak_gib']:.2f}", missed(row, same[0])]
            else:
                cells += ["", "", "", "", "", row["note"]]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def growth(row: Mapping[str, Any], first: Mapping[str, Any], clock: str) -> float:
    """Seconds beside what they would be if they grew as the rows do."""
    return float(row[clock] / first[clock] / (row["rows"] / first["rows"])) if clock in first else float("nan")


def missed(row: Mapping[str, Any], first: Mapping[str, Any]) -> str:
    """Which targets a row misses."""
    found = [f"more than {MOST_GROWTH} times linear"] if growth(row, first, "seconds") > MOST_GROWTH else []
    return ", ".join([*found, *([f"more than {MOST_GIB} GiB"] if row["peak_gib"] > MOST_GIB else [])])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--steps", nargs="+", choices=list(STEPS), default=list(STEPS))
    parser.add_argument("--limit", type=float, default=3600, help="seconds that a step may take")
    parser.add_argument("--work", type=Path, help="a folder to keep the generated data in for another run")
    arguments = parser.parse_args()
    work = arguments.work or Path(tempfile.mkdtemp(prefix="graphrec-scale-"))
    try:
        rows = [row for n in arguments.rows for row in measure(n, arguments.steps, work, arguments.limit)]
        print(f"\n{table(rows)}")
    finally:
        if arguments.work is None:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
