"""Groups of accounts made up to push or bury an item.

Made-up profiles (random, average and bandwagon attacks: Lam & Riedl 2004, Shilling recommender systems for fun and
profit; Mobasher et al. 2007, Toward trustworthy recommender systems) fill up with items drawn from the catalogue, so
their items are less popular than what people choose, and they agree on their target. As in RD-TIA (Zhou et al. 2014)
profiles are suspected first, and then the items on which the suspects agree more than others do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import poisson

from graphrec.audit.bots import Found, flag_users
from graphrec.audit.codes import encode
from graphrec.audit.flags import Flags
from graphrec.audit.histories import Floats, Ints, Tastes
from graphrec.audit.scales import scale_of
from graphrec.audit.settings import Settings
from graphrec.audit.source import Source

SHORTEST = 10
"""Profiles of fewer items say nothing of how they were drawn."""
CHANCE = 1e-5
"""How unlikely it must be, over all items, that suspects agree on one by chance."""
SUSPECT_SHARE = 0.8
"""Suspects are blinder to popularity than this share of what is usual."""
N_BANDS = 6
"""Into how many bands suspects are sorted, from `settings.group_blind` down."""
CLEAR = 3.0
"""A band's users belong to a group if so many times more of them agree than by chance."""


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
    bands = _bands(tastes, settings)
    found: Found = []
    for pushes, limit in ((True, f"rating >= {scale.high - 1e-6}"), (False, f"rating <= {scale.low + 1e-6}")):
        pairs = source.arrays(f'SELECT DISTINCT "user", item FROM {table} WHERE {limit} ORDER BY item, "user"')
        found += _groups(Extremes(pairs["user"], pairs["item"], pushes), bands, len(tastes.popularity), settings)
    return flag_users(source, "shilling", found)


def _bands(tastes: Tastes, settings: Settings) -> Ints:
    """How suspect each user is: 0 for items that are no more popular than any, N_BANDS for who isn't at all."""
    width = tastes.among(SUSPECT_SHARE, settings.group_blind) / N_BANDS
    bands = np.clip(np.floor(tastes.blind / np.maximum(width, 1e-9)), 0, N_BANDS).astype(np.int64)
    bands[(tastes.n_items < SHORTEST) | (tastes.blind < -settings.group_blind)] = N_BANDS
    return bands


def _groups(extremes: Extremes, bands: Ints, n_items: int, settings: Settings) -> Found:
    """The members of groups: who is suspect and agrees on a target, as far as chance doesn't bring as many.

    Chance lies between two extremes, as the band's other ratings do: items get the share that the others give them, or
    all get the same. Shares that rest on few ratings are taken a standard error larger.
    """
    band = bands[extremes.user]
    agreed = np.bincount(band * n_items + extremes.item, minlength=(N_BANDS + 1) * n_items)
    agreed = agreed.reshape(N_BANDS + 1, n_items)
    expected = _expected(agreed[:N_BANDS], agreed[N_BANDS] + 0.5)
    so_far, by_chance = agreed[:N_BANDS].cumsum(axis=0), expected.cumsum(axis=0)
    chance = (poisson.sf(so_far - 1, by_chance) * n_items * N_BANDS).min(axis=0)
    found: Found = []
    for target in np.flatnonzero((so_far[-1] >= settings.group_size) & (chance < CHANCE)):
        inside = np.flatnonzero(agreed[:N_BANDS, target] > CLEAR * expected[:, target])
        members = extremes.user[(extremes.item == target) & np.isin(band, inside)]
        if len(members) >= settings.group_size:
            verb = "push" if extremes.pushes else "bury"
            reason = f"one of {len(members)} that look made up and {verb} one item"
            found += [(int(user), float(-np.log10(max(chance[target], 1e-300))), reason) for user in members]
    return found


def _expected(agreed: Ints, others: Floats) -> Floats:
    """How many of each band are to be expected at each item."""
    n_items = len(others)
    share, flat = others / others.sum(), 1 / n_items
    total = agreed.sum(axis=1, keepdims=True)
    popular = (agreed @ share)[:, None] / np.maximum(total, 1)
    weight = np.clip((popular - flat) / max(float(share @ share) - flat, 1e-12), 0, 1)
    larger = (others + np.sqrt(others - 0.5)) / others.sum()
    found: Floats = total * (weight * larger + (1 - weight) * flat)
    return found
