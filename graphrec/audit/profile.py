"""What a stretch of interactions looks like, small enough to be kept and held against a later one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from graphrec.audit.source import Source
from graphrec.errors import InputError

FORMAT = 1

Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Profile:
    """Who and what occurs, how often, and how ratings, kinds and hours are spread.

    Ids are kept as hashes of 64 bits (sorted), which tell new ones from known ones and name nobody; whoever holds a
    list of ids can still look for them. `made_at`: epoch milliseconds.
    """

    name: str
    made_at: int
    n_rows: int
    users: Words
    user_counts: Counts
    items: Words
    item_counts: Counts
    ratings: npt.NDArray[np.float64]
    rating_counts: Counts
    kinds: tuple[str, ...]
    kind_counts: Counts
    hours: Counts


def profile_of(source: Source, where: str = "true", name: str = "") -> Profile:
    """The profile of the interactions that a condition chooses."""
    rows = f"(SELECT * FROM interactions WHERE {where})"
    users, user_counts = _hashed(source, rows, "user_id")
    items, item_counts = _hashed(source, rows, "item_id")
    ratings = source.arrays(
        f"SELECT rating, count(*) AS n FROM {rows} WHERE rating IS NOT NULL GROUP BY rating ORDER BY rating LIMIT 5000"
    )
    kinds = source.rows(f"SELECT coalesce(kind, ''), count(*) FROM {rows} GROUP BY 1 ORDER BY 1")
    hours = dict(source.rows(f'SELECT ("at" // 3600000) % 24 AS h, count(*) FROM {rows} WHERE "at" >= 0 GROUP BY h'))
    return Profile(
        name or source.name,
        source.now,
        int(source.value(f"SELECT count(*) FROM {rows}")),
        users,
        user_counts,
        items,
        item_counts,
        np.asarray(ratings["rating"], dtype=np.float64),
        np.asarray(ratings["n"], dtype=np.int64),
        tuple(kind for kind, _ in kinds),
        np.array([n for _, n in kinds], dtype=np.int64),
        np.array([hours.get(hour, 0) for hour in range(24)], dtype=np.int64),
    )


def save(profile: Profile, path: Path) -> None:
    """Write a profile as a baseline, an npz file."""
    told = {"format": FORMAT, "name": profile.name, "made_at": profile.made_at, "n_rows": profile.n_rows}
    arrays = {name: getattr(profile, name) for name in _ARRAYS}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez_compressed(file, told=np.array(json.dumps({**told, "kinds": profile.kinds})), **arrays)


def read(path: Path) -> Profile:
    """The baseline in a file. InputError where there is none."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            told: dict[str, Any] = json.loads(str(found["told"]))
            if told.pop("format") != FORMAT:
                raise ValueError("it is of another format")
            kinds = tuple(told.pop("kinds"))
            return Profile(kinds=kinds, **told, **{name: found[name] for name in _ARRAYS})
    except (OSError, EOFError, BadZipFile, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"expected a baseline that `graphrec audit --keep` wrote in {path}, and can't read it: {error}"
        ) from None


_ARRAYS = (*("users", "user_counts", "items", "item_counts", "ratings", "rating_counts", "kind_counts", "hours"),)


def _hashed(source: Source, rows: str, column: str) -> tuple[Words, Counts]:
    """The ids as hashes that are the same in every process and version (the first half of MD5), and their rows."""
    found = source.arrays(
        f"SELECT md5_number_upper({column}) AS h, count(*) AS n FROM {rows} WHERE {column} IS NOT NULL "
        "GROUP BY h ORDER BY h"
    )
    return np.asarray(found["h"], dtype=np.uint64), np.asarray(found["n"], dtype=np.int64)
