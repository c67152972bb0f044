"""Two rankings in one list, drafted by turns as teams are (Radlinski, Kurup and Joachims, CIKM 2008)."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b


@dataclass(frozen=True)
class Pick:
    """An item of the list. `team`: 0 or 1, the ranking whose turn it was; None once the other had nothing left.

    `probability`: how likely the item was to come here after those before it: a half where a coin decided between two
    items, be it that of the team before, where both teams wanted the item that it picked.
    """

    item_id: str
    team: int | None
    probability: float = field(default=1.0, compare=False)


def team_draft(first: Sequence[str], second: Sequence[str], k: int, seed: str) -> list[Pick]:
    """Up to k picks from two rankings: the team with fewer picks its best item that is left, a coin decides ties.

    The same `seed`, such as the id of the request, gives the same list. Once a ranking is exhausted the other fills
    the places that are left, for no team: clicks there say nothing of which is better. Microseconds an item.
    """
    rankings = (deque(first), deque(second))
    coins = _coins(seed)
    chosen: set[str] = set()
    picks: list[Pick] = []
    counts = [0, 0]
    is_hidden = False
    while len(picks) < k:
        is_tie = counts[0] == counts[1]
        team = next(coins) if is_tie else int(counts[1] < counts[0])
        item_id, other = _best(rankings[team], chosen), _best(rankings[1 - team], chosen)
        if item_id is None:
            break
        chosen.add(item_id)
        counts[team] += 1
        is_chance = (is_tie or is_hidden) and other not in (None, item_id)
        is_hidden = is_tie and other == item_id  # the item doesn't tell whose turn it was
        picks.append(Pick(item_id, team, 0.5 if is_chance else 1.0))
    return picks + _rest(rankings, chosen, k - len(picks))


def credit(picks: Sequence[Pick], clicked: Collection[str]) -> tuple[int, int]:
    """How many of the clicked items each team had picked."""
    teams = [pick.team for pick in picks if pick.item_id in clicked]
    return teams.count(0), teams.count(1)


def _best(ranking: deque[str], chosen: set[str]) -> str | None:
    """The first item of a ranking that isn't chosen; what stands before it is dropped."""
    while ranking and ranking[0] in chosen:
        ranking.popleft()
    return ranking[0] if ranking else None


def _rest(rankings: Sequence[deque[str]], chosen: set[str], n: int) -> list[Pick]:
    """What the ranking that isn't exhausted still has, for no team."""
    picks: list[Pick] = []
    for ranking in rankings:
        while len(picks) < n and (item_id := _best(ranking, chosen)) is not None:
            chosen.add(item_id)
            picks.append(Pick(item_id, None))
    return picks


def _coins(seed: str) -> Iterator[int]:
    """Fair bits, 512 a hash."""
    block = 0
    while True:
        digest = blake2b(f"{block}:{seed}".encode()).digest()
        for byte in digest:
            for place in range(8):
                yield byte >> place & 1
        block += 1
