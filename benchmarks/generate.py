"""Synthetic interactions with the shape of real ones, for benchmarks and tests.

    python benchmarks/generate.py 10_000_000 interactions.csv --seed 1

Items follow a Zipf curve, users' activity a log-normal one, rows run by time as in a log; ids are strings.
Memory is bounded by the chunk, whatever the number of rows.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

CHUNK = 1_000_000
FIRST_SECOND = 1_577_836_800  # 2020-01-01
SECONDS = 3 * 365 * 86_400


def interactions(
    n: int, *, n_users: int | None = None, n_items: int | None = None, seed: int = 0, chunk: int = CHUNK
) -> Iterator[pa.Table]:
    """`n` rows of user_id, item_id, rating (half stars) and timestamp (seconds, never falling), in chunks.

    Unless told, there are 40 rows a user and 150 an item, as in data sets of that size. Some pairs come up again.
    """
    rng = np.random.default_rng(seed)
    users = _ids("user", n_users or max(n // 40, 10), rng)
    items = _ids("item", n_items or max(n // 150, 10), rng)
    user_curve = np.cumsum(rng.lognormal(sigma=1.1, size=len(users)))
    item_curve = np.cumsum(1.0 / (np.arange(len(items)) + 20.0) ** 0.8)
    for start in range(0, n, chunk):
        rows = min(chunk, n - start)
        seconds = (start + np.sort(rng.random(rows)) * rows) / n * SECONDS
        yield pa.table(
            {
                "user_id": users.take(_draw(user_curve, rows, rng)),
                "item_id": items.take(_draw(item_curve, rows, rng)),
                "rating": np.clip(np.rint(rng.normal(3.6, 1.0, rows) * 2), 1, 10) / 2,
                "timestamp": FIRST_SECOND + seconds.astype(np.int64),
            }
        )


def write_csv(path: Path, n: int, *, n_users: int | None = None, n_items: int | None = None, seed: int = 0) -> None:
    """Write the rows of `interactions` as a CSV file with a header."""
    chunks = interactions(n, n_users=n_users, n_items=n_items, seed=seed)
    first = next(chunks)
    options = pacsv.WriteOptions(quoting_style="none", quoting_header="none")
    with pacsv.CSVWriter(path, first.schema, write_options=options) as writer:
        writer.write_table(first)
        for table in chunks:
            writer.write_table(table)


def _ids(prefix: str, n: int, rng: np.random.Generator) -> pa.Array:
    """`n` different ids, in an order that says nothing of popularity."""
    numbers = pa.array(rng.permutation(n)).cast(pa.string())
    return pc.binary_join_element_wise(prefix, numbers, "-")


def _draw(curve: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    return np.searchsorted(curve, rng.random(n) * curve[-1], side="right").clip(max=len(curve) - 1)


def main() -> None:
    """Write one file and say how long it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("n", type=int, help="rows")
    parser.add_argument("out", type=Path, help="the CSV file to write")
    parser.add_argument("--users", type=int, help="how many users there are to draw from")
    parser.add_argument("--items", type=int, help="how many items there are to draw from")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    started = time.perf_counter()
    write_csv(args.out, args.n, n_users=args.users, n_items=args.items, seed=args.seed)
    print(f"{args.out}: {args.n:,} rows, {args.out.stat().st_size:,} bytes, {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
