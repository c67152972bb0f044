"""The tests of `graphrec compare` and the estimates of `graphrec replay` in worlds whose truth is known.

    python benchmarks/comparing.py [--part tests] [--part replay] [--simulations 20000]

`tests`: how often equal models are told apart, any of all pairs, and how often a stated difference is found, by Holm's
p-values. Users have hit rates such as real ones (most near 0), models draw hits of ten places from them, and a seed
may move all users of a model. `replay`: lists logged by the exploring service, clicks by user, item and place: how far
estimates are off, and how often their intervals hold the truth. One Markdown table a part.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit
from scipy.stats import binomtest, chisquare

from graphrec.comparing.paired import paired
from graphrec.replay import Replayed, chances, replay
from graphrec.replay.estimate import LEAST_LISTS
from graphrec.serving.explore import explored

Floats = NDArray[np.float64]

PLACES = 10
BLOCK = 5_000_000
"""Numbers that are drawn at a time."""

LEVEL = 0.05
CHECKED = 20
"""So many simulations a block are also put to the test that `graphrec compare` makes, which must say the same."""


@dataclass(frozen=True)
class World:
    """Models measured on the same users and seeds; the first finds `better` more, and a seed moves a model's users by
    `spread`. `places`: of a list; with one, a user's number is 0 or 1."""

    models: int
    seeds: int
    users: int
    spread: float = 0.0
    better: float = 0.0
    places: int = PLACES

    def drawn(self, block: int, n: int) -> Floats:
        """Simulations × models × users × seeds. Users are liked as real ones are found: most of them hardly."""
        rng = np.random.default_rng([block, self.models, self.seeds, self.users])
        liking = rng.beta(0.5, 3, (n, 1, self.users, 1))
        gains = np.array([self.better] + [0.0] * (self.models - 1))[:, None, None]
        moved = rng.normal(0, self.spread, (n, self.models, 1, self.seeds))
        return rng.binomial(self.places, np.clip(liking + moved + gains, 0, 1)) / self.places

    def simulated(self, n: int) -> Iterator[Floats]:
        """As many simulations, in blocks: simulations × models × users × seeds."""
        size = max(1, BLOCK // (self.models * self.users * self.seeds))
        for start in range(0, n, size):
            yield self.drawn(start, min(size, n - start))

    def says(self) -> str:
        """In words, as cells of a table."""
        what = f"the first finds {self.better:g} more" if self.better else "equal"
        moved = f", a seed moves it by {self.spread:g}" if self.spread else ""
        return f"{what}{moved} | {self.places} | {self.models} | {self.seeds} | {self.users:,}"


EQUAL = (
    World(2, 1, 20),
    World(2, 1, 20, places=1),
    World(2, 1, 150),
    World(2, 1, 150, places=1),
    World(4, 1, 150),
    World(4, 1, 2000),
    World(2, 2, 150, 0.03),
    World(2, 2, 150, 0.1),
    World(2, 3, 150, 0.01),
    World(2, 3, 150, 0.03),
    World(4, 5, 600, 0.03),
)
BETTER = (
    World(2, 1, 1000, better=0.02),
    World(4, 1, 1000, better=0.02),
    World(2, 3, 1000, 0.005, better=0.03),
    World(4, 5, 1000, 0.005, better=0.03),
)
N_ITEMS, K = 6, 2
REVERSED, SWAPPED = (5, 4, 3, 2, 1, 0), (1, 0, 2, 3, 4, 5)
WORLDS = ((SWAPPED, 0.6, 300), (SWAPPED, 0.6, 1500), (SWAPPED, 0.3, 3000), (REVERSED, 0.6, 1500), (REVERSED, 0.6, 6000))
"""Another ranking than the logged one, the share of places that were left to chance, and users."""
LISTS = 2
"""Lists of a user."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=sorted(PARTS))
    parser.add_argument("--simulations", type=int, default=20000)
    asked = parser.parse_args()
    for part in asked.part or PARTS:
        PARTS[part](asked.simulations)


def tests(n: int) -> None:
    print("| world | places | models | seeds | users | simulations | found in | upper or lower 95 % limit |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for world in EQUAL:
        told(world, n, sum(int(any_found(values).sum()) for values in world.simulated(n)), "high")
    for world in BETTER:
        fewer = max(n // 5, 1)
        told(world, fewer, sum(int(all_found(values).sum()) for values in world.simulated(fewer)), "low")


def told(world: World, n: int, k: int, end: str) -> None:
    limit = getattr(binomtest(k, n).proportion_ci(0.90, method="exact"), end)
    print(f"| {world.says()} | {n:,} | {k / n:.1%} | {limit:.1%} |", flush=True)


def any_found(values: Floats) -> NDArray[np.bool_]:
    """Simulations in which Holm finds any difference: the smallest p-value times all pairs is below the level."""
    pairs = list(combinations(range(values.shape[1]), 2))
    return np.any([below(values[:, a] - values[:, b], LEVEL / len(pairs)) for a, b in pairs], axis=0)


def all_found(values: Floats) -> NDArray[np.bool_]:
    """Simulations in which Holm finds the first model better than each of the others, compared with it alone."""
    apart = [values[:, 0] - values[:, other] for other in range(1, values.shape[1])]
    better = np.all([each.mean(axis=(1, 2)) > 0 for each in apart], axis=0)
    steps = range(len(apart))  # the nth smallest p-value must be below the level over those that are left
    passed = [np.sum([below(each, LEVEL / (len(apart) - n)) for each in apart], axis=0) > n for n in steps]
    return better & np.all(passed, axis=0)


def below(apart: Floats, level: float) -> NDArray[np.bool_]:
    """Whether the p-value of `paired` is below a level, for many simulations at once (simulations × users × seeds)."""
    _, n_users, n_seeds = apart.shape
    parts = [(apart.mean(axis=2).var(axis=1, ddof=1) / n_users, n_users - 1)]
    parts += [(apart.mean(axis=1).var(axis=1, ddof=1) / n_seeds, n_seeds - 1)] if n_seeds > 1 else []
    total = np.sum([part for part, _ in parts], axis=0)
    critical = np.sum([part * -stdtrit(freedom, level / 2) for part, freedom in parts], axis=0)
    found = np.abs(apart.mean(axis=(1, 2))) * np.sqrt(total) > critical
    assert (found[:CHECKED] == [paired(each)[0] < level for each in apart[:CHECKED]]).all()
    return found


def replaying(n: int) -> None:
    names = (
        "other ranking",
        "explored",
        "lists",
        "effective",
        "estimate",
        "off by",
        "spread",
        "with the truth",
        "from",
    )
    print(f"| {' | '.join(names)} | warned |\n|---|{'--:|' * 3}---|{'--:|' * 5}")
    for order, share, n_users in WORLDS:
        log = Log.of(order, share)
        clicks = liked_clicks(n_users)
        truth = float(sum(clicks[:, item, place].mean() for place, item in enumerate(order[:K])))
        runs = [log.replayed(clicks, seed) for seed in range(max(n // 10, 1))]
        effective = np.mean([run.effective for run in runs])
        warned = np.mean([run.effective < LEAST_LISTS for run in runs])
        name_of = "the first two swapped" if order == SWAPPED else "turned round"
        start = f"{name_of} | {share:g} | {n_users * LISTS:,} | {effective:,.0f}"
        for name in ("ips", "snips"):
            estimates = [getattr(run, name) for run in runs]
            values = np.array([one.value for one in estimates])
            held = binomtest(sum(one.low <= truth <= one.high for one in estimates), len(runs))
            off, spread = (values.mean() - truth) / truth, values.std() / truth
            row = f"{name.upper()} | {off:+.1%} | {spread:.1%} | {held.statistic:.1%}"
            print(f"| {start} | {row} | {held.proportion_ci(0.90).low:.1%} | {warned:.0%} |", flush=True)


def liked_clicks(n_users: int) -> Floats:
    """The chance of a click: users × items × places."""
    rng = np.random.default_rng(n_users)
    liking = rng.beta(1, 4, (n_users, 1, 1)) * rng.random((1, N_ITEMS, 1)) * 2
    return np.clip(liking * np.array([1.0, 0.5]), 0, 1)


@dataclass(frozen=True)
class Log:
    """Every list that the service's exploring may show, with the chances of its places: what it logs, and those that
    the other ranking gives it."""

    places: NDArray[np.int64]
    logged: Floats
    target: Floats

    @classmethod
    def of(cls, order: Sequence[int], share: float) -> Log:
        """As the service explores. Its lists must come as often as it says (chi-square), or nothing here is true."""
        drawn = [explored(N_ITEMS, K, share, seed) for seed in range(20_000)]
        lists = sorted({tuple(places.tolist()): odds for places, odds in drawn}.items())
        logged = np.array([odds for _, odds in lists])
        counts = Counter(tuple(places.tolist()) for places, _ in drawn)
        expected = len(drawn) * logged.prod(axis=1)
        assert abs(expected.sum() / len(drawn) - 1) < 1e-9, "some list was never drawn"
        assert chisquare([counts[places] for places, _ in lists], expected).pvalue > 0.001
        ranking = [str(item) for item in order]
        target = [chances([str(item) for item in places], ranking) for places, _ in lists]
        return cls(np.array([places for places, _ in lists]), logged, np.array(target))

    def replayed(self, clicks: Floats, seed: int) -> Replayed:
        """The estimates from lists drawn for each user."""
        rng = np.random.default_rng([seed, 7])
        users = np.repeat(np.arange(len(clicks)), LISTS)
        shown = rng.choice(len(self.places), len(users), p=self.logged.prod(axis=1))
        rewards = rng.random((len(users), K)) < clicks[users[:, None], self.places[shown], np.arange(K)]
        ids = [str(user) for user in users.tolist()]
        return replay(ids, self.target[shown], self.logged[shown], rewards.astype(np.float64))


PARTS: dict[str, Callable[[int], None]] = {"tests": tests, "replay": replaying}

if __name__ == "__main__":
    main()
