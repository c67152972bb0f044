"""Replay in worlds whose truth is known: logged by the service's own exploring, and by what the store holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import binomtest

from graphrec.errors import InputError
from graphrec.experiments import Impression, Outcome, Shown, Store
from graphrec.recommend.popularity import PopularityRecommender
from graphrec.replay import Policy, Replayed, chances, read_logged, replay
from graphrec.replay.entry import check_logged, replayed
from graphrec.serving.explore import explored
from graphrec.snapshot import Snapshot

N_ITEMS, K = 6, 2
WINDOW = 1000


@dataclass(frozen=True)
class World:
    """Clicks whose chances hang on user, item and place; the logged policy ranks items one way, the target another."""

    clicks: npt.NDArray[np.float64]  # users × items × places

    @classmethod
    def of(cls, n_users: int, seed: int) -> World:
        rng = np.random.default_rng(seed)
        liking = rng.beta(1, 4, (n_users, 1, 1)) * rng.random((1, N_ITEMS, 1)) * 2
        return cls(np.clip(liking * np.array([1.0, 0.5]), 0, 1))

    def truth(self, ranking: list[int]) -> float:
        """What showing the first of a ranking to everybody gets, on average."""
        return float(sum(self.clicks[:, item, place].mean() for place, item in enumerate(ranking[:K])))

    def log(self, share: float, seed: int, lists: int = 2) -> tuple[Replayed, Replayed]:
        """The target's estimate, and the logged policy's own, from lists that the service's exploring makes."""
        rng = np.random.default_rng(seed)
        users, shown, logged, rewards = [], [], [], []
        for user in range(len(self.clicks)):
            for _ in range(lists):
                places, odds = explored(N_ITEMS, K, share, int(rng.integers(1 << 40)))
                users.append(f"u{user}")
                shown.append([str(item) for item in places])
                logged.append(odds)
                rewards.append(rng.random(K) < self.clicks[user, places, np.arange(K)])
        got = np.array(logged), np.array(rewards, dtype=float)
        target = np.array([chances(items, TARGET) for items in shown])
        own = np.array([chances(items, LOGGED, share) for items in shown])
        return replay(users, target, *got), replay(users, own, *got)


LOGGED = [str(n) for n in range(N_ITEMS)]
TARGET = LOGGED[::-1]


def every_list(share: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Each list that the service's exploring may show, and the chances of its places."""
    drawn = {tuple(places.tolist()): odds for places, odds in (explored(N_ITEMS, K, share, n) for n in range(4000))}
    odds = np.array(list(drawn.values()))
    assert odds.prod(axis=1).sum() == pytest.approx(1), "all of them, and their chances are all that there is"
    return np.array(list(drawn)), odds


def test_the_truth_is_found_and_covered_where_the_effective_sample_is_said_to_do() -> None:
    world, n_lists, rng = World.of(1500, 1), 3, np.random.default_rng(8)
    truth = world.truth([int(item) for item in TARGET])
    places, odds = every_list(0.8)
    target = np.array([chances([str(item) for item in shown], TARGET) for shown in places.tolist()])
    users = np.repeat(np.arange(len(world.clicks)), n_lists)
    found = []
    for _ in range(120):
        shown = rng.choice(len(places), len(users), p=odds.prod(axis=1))
        rewards = rng.random((len(users), K)) < world.clicks[users[:, None], places[shown], np.arange(K)]
        found.append(replay(users.astype(str).tolist(), target[shown], odds[shown], rewards.astype(float)))
    assert min(one.effective for one in found) >= 50
    for name in ("ips", "snips"):
        values = np.array([getattr(one, name).value for one in found])
        covered = sum(getattr(one, name).low <= truth <= getattr(one, name).high for one in found)
        assert abs(values.mean() - truth) < 3 * values.std(ddof=1) / np.sqrt(len(values)), name
        assert binomtest(covered, len(found), 0.95).pvalue > 0.01, (name, covered)
    naive = np.mean([one.logged.value for one in found])
    assert abs(naive - truth) > 0.1 * truth, "what was logged says nothing of the other policy by itself"


@pytest.mark.parametrize("chance", [0.0, np.nan, -0.1, 1.2])
def test_without_chances_nothing_is_estimated(chance: float) -> None:
    logged = np.array([[0.5], [chance], [0.5]])
    with pytest.raises(InputError, match="1 of 3 without"):
        replay(["a", "b", "c"], np.full((3, 1), 0.5), logged, np.ones((3, 1)))
    with pytest.raises(InputError, match="0 of 0 without"):
        replay([], np.ones((0, 1)), np.ones((0, 1)), np.ones((0, 1)))


def test_the_logged_policy_replays_itself() -> None:
    found = World.of(50, 2).log(0.3, 5)[1]
    assert found.ips.value == pytest.approx(found.logged.value)
    assert found.snips.value == pytest.approx(found.logged.value)
    assert found.effective == pytest.approx(found.n_lists)
    assert found.weight.value == pytest.approx(1)
    assert not found.warnings


def test_too_little_and_what_is_never_shown_are_told() -> None:
    few = World.of(20, 3).log(0.05, 1)[0]
    assert few.effective < 50
    assert any("too little" in warning for warning in few.warnings)
    rng = np.random.default_rng(1)
    half = np.where(rng.random((400, 1)) < 0.5, 0.5, 0.0)  # half of what the policy shows can't be logged
    found = replay([f"u{n}" for n in range(400)], half, np.full((400, 1), 0.5), np.ones((400, 1)))
    assert any("should be 1" in warning for warning in found.warnings)


def test_chances_are_those_of_the_service() -> None:
    for seed in range(50):
        places, odds = explored(N_ITEMS, 4, 0.4, seed)
        assert chances([str(item) for item in places], LOGGED, 0.4) == pytest.approx(odds.tolist())
    assert chances(["x", "0", "1"], LOGGED) == [0.0, 1.0, 1.0]


def impression(n: int, shown: list[Shown], **more: object) -> Impression:
    told = {"at": 100 * n, "user_id": "u", "experiment": "", "variant": None, "items": shown, **more}
    return Impression(request_id=f"r{n}", **told)  # type: ignore[arg-type]


def test_only_lists_with_known_chances_count(tmp_path: Path) -> None:
    store = Store(tmp_path / "events.sqlite")
    good = [Shown("a", None, 0.7), Shown("b", None, 0.2), Shown("c", None, 0.9)]
    store.write(
        [
            impression(1, good),
            impression(2, good[::-1], user_id="v"),
            impression(3, good[:1]),
            impression(4, good, offset=3),
            impression(5, [Shown("a", None, 1.0), Shown("b", None, 1.0)]),
            impression(6, [Shown("a", "A", 0.5), Shown("b", "B", 0.5)]),
            impression(7, [Shown("a", None, 0.0), Shown("b", None, 0.5)]),
            impression(8, good, experiment="other", variant="A"),
            impression(9, good),
        ],
        [
            Outcome("e1", "click", "u", "b", 150),
            Outcome("e2", "click", "u", "a", 950),  # of the later list
            Outcome("e3", "click", "v", "c", 199),  # before its list
            Outcome("e4", "click", "v", "c", 200 + WINDOW),  # too late
            Outcome("e5", "view", "u", "a", 160),
            Outcome("e6", "click", "u", "c", 170),  # below the places that count
        ],
    )
    logged = read_logged(store, k=2, kind="click", window=WINDOW)
    assert logged.items == [("a", "b"), ("c", "b"), ("a", "b")]
    assert logged.chances.tolist() == [[0.7, 0.2], [0.9, 0.2], [0.7, 0.2]]
    assert logged.rewards.tolist() == [[0, 1], [0, 0], [1, 0]]
    assert logged.left_out == {
        "shorter lists and later pages": 2,
        "lists that left nothing to chance": 1,
        "interleaved lists": 1,
        "lists without positive chances": 1,
    }
    assert len(read_logged(store, k=2, kind="click", window=WINDOW, experiment="other")) == 1
    nothing = read_logged(store, k=2, kind="click", window=WINDOW, experiment="no such")
    with pytest.raises(InputError, match=r"explore=0\.1"):
        check_logged(nothing, 2)
    snapshot = Snapshot.from_pairs(["u", "w", "x", "w"], ["z", "a", "a", "b"])
    told = replayed(PopularityRecommender().fit(snapshot), logged, Policy("popular"), k=2, outcome="click", before=100)
    assert told.left_out["lists of users it doesn't know"] == 1
    assert told.found.n_lists == 2
    assert told.found.ips.value == pytest.approx((1 / 0.14 + 1 / 0.7) / 2), "popular items are a, then b, as was shown"
