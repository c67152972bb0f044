"""The tests of `graphrec compare` and the estimates of `graphrec replay` in worlds whose truth is known.

    python benchmarks/comparing.py [--part tests] [--part replay] [--simulations 2000]

`tests`: how often equal models are told apart, any of all pairs, and how often a stated difference is found, by Holm's
p-values. Users have hit rates such as real ones (most near 0), models draw hits of ten places from them, and a seed
may move all users of a model. `replay`: lists logged by the exploring service, clicks by user, item and place: how far
estimates are off, and how often their intervals hold the truth. One Markdown table a part.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from graphrec.comparing.paired import paired
from graphrec.replay import chances, replay
from graphrec.serving.explore import explored

PLACES = 10
EQUAL = ((2, 1, 0.0, 150), (4, 1, 0.0, 150), (4, 1, 0.0, 2000), (2, 2, 0.03, 150), (2, 3, 0.03, 150), (4, 5, 0.03, 600))
"""Models, seeds, spread of a seed, users."""
BETTER = ((2, 1, 0.0, 1000, 0.02), (4, 1, 0.0, 1000, 0.02), (2, 3, 0.005, 1000, 0.03), (4, 5, 0.005, 1000, 0.03))
"""The same, and by how much the first finds more."""
N_ITEMS, K = 6, 2
WORLDS = (
    ("the first two swapped", (1, 0, 2, 3, 4, 5), 0.6),
    ("the first two swapped", (1, 0, 2, 3, 4, 5), 0.3),
    ("turned round", (5, 4, 3, 2, 1, 0), 0.6),
)
"""Another ranking than the logged one, and the share of places that were left to chance."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=sorted(PARTS))
    parser.add_argument("--simulations", type=int, default=2000)
    asked = parser.parse_args()
    for part in asked.part or PARTS:
        PARTS[part](asked.simulations)


def tests(n: int) -> None:
    print("| world | models | seeds | users | found in | upper or lower 95 % limit |\n|---|--:|--:|--:|--:|--:|")
    for n_models, n_seeds, spread, n_users in EQUAL:
        k = sum(
            any(found(measured(seed, n_models, n_seeds, n_users, spread=spread, better=0.0), None)) for seed in range(n)
        )
        limit = binomtest(k, n).proportion_ci(0.90, method="exact").high
        print(
            f"| equal, a seed spreads {spread:g} | {n_models} | {n_seeds} | {n_users:,} | {k / n:.1%} | {limit:.1%} |"
        )
    for n_models, n_seeds, spread, n_users, better in BETTER:
        k = sum(
            all(found(measured(seed, n_models, n_seeds, n_users, spread=spread, better=better), 0)) for seed in range(n)
        )
        limit = binomtest(k, n).proportion_ci(0.90, method="exact").low
        world = f"the first finds {better:g} more, a seed spreads {spread:g}"
        print(f"| {world} | {n_models} | {n_seeds} | {n_users:,} | {k / n:.1%} | {limit:.1%} |")


def measured(
    seed: int, n_models: int, n_seeds: int, n_users: int, *, spread: float, better: float
) -> list[NDArray[np.float64]]:
    """Users × seeds, a model each."""
    rng = np.random.default_rng([seed, n_models, n_seeds, n_users])
    liking = rng.beta(0.5, 3, (n_users, 1))
    gains = [better, *[0.0] * (n_models - 1)]
    chance = [np.clip(liking + rng.normal(0, spread, (1, n_seeds)) + gain, 0, 1) for gain in gains]
    return [rng.binomial(PLACES, each) / PLACES for each in chance]


def found(values: list[NDArray[np.float64]], against: int | None) -> list[bool]:
    """Which comparisons are found, by Holm; against one model, only where it is the better one."""
    pairs = [(a, b) for a in range(len(values)) for b in range(a + 1, len(values)) if against in (None, a)]
    p = np.array([paired(values[a] - values[b])[0] for a, b in pairs])
    order = np.argsort(p)
    corrected = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    signs = [against is None or values[a].mean() > values[b].mean() for a, b in pairs]
    return [bool(one < 0.05 and signs[place]) for one, place in zip(corrected, order.tolist(), strict=True)]


def replaying(n: int) -> None:
    print("| the other ranking | explored | lists | estimate | off by | spread | with the truth | effective | warned |")
    print("|---|--:|--:|---|--:|--:|--:|--:|--:|")
    for name_of, order, share in WORLDS:
        n_users, lists = 300, 2
        clicks = world(n_users)
        ranking = [str(item) for item in order]
        truth = float(sum(clicks[:, int(item), place].mean() for place, item in enumerate(ranking[:K])))
        runs = [logged(clicks, share, lists, ranking, seed) for seed in range(max(n // 5, 1))]
        for name in ("ips", "snips"):
            told = [getattr(run, name) for run in runs]
            values = np.array([one.value for one in told])
            held = np.mean([one.low <= truth <= one.high for one in told])
            off, spread = (values.mean() - truth) / truth, values.std() / truth
            effective = np.mean([run.effective for run in runs])
            warned = np.mean([bool(run.warnings) for run in runs])
            row = f"{name_of} | {share:g} | {n_users * lists} | {name.upper()} | {off:+.1%} | {spread:.1%} | {held:.1%}"
            print(f"| {row} | {effective:,.0f} | {warned:.0%} |", flush=True)


def world(n_users: int) -> NDArray[np.float64]:
    """The chance of a click: users × items × places."""
    rng = np.random.default_rng(n_users)
    liking = rng.beta(1, 4, (n_users, 1, 1)) * rng.random((1, N_ITEMS, 1)) * 2
    return np.clip(liking * np.array([1.0, 0.5]), 0, 1)


def logged(clicks: NDArray[np.float64], share: float, lists: int, ranking: list[str], seed: int):  # type: ignore[no-untyped-def]
    """The estimates for a ranking from lists that the service's exploring made of another."""
    rng = np.random.default_rng([seed, 7])
    users, target, odds, rewards = [], [], [], []
    for user in range(len(clicks)):
        for _ in range(lists):
            places, chance = explored(N_ITEMS, K, share, int(rng.integers(1 << 40)))
            users.append(f"u{user}")
            target.append(chances([str(item) for item in places], ranking))
            odds.append(chance)
            rewards.append(rng.random(K) < clicks[user, places, np.arange(K)])
    return replay(users, np.array(target), np.array(odds), np.array(rewards, dtype=np.float64))


PARTS: dict[str, Callable[[int], None]] = {"tests": tests, "replay": replaying}

if __name__ == "__main__":
    main()
