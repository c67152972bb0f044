"""What variants ask of the service is refused at its start, with file, key, wanted and found; or put into the wish."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shop import wait

from graphrec.errors import InputError
from graphrec.experiments import Recorder, Store, Variant
from graphrec.service.settings import ServiceSettings
from graphrec.service.trials import Trials
from graphrec.service.variants import is_from_memory, read_trials, with_settings
from graphrec.serving.pipeline import default_pipeline
from graphrec.serving.wish import Rule, Wish

TWO = """
[[experiment]]
name = "order"
kind = "{kind}"
variant = [
  {{name = "a", recommender = "blend"}},
  {{name = "b", recommender = {recommender}, settings = {settings}}},
]
"""


def declared(tmp_path: Path, recommender: str = '"blend"', settings: str = "{}", kind: str = "split") -> Path:
    path = tmp_path / "experiments.toml"
    path.write_text(TWO.format(recommender=recommender, settings=settings, kind=kind), "utf-8")
    return path


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"recommender": '"wlak"'}, r"recommender: expected names of blend, walk, .*, found 'wlak'"),
        ({"recommender": '["walk", "popular", "tags", "friends", "trending"]'}, "at most 4 names, found 5"),
        ({"settings": "{colour = 1}"}, r"settings: expected keys of diversity, .*, found 'colour'"),
        ({"settings": '{tag = ["x"]}'}, "settings: expected keys of .*, found 'tag'"),
        ({"settings": "{diversity = 2}"}, r"settings\.diversity: .*less than or equal to 1, found 2"),
        ({"settings": '{boost = ["odd"]}'}, "settings.boost or bury: expected a rule like .* found 'odd'"),
        (
            {"settings": "{rare = 0.1}", "recommender": '"walk"'},
            "expected with the recommender 'blend'.*found with walk",
        ),
        (
            {"settings": "{explore = 0.1}", "kind": "interleaving"},
            "explore: expected in an experiment of the kind 'split'",
        ),
        ({"settings": "3"}, "settings: expected a table such as {diversity = 0.3}, found 3"),
    ],
)
def test_a_variant_that_cannot_be_served_is_told_with_file_and_key(tmp_path: Path, given: dict, says: str) -> None:  # type: ignore[type-arg]
    path = declared(tmp_path, **given)
    with pytest.raises(InputError, match=says) as told:
        read_trials(ServiceSettings(str(tmp_path)))
    assert str(path) in str(told.value)
    assert "order" in str(told.value)


def test_experiments_come_from_the_home_or_from_the_file_that_is_named(tmp_path: Path) -> None:
    assert read_trials(ServiceSettings(str(tmp_path))) == ()
    elsewhere = str(declared(tmp_path).rename(tmp_path / "other.toml"))
    assert [one.name for one in read_trials(ServiceSettings(str(tmp_path), experiments=elsewhere))] == ["order"]
    with pytest.raises(InputError, match=r"missing\.toml"):
        read_trials(ServiceSettings(str(tmp_path), experiments=str(tmp_path / "missing.toml")))


def test_a_variant_takes_the_place_of_what_the_caller_says_of_the_same() -> None:
    asked = Wish(k=3, diversity=0.1, rare=0.2, rules=(Rule("tag=x", 1.0),), never=("tag=y",))
    usual = default_pipeline()
    assert with_settings(asked, Variant("a", ("blend",), 0.5), usual) is asked
    found = with_settings(asked, Variant("b", ("blend",), 0.5, {"diversity": 0.9, "bury": ["tag=z*0.5"]}), usual)
    assert found == Wish(k=3, diversity=0.9, rare=0.2, rules=(Rule("tag=z", -0.5),), never=("tag=y",))
    assert is_from_memory(Variant("a", ("blend", "popular"), 1.0))
    assert not is_from_memory(Variant("a", ("walk", "blend"), 1.0))


def test_who_takes_part_and_whose_events_are_kept(tmp_path: Path) -> None:
    path = declared(tmp_path)
    path.write_text(path.read_text("utf-8").replace('kind = "split"', 'traffic = "50%"'), "utf-8")
    with Recorder(Store(tmp_path / "events.sqlite")) as recorder:
        trials = Trials(read_trials(ServiceSettings(str(tmp_path))), recorder)
        found = {f"u{n}": trials.find(f"u{n}", explores=False) for n in range(200)}
        told = [trial.told for trial in found.values() if trial]
        assert {json.dumps(each) for each in told} == {'{"order": "a"}', '{"order": "b"}'}
        assert 60 < len(told) < 140
        assert trials.find(None, explores=False) is None
        inside = next(user for user, trial in found.items() if trial)
        trials.done([{"event_id": user, "user_id": user, "item_id": "i", "kind": "click"} for user in found])
        assert recorder.flush()
        kept = recorder.store.read("SELECT user_id FROM outcomes")
        assert {user for (user,) in kept} == {user for user, trial in found.items() if trial}
        trials.explores = True
        trials.done([{"event_id": user, "user_id": user, "item_id": "i", "kind": "click", "at": 5} for user in found])
        assert recorder.flush()
        assert recorder.store.read("SELECT COUNT(*) FROM outcomes") == [(200,)]
        trials.tidy(keep_days=1)
        assert recorder.store.read("SELECT COUNT(*) FROM outcomes") == [(len(told),)]
        trials.follow({"what": "put_user", "user_id": inside})
        trials.done([{"event_id": "waits", "user_id": inside, "item_id": "i", "kind": "click"}])
        trials.follow({"what": "delete_user", "user_id": inside})
        wait(lambda: recorder.store.read("SELECT COUNT(*) FROM outcomes") == [(len(told) - 1,)])
