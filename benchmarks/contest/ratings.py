"""RMSE and MAE of predicted ratings over the same folds, each model and fold in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from children import peak_gib
from peers.rating import RATERS

from graphrec.frames import Frames

N_FOLDS = 5
Send = Callable[[Any], None]


def write_folds(frames: Frames, path: Path, seed: int) -> None:
    """All ratings with the fold of each, dealt at random into equally many a fold."""
    with frames.database() as db:
        rows = db.sql(
            "SELECT user_id AS user, item_id AS item, rating FROM interactions WHERE rating IS NOT NULL ORDER BY 1, 2"
        ).df()
    rows["fold"] = np.random.default_rng(seed).permutation(len(rows)) % N_FOLDS
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.astype({"user": str, "item": str}).to_parquet(path, index=False)


def rate(send: Send, path: Path, model: str, fold: int) -> None:
    """Fit to all folds but one and predict that one: sends the figures."""
    rows = pd.read_parquet(path)
    train, test = rows[rows["fold"] != fold], rows[rows["fold"] == fold]
    fit = RATERS[model][1]
    small = train.head(300)
    fit(small, 1)(small)  # imports and compilers
    send("ready")
    started = time.perf_counter()
    predict = fit(train, fold)
    fitted = time.perf_counter()
    told = predict(test)
    send(
        {
            **errors(told, test["rating"].to_numpy()),
            "fit_s": fitted - started,
            "predict_s": time.perf_counter() - fitted,
            "peak_gib": peak_gib(),
        }
    )


def errors(told: np.ndarray, given: np.ndarray) -> Mapping[str, float]:
    """Root mean squared and mean absolute error."""
    off = told - given
    return {"rmse": float(np.sqrt(np.mean(off**2))), "mae": float(np.mean(np.abs(off)))}


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Means over the folds, with the deviation of the RMSE between them."""
    lines = [
        "| data set | model | package | RMSE | MAE | ± | fit, s | peak, GiB |",
        "|---|---|---|--:|--:|--:|--:|--:|",
    ]
    for (dataset, model), folds in pd.DataFrame([r for r in rows if "rmse" in r]).groupby(
        ["dataset", "model"], sort=False
    ):
        mean = folds[["rmse", "mae", "fit_s", "peak_gib"]].mean()
        cells = [dataset, f"`{model}`", folds["package"].iloc[0], f"{mean['rmse']:.4f}", f"{mean['mae']:.4f}"]
        cells += [f"{folds['rmse'].std():.4f}", f"{mean['fit_s']:.1f}", f"{mean['peak_gib']:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
