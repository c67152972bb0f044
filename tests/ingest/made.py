"""Data sets made by hand, staged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from graphrec.frames import Frames, FramesWriter

NASTY = [
    'say "hi"',
    "it's",
    "a,b;c",
    "two\nlines",
    "back\\slash\\",
    " edges ",
    "tab\there",
    "🎉 é ß",
    '"',
    ",",
    "007",
    "null",
    "x" * 3000,
]
"""Ids that a file format or a language might break."""


def staged(folder: Path, **tables: list[dict[str, Any]]) -> Frames:
    """Frames of rows given as dicts."""
    with FramesWriter(folder, "made", "by hand") as writer:
        for name, rows in tables.items():
            columns = dict.fromkeys(key for row in rows for key in row)
            writer.add(name, pa.table({column: [row.get(column) for row in rows] for column in columns}))
        return writer.finish()


def event(user_id: str, item_id: str, at: int | None = None, **more: Any) -> dict[str, Any]:
    """One row of interactions."""
    return {"user_id": user_id, "item_id": item_id, "kind": "listen", "at": at, **more}


def nasty(folder: Path) -> Frames:
    """Every nasty id as user, item and tag, with properties of all types and missing values."""
    rng = np.random.default_rng(5)
    items = [
        {
            "item_id": text,
            "title": text if n % 3 else None,
            "genres": NASTY[:n] if n % 4 else None,
            "year": 1990 + n if n % 2 else None,
            "price": 0.1 * n,
            "adult": n % 5 == 0,
        }
        for n, text in enumerate(NASTY)
    ]
    interactions = [
        {
            "user_id": NASTY[user],
            "item_id": NASTY[item],
            "kind": NASTY[kind],
            "count": int(count),
            "weight": None if weight < 0.2 else float(weight),
            "rating": None if weight > 0.8 else float(count) / 2,
            "at": None if at < 300 else int(at),
        }
        for user, item, kind, count, weight, at in zip(
            *rng.integers(0, [[13], [13], [4], [5]], (4, 400)),
            rng.random(400),
            rng.integers(0, 10**6, 400),
            strict=True,
        )
    ]
    return staged(
        folder,
        users=[
            {"user_id": "no interactions", "age": 30, "bio": ""},
            {"user_id": NASTY[0], "age": None, "bio": NASTY[3]},
        ],
        items=[*items, {"item_id": "never seen", "title": "", "genres": ["", "one"]}],
        interactions=interactions,
        item_tags=[{"item_id": NASTY[n], "tag": NASTY[-n], "weight": n / 7} for n in range(1, 12)],
        taggings=[{"user_id": NASTY[n], "item_id": NASTY[-n], "tag": NASTY[n - 1], "at": n or None} for n in range(9)],
        follows=[{"user_id": NASTY[n], "followee_id": NASTY[n + 1]} for n in range(8)],
    )


def generated(folder: Path, n_rows: int, seed: int = 0) -> Frames:
    """Interactions of many users with few items, some pairs more than once."""
    rng = np.random.default_rng(seed)
    rows = pa.table(
        {
            "user_id": pa.array([f"u{n}" for n in rng.integers(0, max(n_rows // 20, 2), n_rows)]),
            "item_id": pa.array([f"i{n}" for n in rng.zipf(1.3, n_rows) % 500]),
            "kind": pa.array(["view"] * n_rows),
            "at": pa.array(rng.integers(10**12, 2 * 10**12, n_rows)),
        }
    )
    with FramesWriter(folder, "generated", "by hand") as writer:
        writer.add("interactions", rows)
        return writer.finish()
