"""Groups of accounts made up to push or bury an item.

Made-up profiles (random, average and bandwagon attacks: Lam & Riedl 2004, Shilling recommender systems for fun and
profit; Mobasher et al. 2007, Toward trustworthy recommender systems) fill up with items drawn from the catalogue, so
their items are less popular than what people choose, and they agree on their target. As in RD-TIA (Zhou et al. 2014)
profiles are suspected first, and then the items on which the suspects agree more than others do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import poisson

from graphrec.audit.bots import Found, flag_users
from graphrec.audit.codes import encode
from graphrec.audit.flags import Flags
from graphrec.audit.histories import Ints, Tastes
from graphrec.audit.scales import scale_of
from graphrec.audit.settings import Settings
from graphrec.audit.source import Source

SHORTEST = 10
"""Profiles of fewer items say nothing of how they were drawn."""
CHANCE = 1e-6
"""How unlikely it must be, over all items, that suspects agree on one by chance."""


@dataclass(frozen=True)
class Extremes:
    """The ratings at one end of the scale: who gave them to what, each pair once."""

    user: Ints
    item: Ints
    pushes: bool


def shilling(source: Source, settings: Settings) -> Flags:
    """Users who look made up and agree with `settings.group_size` or more others like them on an item's rating.

    None where there are no ratings on a known scale: what isn't rated is told by `bots`.
    """
    scale, table = scale_of(source, settings), encode(source)
    if scale is None:
        return flag_users(source, "shilling", [])
    tastes = Tastes.of(source, table)
    suspects = _suspects(tastes, settings)
    found: Found = []
    for pushes, limit in ((True, f"rating >= {scale.high - 1e-6}"), (False, f"rating <= {scale.low + 1e-6}")):
        pairs = source.arrays(f'SELECT DISTINCT "user", item FROM {table} WHERE {limit} ORDER BY item, "user"')
        found += _groups(Extremes(pairs["user"], pairs["item"], pushes), suspects, tastes, settings)
    return flag_users(source, "shilling", found)


def _suspects(tastes: Tastes, settings: Settings) -> npt.NDArray[np.bool_]:
    """Who has items that are hardly more popular than any, for as many as there are."""
    suspects: npt.NDArray[np.bool_] = (tastes.n_items >= SHORTEST) & (tastes.blind < settings.group_blind)
    return suspects


def _groups(extremes: Extremes, suspects: npt.NDArray[np.bool_], tastes: Tastes, settings: Settings) -> Found:
    n_items = len(tastes.popularity)
    theirs = suspects[extremes.user]
    agreed = np.bincount(extremes.item[theirs], minlength=n_items)
    others = np.bincount(extremes.item[~theirs], minlength=n_items) + 0.5
    expected = others / others.sum() * agreed.sum()
    chance = poisson.sf(agreed - 1, expected) * n_items
    targets = np.flatnonzero((agreed >= settings.group_size) & (chance < CHANCE))
    verb = "push" if extremes.pushes else "bury"
    found: Found = []
    for target in targets:
        members = extremes.user[(extremes.item == target) & theirs]
        reason = f"one of {len(members)} that look made up and {verb} one item"
        found += [(int(user), float(-np.log10(max(chance[target], 1e-300))), reason) for user in members]
    return found
