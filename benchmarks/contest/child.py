"""What runs in a child process: one model fitted, asked and measured; or as many trials of it as fit a budget."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import peers
import pyarrow as pa
from children import peak_gib
from peers.base import Peer, draw

from contest.data import Part, read_part
from graphrec.evaluation.metrics import Truth, measure
from graphrec.snapshot import Snapshot

K = 20
Send = Callable[[Any], None]

READY = "ready"


def fit(send: Send, path: Path, model: str, settings: Mapping[str, Any], limit: float) -> None:
    """Fit one model to the part of a file and measure it: sends READY, the seconds of the fit, and the figures.

    A model that can be stopped stops by itself after `limit` seconds, and is measured as it then is.
    """
    part = read_part(path)
    warm_up(model)
    peer = peers.create(model)
    send(READY)
    started, worked = time.perf_counter(), time.process_time()
    cut = peer.fit(part.snapshot, settings, started + limit)
    fit_s, cpu_s = time.perf_counter() - started, time.process_time() - worked
    send(fit_s)
    started = time.perf_counter()
    users, best = ask(peer, part)
    costs = {"fit_s": fit_s, "fit_cpu_s": cpu_s, "recommend_s": time.perf_counter() - started, "peak_gib": peak_gib()}
    costs = {name: round(value, 3) for name, value in costs.items()}
    send({**figures_of(part, users, best), **costs, "note": cut})


def search(send: Send, path: Path, model: str, most_trials: int, seed: int) -> None:
    """The defaults, then settings drawn from the model's space: sends whether there is one, then each trial."""
    part = read_part(path)
    warm_up(model)
    space = peers.space(model)
    rng = np.random.default_rng([seed, zlib.crc32(model.encode())])
    send(bool(space))
    for n in range(most_trials if space else 1):
        settings = draw(space, rng) if n else {}
        send(try_out(part, model, settings))


def try_out(part: Part, model: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """One trial: its settings, its recall on the held-back pairs (none where the fit fails), and its seconds."""
    started = time.perf_counter()
    try:
        peer = peers.create(model)
        peer.fit(part.snapshot, settings, math.inf)
        recall = figures_of(part, *ask(peer, part))[f"recall@{K}"]
    except (ValueError, RuntimeError, ArithmeticError, np.linalg.LinAlgError) as error:
        return {"settings": settings, "error": str(error), "seconds": round(time.perf_counter() - started, 2)}
    return {"settings": settings, f"recall@{K}": recall, "seconds": round(time.perf_counter() - started, 2)}


def ask(peer: Peer, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """The users who are tested, and the best items of each."""
    users = part.snapshot.user_idx(sorted(set(part.test["user_id"])))
    return users, peer.recommend(users, K)


def figures_of(part: Part, users: np.ndarray, best: np.ndarray) -> dict[str, float]:
    """The metrics of `graphrec evaluate`, by the same code. Seen items in a list, or one twice, are an error."""
    snapshot = part.snapshot
    row, place = np.nonzero(best >= 0)
    column = best[row, place]
    check(snapshot, users[row], column)
    lists = pd.DataFrame(
        {"user_id": snapshot.user_ids[users[row]], "item_id": snapshot.item_ids[column], "rank": place + 1}
    )
    counts = np.bincount(snapshot.matrix.indices, minlength=snapshot.n_items).tolist()
    n_users = int((np.diff(snapshot.matrix.indptr) > 0).sum())
    truth = Truth.of(part.test, dict(zip(snapshot.item_ids, counts, strict=True)), n_users)
    found = measure(truth, lists, (K,))
    return {f"{name}@{K}": round(found[f"{name}@{K}"], 5) for name in ("recall", "ndcg", "coverage")}


def check(snapshot: Snapshot, users: np.ndarray, items: np.ndarray) -> None:
    """ValueError where a list holds an item twice or one that its user has seen."""
    keys = users * snapshot.n_items + items
    if len(np.unique(keys)) < len(keys):
        raise ValueError("a list holds an item twice")
    seen = np.repeat(np.arange(snapshot.n_users), np.diff(snapshot.seen.indptr)) * snapshot.n_items
    if np.isin(keys, seen + snapshot.seen.indices).any():
        raise ValueError("a list holds an item that its user has seen")


def warm_up(model: str) -> None:
    """Fit and ask the model once on a few made-up pairs, so that no clock counts imports and compilers."""
    rng = np.random.default_rng(1)
    users, items = np.divmod(np.unique(rng.integers(0, 40 * 60, 900)), 60)
    tags = pa.table({"item_id": [f"{item}" for item in range(60)], "tag": [f"{item % 7}" for item in range(60)]})
    snapshot = Snapshot.from_pairs([f"{user}" for user in users], [f"{item}" for item in items], item_tags=tags)
    peer = peers.create(model)
    peer.fit(snapshot, {}, time.perf_counter() + 2)
    peer.recommend(np.arange(snapshot.n_users), K)
