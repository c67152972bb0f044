"""Lists that were shown with known chances, and what users did with them, as arrays."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec.experiments import Store

Floats = npt.NDArray[np.float64]

IMPRESSIONS = """
SELECT user_id, at, variant, items FROM impressions WHERE experiment = :experiment ORDER BY at, user_id, request_id
"""
OUTCOMES = "SELECT user_id, item_id, at FROM outcomes WHERE kind = :kind ORDER BY at"


@dataclass(frozen=True)
class Logged:
    """The first `k` places of each list. `chances`: of the item at its place after those before it; `rewards`: 1 where
    the outcome came of it. Both are lists × places. `left_out`: lists that can't be used, by reason."""

    user_ids: Sequence[str]
    at: Sequence[int]
    items: Sequence[tuple[str, ...]]
    chances: Floats
    rewards: Floats
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.user_ids)

    def of(self, kept: npt.NDArray[np.bool_], reason: str) -> Logged:
        """Some of the lists; the others are left out for a reason."""
        places = np.flatnonzero(kept).tolist()
        left_out = {**self.left_out, reason: len(self) - len(places)}
        return Logged(
            [self.user_ids[n] for n in places],
            [self.at[n] for n in places],
            [self.items[n] for n in places],
            self.chances[kept],
            self.rewards[kept],
            left_out,
        )


def read_logged(store: Store, *, k: int, kind: str, window: int, experiment: str = "") -> Logged:
    """What the service recorded. Only lists count whose first k places were all left to chance, with the chances known.

    An outcome belongs to the last list before it, within `window` milliseconds, that showed its item to the user in the
    first k places. `experiment`: that of a name, or lists outside of all.
    """
    kept: list[tuple[str, int, list[Any]]] = []
    left_out: Counter[str] = Counter()
    for user_id, at, variant, text in store.read(IMPRESSIONS, {"experiment": experiment}):
        shown = json.loads(text)
        if reason := _problem(shown, k, is_drafted=bool(experiment) and variant is None):
            left_out[reason] += 1
        else:
            kept.append((user_id, at, shown[:k]))
    rewards = _rewards(kept, store.read(OUTCOMES, {"kind": kind}), k, window)
    return Logged(
        user_ids=[user_id for user_id, _, _ in kept],
        at=[at for _, at, _ in kept],
        items=[tuple(each[0] for each in shown) for _, _, shown in kept],
        chances=np.array([[each[2] for each in shown] for _, _, shown in kept], dtype=np.float64).reshape(-1, k),
        rewards=rewards,
        left_out=dict(left_out),
    )


def _problem(shown: Sequence[Sequence[Any]], k: int, *, is_drafted: bool) -> str:
    """Why a list can't be used. It may hang on who is shown something, never on what was drawn."""
    if is_drafted or any(each[1] is not None for each in shown):
        return "interleaved lists"
    if len(shown) < k or shown[0][3] != 1:
        return "shorter lists and later pages"
    chances = [each[2] for each in shown[:k]]
    if not all(isinstance(chance, int | float) and 0 < chance <= 1 for chance in chances):
        return "lists without positive chances"
    return "lists that left nothing to chance" if max(chances) >= 1 else ""


def _rewards(
    lists: Sequence[tuple[str, int, Sequence[Sequence[Any]]]],
    outcomes: Sequence[tuple[Any, ...]],
    k: int,
    window: int,
) -> Floats:
    shown: dict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
    for row, (user_id, at, items) in enumerate(lists):
        for place, each in enumerate(items):
            shown[user_id, each[0]].append((at, row, place))
    rewards = np.zeros((len(lists), k))
    for user_id, item_id, at in outcomes:
        before = [one for one in shown.get((user_id, item_id), ()) if one[0] <= at < one[0] + window]
        if before:
            _, row, place = max(before)
            rewards[row, place] = 1.0
    return rewards
