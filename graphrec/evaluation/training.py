"""The training part of a split as Frames of its own: nothing in it tells of what is held back."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from graphrec.evaluation.pairs import Pairs
from graphrec.evaluation.splits import Dealt
from graphrec.frames import Frames

COPIED = ("items", "item_tags")
"""Tables that every split trains with; they have no part that could be held back."""

_ROWS = {
    "interactions": """SELECT e.* FROM interactions AS e JOIN dealt AS d USING (user_id, item_id)
        WHERE d.train AND coalesce(e."at" <= d.until, true)""",
    "taggings": """SELECT e.* FROM taggings AS e LEFT JOIN dealt AS d USING (user_id, item_id)
        LEFT JOIN ends AS u USING (user_id)
        WHERE coalesce(d.train, true) AND coalesce(e."at" <= coalesce(u.until, $cut), true)
        AND NOT coalesce(u.is_new, false)""",
    "users": "SELECT e.* FROM users AS e LEFT JOIN ends AS u USING (user_id) WHERE NOT coalesce(u.is_new, false)",
    "follows": """SELECT e.* FROM follows AS e LEFT JOIN ends AS u USING (user_id)
        LEFT JOIN ends AS f ON f.user_id = e.followee_id
        WHERE NOT coalesce(u.is_new, false) AND NOT coalesce(f.is_new, false)""",
}
"""What of each table trains: events of pairs that train, none later than their user's last moment of training, and
nothing of users who are kept for new ones."""


def stage_training(frames: Frames, pairs: Pairs, dealt: Dealt, folder: Path) -> Frames:
    """Write the rows that train into `folder`."""
    counts = {table: n for table, n in frames.counts.items() if table in (*COPIED, *_ROWS)}
    for table in COPIED:
        if frames.has(table):
            shutil.copytree(frames.folder / table, folder / table, dirs_exist_ok=True)
    with frames.database() as db:
        db.register("dealt", _dealt(pairs, dealt))
        db.register("ends", _ends(pairs, dealt))
        for table in _ROWS:
            if counts.get(table):
                counts[table] = _copy(db, table, folder, dealt.cut)
    return Frames(folder, frames.name, frames.format, counts, {}, 0)


def _copy(db: duckdb.DuckDBPyConnection, table: str, folder: Path, cut: float) -> int:
    (folder / table).mkdir(parents=True, exist_ok=True)
    target = str(folder / table / "part.parquet").replace("'", "''")
    values = {"cut": cut} if "$cut" in _ROWS[table] else {}
    done = db.execute(f"COPY ({_ROWS[table]}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)", values).fetchone()
    return int(done[0]) if done else 0


def _dealt(pairs: Pairs, dealt: Dealt) -> pa.Table:
    """One row a pair: whether it trains, and until when."""
    return pa.table(
        {
            "user_id": pa.DictionaryArray.from_arrays(pairs.user_idx, pa.array(pairs.user_ids, pa.string())),
            "item_id": pa.DictionaryArray.from_arrays(pairs.item_idx, pa.array(pairs.item_ids, pa.string())),
            "train": dealt.train,
            "until": dealt.until,
        }
    )


def _ends(pairs: Pairs, dealt: Dealt) -> pa.Table:
    """One row a user of interactions: the last moment that trains, and whether the user is kept for a new one."""
    until = np.full(len(pairs.user_ids), np.inf)
    np.minimum.at(until, pairs.user_idx, dealt.until)
    is_new = np.zeros(len(pairs.user_ids), dtype=bool)
    is_new[pairs.user_idx[dealt.given]] = True
    return pa.table({"user_id": pa.array(pairs.user_ids, pa.string()), "until": until, "is_new": is_new})
