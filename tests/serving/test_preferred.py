"""What the graph's features tell of users and items, in sources, rules, calibration and the score."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shelf import N_ITEMS, made_state

from graphrec.errors import InputError, PipelineError
from graphrec.recommend.base import Profile
from graphrec.serving.asked import asked_by
from graphrec.serving.pipeline import Pipeline
from graphrec.serving.preferred import Preferred
from graphrec.serving.ranking import rank
from graphrec.serving.sources import tags
from graphrec.serving.state import State
from graphrec.serving.wish import Wish, rule_of, strength

FILE = Path("mine.toml")


def with_features() -> State:
    """u0, who likes a comedy and a drama, thinks well of horror and ill of drama; items trend by their number."""
    state = made_state()
    state.preferred = Preferred.told([(0, ["horror", "drama", "gone"], [1.0, -0.5, 0.3])], 4)
    state.catalogue.properties.numbers["feature_trend"] = np.arange(N_ITEMS, dtype=np.float64)
    return state


def places(state: State, user: str, **wish: object) -> list[int]:
    return rank(state, Profile(user), replace(Wish(k=N_ITEMS), **wish)).items.tolist()  # type: ignore[arg-type]


def test_the_source_of_tags_goes_by_likes_and_by_features_half_each() -> None:
    state = with_features()
    found = tags(asked_by(state, 0, Profile("u0"), Wish()))
    score = {item % 3: value for item, value in zip(found.items.tolist(), found.scores, strict=True)}
    likes, told = np.array([1, 1, 0]) / math.sqrt(2), np.array([0, -0.5, 1]) / math.hypot(0.5, 1)
    taste = likes + told
    wanted = taste / np.linalg.norm(taste)
    assert score == pytest.approx({genre: wanted[genre] for genre in range(3) if wanted[genre] > 0})
    assert tags(asked_by(made_state(), 0, Profile("u0"), Wish())).scores == pytest.approx([1 / math.sqrt(2)] * 8)


def test_taste_brings_items_up_by_their_tags() -> None:
    state = with_features()
    plain, moved = places(state, "u0"), places(state, "u0", taste=1.0)
    assert sorted(plain) == sorted(moved)
    mean = {genre: np.mean([n for n, item in enumerate(plain[:6]) if item % 3 == genre]) for genre in range(3)}
    after = {genre: np.mean([n for n, item in enumerate(moved[:6]) if item % 3 == genre]) for genre in range(3)}
    assert after[2] < mean[2]
    assert after[1] > mean[1]
    assert not Wish(taste=0.1).is_plain
    assert places(made_state(), "u3", taste=1.0) == places(made_state(), "u3"), "of whom nothing is known"


def test_calibration_knows_what_features_tell() -> None:
    assert [item % 3 for item in places(with_features(), "u0", calibration=1.0, k=4)].count(2) >= 2
    assert [item % 3 for item in places(made_state(), "u0", calibration=1.0, k=4)].count(2) == 0


def test_a_number_moves_items_by_their_place_among_all() -> None:
    state = with_features()
    assert strength("feature_trend", state.catalogue).tolist() == pytest.approx((np.arange(12) / 11).tolist())
    assert strength("length", state.catalogue).tolist() == [0.5] * 6 + [0.0] * 6
    assert strength("tag=comedy", state.catalogue).tolist() == [1.0, 0.0, 0.0] * 4
    up = places(state, "u0", rules=(rule_of("feature_trend*10", 1.0),), k=6)
    assert up == sorted(up, reverse=True)
    assert sorted(places(state, "u0", every=("feature_trend>=9",))) == [9, 10, 11]
    state.catalogue.put(3, {"properties": {"feature_trend": 99.0}})
    assert strength("feature_trend", state.catalogue)[3] == 1.0
    with pytest.raises(InputError, match=r"a property that is a number: .*length.*; found 'country'"):
        strength("country", state.catalogue)


def test_a_pipeline_may_score_by_features() -> None:
    state = with_features()
    found = Pipeline.of({"score": {"boost": ["feature_trend*0.3"], "taste": 0.2}}, FILE)
    found.check(state.catalogue)
    assert found.score.taste == 0.2
    with pytest.raises(PipelineError, match=r"score.boost: .*a property that is a number"):
        Pipeline.of({"score": {"boost": ["feature_trends*0.3"]}}, FILE).check(state.catalogue)


def test_of_who_is_gone_nothing_is_known() -> None:
    state = with_features()
    assert state.preferred.of(0)["horror"] == 1.0
    state.change({"what": "delete_user", "user_id": "u0"})
    assert dict(state.preferred.of(0)) == {}
    assert dict(state.preferred.of(99)) == {}
