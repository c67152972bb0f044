"""A world of six tastes as a table of files, one a night: each adds users, items and likings to those before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from graphrec.snapshot import Snapshot

N_USERS, N_ITEMS, N_TASTES, NIGHTS = 96, 240, 6, 4
COLUMNS = {"user": "who", "item": "what"}
WARM = {"warm_epochs": 2, "warm_visited": 1.0}
SETTINGS = {"embedding_dim": 8, "batch_size": 24, "epochs": 4, "validation_share": 0.2, **WARM}


def likings() -> pd.DataFrame:
    """Who likes what, and since which night. Users from 90 and items from 234 are new in the second night."""
    rng = np.random.default_rng(8)
    user, item = np.meshgrid(np.arange(N_USERS), np.arange(N_ITEMS), indexing="ij")
    liked = (user % N_TASTES == item % N_TASTES) & (rng.random(user.shape) < 0.5)
    user, item = user[liked], item[liked]
    since = np.maximum(rng.choice(NIGHTS, len(user), p=[0.94, 0.02, 0.02, 0.02]), (user >= 90) | (item >= 234))
    return pd.DataFrame({"who": [f"u{n}" for n in user], "what": [f"i{n}" for n in item], "night": since})


def write_night(folder: Path, night: int) -> Path:
    """The file of one night, counted from 0."""
    rows = likings()
    path = folder / f"night{night}.csv"
    rows.loc[rows["night"] == night, ["who", "what"]].to_csv(path, index=False)
    return path


def snapshot(night: int) -> Snapshot:
    """What the graph holds after a night."""
    rows = likings()
    rows = rows[rows["night"] <= night]
    return Snapshot.from_pairs(rows["who"].tolist(), rows["what"].tolist())
