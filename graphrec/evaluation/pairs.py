"""The pairs of user and item that a split deals out: one row a pair, however many events it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphrec.frames import Frames
from graphrec.hashing import hash_ids, hash_pairs
from graphrec.kinds import DEFAULT_WEIGHT, KIND_WEIGHTS

_PAIRS = """
SELECT user_id, item_id, min("at") AS first_at,
       arg_max(rating, row(coalesce("at", 0), rating)) FILTER (WHERE rating IS NOT NULL) AS rating,
       max(coalesce(liking, $default)) AS liking
FROM {table} LEFT JOIN kind_weights USING (kind)
GROUP BY user_id, item_id
ORDER BY user_id, item_id
"""


@dataclass(frozen=True)
class Pairs:
    """Columns aligned by pair, in the order of user_id, item_id.

    `user_idx` and `item_idx` number `user_ids` and `item_ids`; `first_at` is epoch milliseconds and `rating` the
    latest one, both NaN where there is none; `liking` is the largest weight among the pair's kinds.
    """

    user_ids: npt.NDArray[np.object_]
    item_ids: npt.NDArray[np.object_]
    user_idx: npt.NDArray[np.int64]
    item_idx: npt.NDArray[np.int64]
    first_at: npt.NDArray[np.float64]
    rating: npt.NDArray[np.float64]
    liking: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.user_idx)

    def hashes(self, seed: int) -> npt.NDArray[np.uint64]:
        """The seeded hash of each pair."""
        return hash_pairs(hash_ids(self.user_ids)[self.user_idx], hash_ids(self.item_ids)[self.item_idx], seed)

    def relevant(self, least: float | None) -> npt.NDArray[np.bool_]:
        """Which pairs count as liked: any kind of positive weight, and with `least` a rating of at least that."""
        liked = self.liking > 0
        return liked if least is None else liked & (self.rating >= least)


def read_pairs(frames: Frames, table: str = "interactions") -> Pairs:
    """The pairs of one table of events."""
    weights = pa.table({"kind": list(KIND_WEIGHTS), "liking": list(KIND_WEIGHTS.values())})
    with frames.database() as db:
        db.register("kind_weights", weights)
        rows = db.sql(_PAIRS.format(table=table), params={"default": DEFAULT_WEIGHT}).to_arrow_table()
    user_ids, user_idx = _encode(rows["user_id"])
    item_ids, item_idx = _encode(rows["item_id"])
    numbers = [_floats(rows[name]) for name in ("first_at", "rating", "liking")]
    return Pairs(user_ids, item_ids, user_idx, item_idx, *numbers)


def _encode(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    encoded = column.combine_chunks().dictionary_encode()
    return encoded.dictionary.to_numpy(zero_copy_only=False), encoded.indices.to_numpy().astype(np.int64)


def _floats(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    values: Any = column.cast(pa.float64(), safe=False).to_numpy()
    return np.asarray(values, dtype=np.float64)
