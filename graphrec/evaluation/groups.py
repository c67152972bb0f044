"""What recommenders are worth to groups: of users by activity or a property, of items by age or popularity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit  # `scipy.stats.t.ppf`, without the seconds that module takes to import

from graphrec.errors import InputError
from graphrec.evaluation.truth import Floats, Ranked, Truth, positions_in
from graphrec.frames import Frames
from graphrec.recommend.tail import long_tail
from graphrec.snapshot import Snapshot
from graphrec.snapshot.members import members

if TYPE_CHECKING:
    from graphrec.evaluation.running import Ran, Run

Labels = npt.NDArray[np.object_]

PARTS = 4
"""Numbers are cut into so many parts of about equal size."""

MOST_VALUES = 12
"""A property with more different numbers is cut into parts; with more different texts it is refused."""

ACTIVITY, AGE, POPULARITY = "activity", "item-age", "item-popularity"
OTHERS = "others"


@dataclass(frozen=True)
class Groups:
    """What to group by: `activity` of users in training, `item-age` and `item-popularity`, a property of users, or
    items of a tag or of a property's value beside the others, as `tag:Drama` or `language:fr`."""

    by: Sequence[str]


def group_rows(frames: Frames, run: Run, ran: Mapping[str, Ran], groups: Groups) -> list[dict[str, Any]]:
    """A row a model and group: recall@k in it with its interval of 95 %, how many users and pairs that is, and for
    items the share of all places in lists that the group got (`exposure`)."""
    truth, k = run.held.truth, run.ks[0]
    rows = []
    for by in groups.by:
        labels = item_labels(run.held.snapshot, truth, by) if ":" in by else label(frames, truth, by)
        for name, one in ran.items():
            ranked = Ranked.of(truth, one.measured.lists, k)
            tell = item_rows if _is_of_items(by) else user_rows
            rows += [{"model": name, "by": by, **row} for row in tell(truth, ranked, labels)]
    return rows


def gaps(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each model and grouping the difference between the best and the worst group, and which they are. `is_clear`:
    their intervals don't meet. A group that nothing is held back of is passed over."""
    found = []
    for (model, by), part in pd.DataFrame(list(rows)).groupby(["model", "by"], sort=False):
        metric = next(name for name in part.columns if name.startswith("recall@"))
        ranked = part.dropna(subset=[metric]).sort_values(metric, kind="stable")
        if ranked.empty:
            continue
        worst, best = ranked.iloc[0], ranked.iloc[-1]
        told = {"gap": float(best[metric] - worst[metric]), "best": best["group"], "worst": worst["group"]}
        found.append({"model": model, "by": by, **told, "is_clear": bool(best["low"] > worst["high"])})
    return found


def item_labels(snapshot: Snapshot, truth: Truth, group: str) -> Labels:
    """Which items of the catalogue are of a group, as `tag:Drama`, and which are others; None for unknown ones."""
    labels = np.full(len(truth.item_ids), None, dtype=object)
    places = positions_in(truth.item_ids, pd.Series(snapshot.item_ids, dtype=object))
    labels[places] = np.where(members(snapshot, group), group, OTHERS)
    return labels


def _is_of_items(by: str) -> bool:
    return by in (AGE, POPULARITY) or ":" in by


def label(frames: Frames, truth: Truth, by: str) -> Labels:
    """The group of each test user, or of each item; None where nothing is known."""
    if by == ACTIVITY:
        assert truth.background is not None
        return _cut(np.diff(truth.background.profiles.indptr).astype(np.float64), "items")
    if by == POPULARITY:
        return np.where(long_tail(truth.n_likers), "long tail", "head").astype(object)
    if by == AGE:
        first = _column(frames, 'SELECT item_id AS id, min("at") AS value FROM interactions GROUP BY item_id')
        values = np.array([first.get(item, None) for item in truth.item_ids], dtype=object)
        if not any(value is not None for value in values):
            raise InputError("groups by item-age need times, and the data have none; leave item-age out")
        days = np.array([np.nan if value is None else value / 86_400_000 for value in values])
        return _cut(np.nanmax(days) - days, "days old")
    return _by_property(frames, truth, by)


def _by_property(frames: Frames, truth: Truth, name: str) -> Labels:
    with frames.database() as db:
        known = [row[0] for row in db.execute("DESCRIBE users").fetchall() if row[0] != "user_id"]
    if name not in known:
        there = ", ".join([ACTIVITY, AGE, POPULARITY, *sorted(known)])
        raise InputError(f"no property {name!r} of users to group by; there are {there}")
    column = '"' + name.replace('"', '""') + '"'
    values = _column(frames, f"SELECT user_id AS id, {column} AS value FROM users")
    found = [values.get(user) for user in truth.user_ids]
    different = {value for value in found if value is not None}
    if all(isinstance(value, int | float) for value in different) and len(different) > MOST_VALUES:
        return _cut(np.array([np.nan if value is None else float(value) for value in found]), name)
    if len(different) > 4 * MOST_VALUES:
        raise InputError(f"{name!r} has {len(different)} different values, which is too many for groups")
    return np.array([None if value is None else str(value) for value in found], dtype=object)


def _column(frames: Frames, query: str) -> dict[str, Any]:
    with frames.database() as db:
        return dict(db.execute(query).fetchall())


def _cut(values: Floats, unit: str) -> Labels:
    """Parts of about equal size, named by their ends; equal values stay together."""
    found = np.full(len(values), None, dtype=object)
    has = ~np.isnan(values)
    ends = np.unique(np.quantile(values[has], np.linspace(0, 1, PARTS + 1))) if has.any() else np.zeros(0)
    if len(ends) < 2:
        found[has] = f"{ends[0]:.0f} {unit}" if len(ends) else ""
        return found
    place = np.clip(np.searchsorted(ends, values[has], side="right") - 1, 0, len(ends) - 2)
    names = [f"{low:.0f} to {high:.0f} {unit}" for low, high in pairwise(ends)]
    found[has] = np.array(names, dtype=object)[place]
    return found


def user_rows(truth: Truth, ranked: Ranked, labels: Labels) -> list[dict[str, Any]]:
    """Recall of each group of test users."""
    n_hits = np.bincount(ranked.user_idx[ranked.hit], minlength=len(truth.user_ids))
    recall = n_hits / truth.n_test
    rows = []
    for group in _names(labels):
        mine = labels == group
        rows.append(_row(group, recall[mine], int(truth.n_test[mine].sum()), ranked.k))
    return rows


def item_rows(truth: Truth, ranked: Ranked, labels: Labels) -> list[dict[str, Any]]:
    """Recall of each group of held-back items, and its share of all places in lists."""
    users, items = np.divmod(truth.pairs, len(truth.item_ids))
    rows = []
    for group in _names(labels):
        mine = labels == group
        n_test = np.bincount(users[mine[items]], minlength=len(truth.user_ids))
        hits = ranked.hit & mine[ranked.item_idx]
        n_hits = np.bincount(ranked.user_idx[hits], minlength=len(truth.user_ids))
        told = n_test > 0
        row = _row(group, n_hits[told] / n_test[told], int(n_test.sum()), ranked.k)
        rows.append(row | {"exposure": float(mine[ranked.item_idx].mean()) if len(ranked.rank) else 0.0})
    return rows


def _row(group: str, recall: Floats, n_pairs: int, k: int) -> dict[str, Any]:
    """None stands where there is nobody to say it of."""
    n = len(recall)
    told = {"group": group, "n_users": n, "n_pairs": n_pairs}
    mean = float(recall.mean()) if n else None
    if mean is None or n < 2:
        return told | {f"recall@{k}": mean, "low": None, "high": None}
    spread = float(stdtrit(n - 1, 0.975) * recall.std(ddof=1) / np.sqrt(n))
    return told | {f"recall@{k}": mean, "low": mean - spread, "high": mean + spread}


def _names(labels: Labels) -> list[str]:
    """The groups in the order of their numbers, or of their names."""
    names = {label for label in labels if label is not None}

    def place(name: str) -> tuple[float, str]:
        first = name.split(" ", 1)[0]
        return (float(first), name) if first.replace(".", "", 1).isdigit() else (0.0, name)

    return sorted(names, key=place)
