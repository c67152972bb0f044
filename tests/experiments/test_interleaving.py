"""Team draft: its laws, 50/50 for equal rankers, and the better ranker found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import clopper_pearson

from graphrec.experiments import Pick, credit, team_draft
from graphrec.experiments.report import prefer

RANKINGS = st.lists(st.sampled_from("abcdefghijklmnop"), max_size=12)


@given(RANKINGS, RANKINGS, st.integers(0, 15), st.text(max_size=5))
def test_the_laws_of_the_draft(first: list[str], second: list[str], k: int, seed: str) -> None:
    picks = team_draft(first, second, k, seed)
    items = [pick.item_id for pick in picks]
    assert len(items) == len(set(items)) == min(k, len({*first, *second}))
    assert picks == team_draft(first, second, k, seed)
    for place in range(len(picks)):
        teams = [pick.team for pick in picks[: place + 1]]
        assert abs(teams.count(0) - teams.count(1)) <= 1
    for team, ranking in enumerate((first, second)):
        chosen = [ranking.index(pick.item_id) for pick in picks if pick.team == team]
        assert chosen == sorted(chosen)
    free = [pick.team is None for pick in picks]
    assert free == sorted(free)


@given(RANKINGS, RANKINGS, st.text(max_size=5))
def test_each_pick_is_the_best_that_is_left(first: list[str], second: list[str], seed: str) -> None:
    left = [list(dict.fromkeys(first)), list(dict.fromkeys(second))]
    for pick in team_draft(first, second, 30, seed):
        rankings = left if pick.team is None else [left[pick.team]]
        assert pick.item_id in [ranking[0] for ranking in rankings if ranking]
        left = [[item for item in ranking if item != pick.item_id] for ranking in left]


def test_the_coin_is_fair_and_belongs_to_the_request() -> None:
    starts = [team_draft("ab", "cd", 2, f"request {n}")[0].team for n in range(4000)]
    low, high = clopper_pearson(starts.count(0), 4000)
    assert low < 0.5 < high
    assert [pick.item_id for pick in team_draft("ab", "ab", 2, "any")] == ["a", "b"]


@pytest.mark.parametrize(("first", "second"), [("abcd", "bcx"), ("ab", "bacd"), ("a", "xyz")])
def test_each_pick_tells_how_likely_it_was(first: str, second: str) -> None:
    """Among many seeds, an item comes after those before it as often as the picks say."""
    drafts = [team_draft(first, second, 4, f"seed {n}") for n in range(4000)]
    for place in range(4):
        for before in {tuple(pick.item_id for pick in picks[:place]) for picks in drafts}:
            here = [picks[place] for picks in drafts if tuple(pick.item_id for pick in picks[:place]) == before]
            for item_id, told in {(pick.item_id, pick.probability) for pick in here}:
                low, high = clopper_pearson(sum(pick.item_id == item_id for pick in here), len(here))
                assert low <= told <= high, (before, item_id)


def test_clicks_are_credited_to_the_team_that_picked() -> None:
    picks = [Pick("a", 0), Pick("b", 1), Pick("c", 1), Pick("d", None)]
    assert credit(picks, {"b", "c", "d", "elsewhere"}) == (0, 2)
    assert credit(picks, []) == (0, 0)


def credits(noise: tuple[float, float], n_users: int, seed: int, same: bool = False) -> np.ndarray:
    """Each user's credited clicks: rankers see how good items are through noise, users read from the top."""
    rng = np.random.default_rng(seed)
    found = []
    for user in range(n_users):
        worth = rng.random(30)
        seen = [worth + rng.normal(0, sd, 30) for sd in noise]
        rankings = [[str(n) for n in np.argsort(-values)] for values in ([seen[0], seen[0]] if same else seen)]
        picks = team_draft(*rankings, k=10, seed=f"{seed}/{user}")
        reads = 0.3 / np.sqrt(np.arange(1, 11))
        clicked = {
            p.item_id
            for p, read, u in zip(picks, reads, rng.random(10), strict=True)
            if u < read * worth[int(p.item_id)]
        }
        found.append(credit(picks, clicked))
    return np.array(found)


@pytest.mark.parametrize("same", [True, False])
def test_equal_rankers_share_the_wins(same: bool) -> None:
    found = prefer(*credits((0.3, 0.3), 4000, seed=3, same=same).T)
    low, high = clopper_pearson(found.wins[1], sum(found.wins))
    assert sum(found.wins) > 1000
    assert low < 0.5 < high
    assert found.p > 0.05
    assert found.always[0] < 0.5 < found.always[1]


def test_the_better_ranker_is_found() -> None:
    found = prefer(*credits((1.0, 0.1), 4000, seed=4).T)
    assert found.p < 0.05
    assert found.preferred is not None
    assert 0.5 < found.always[0] < found.preferred < found.always[1]
    other = prefer(*credits((0.1, 1.0), 4000, seed=4).T)
    assert other.p < 0.05
    assert other.always[1] < 0.5


def test_interleaving_finds_it_with_the_power_that_it_says_and_seldom_raises_a_false_alarm() -> None:
    """Of 200 experiments of 600 users, looked at after every user."""
    rng = np.random.default_rng(5)
    equal, better = (credits(noise, 5000, seed=6) for noise in ((0.3, 0.3), (1.0, 0.1)))
    samples = [rng.integers(0, 5000, 600) for _ in range(200)]
    alarms = sum(prefer(*equal[chosen].T).p < 0.05 for chosen in samples)
    found = sum(prefer(*better[chosen].T).p < 0.05 for chosen in samples)
    assert clopper_pearson(alarms, 200)[0] < 0.05
    assert clopper_pearson(found, 200)[0] > 0.8
