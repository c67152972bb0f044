"""Features of a small graph, worked out by hand; written where they changed; outside of the data's checksum."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from graphrec.cli.app import app
from graphrec.cli.verbs import features as features_verb
from graphrec.cli.verbs import schema as schema_verb
from graphrec.errors import InputError
from graphrec.features import FEATURES, write_features
from graphrec.features.described import DIGEST, names_of
from graphrec.features.reading import read_facts
from graphrec.frames import FramesWriter
from graphrec.graph import Graph
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.changes import checked_change
from graphrec.ingest.rows import open_rows
from graphrec.ingest.stats import read_stats
from graphrec.privacy.policy import FILE
from graphrec.recommend.base import Profile
from graphrec.serving.ranking import rank
from graphrec.serving.state import load_state
from graphrec.serving.wish import Wish, rule_of, strength

HOUR, DAY = 3_600_000, 86_400_000
MONDAY = 4 * DAY  # 1970-01-05
WEEK = 7 * DAY


def stock(graph: Graph, folder: Path, **tables: list[dict[str, Any]]) -> None:
    import pyarrow as pa

    with FramesWriter(folder, "made", "by hand") as writer:
        for name, rows in tables.items():
            columns = dict.fromkeys(key for row in rows for key in row)
            writer.add(name, pa.table({column: [row.get(column) for row in rows] for column in columns}))
        frames = writer.finish()
    with open_rows(frames) as opened:
        load_over_bolt(graph, opened, None)


def done(user: str, item: str, kind: str, at: int | None, **more: Any) -> dict[str, Any]:
    return {"user_id": user, "item_id": item, "kind": kind, "at": at, **more}


INTERACTIONS = [
    done("ada", "a", "rating", MONDAY + 9 * HOUR, rating=5.0),
    done("ada", "b", "rating", MONDAY + 9 * HOUR, rating=1.0),
    done("ada", "c", "skip", MONDAY + DAY + 20 * HOUR, count=2),
    done("bob", "a", "rating", MONDAY + WEEK, rating=3.0),
    done("bob", "d", "view", None),
]
ITEMS = [{"item_id": name, "price": price} for name, price in zip("abcd", (10.0, 20.0, 40.0, None), strict=True)]
TAGS = [("a", "jazz"), ("b", "rock"), ("c", "rock"), ("c", "loud"), ("d", "jazz")]


@pytest.fixture
def made(graph: Graph, tmp_path: Path) -> Graph:
    stock(
        graph,
        tmp_path,
        interactions=INTERACTIONS,
        items=ITEMS,
        item_tags=[{"item_id": item, "tag": tag} for item, tag in TAGS],
        follows=[{"user_id": "ada", "followee_id": "bob"}, {"user_id": "zoe", "followee_id": "bob"}],
    )
    return graph


def features_of(graph: Graph, word: str) -> dict[str, dict[str, Any]]:
    ids = ["ada", "bob", "zoe"] if word == "user" else list("abcd")
    rows = graph.read(f"features/{word}s", **{f"{word}_ids": ids})
    return {row[f"{word}_id"]: dict(row["features"]) for row in rows}


def test_features_by_hand_and_only_what_changed_is_written_again(made: Graph, tmp_path: Path) -> None:
    checksum = read_stats(made).checksum
    first = write_features(made)
    assert (first.users_written, first.items_written) == (3, 4)
    users, items = features_of(made, "user"), features_of(made, "item")
    check_users(users)
    check_items(items)
    written = {name for found in users.values() for name in found}, {name for one in items.values() for name in one}
    assert written == (set(names_of("User")), set(names_of("Item")))
    assert read_stats(made).checksum == checksum
    (made.home / FILE).write_text('[columns]\nsensitive = ["items.price"]\n', "utf-8")
    assert np.isnan(read_facts(made, "price").price).all(), "what is sensitive is no feature"
    (made.home / FILE).unlink()
    assert not np.isnan(read_facts(made, "price").price).all()
    check_what_changed(made, tmp_path)


def check_users(users: dict[str, dict[str, Any]]) -> None:
    ada = users["ada"]
    assert ada["feature_last_at"] == MONDAY + DAY + 20 * HOUR
    assert (ada["feature_interactions"], ada["feature_items"], ada["feature_skip_rate"]) == (4, 3, 0.5)
    assert [n for n, share in enumerate(ada["feature_hours"]) if share] == [9, 20]
    assert ada["feature_hours"][9] == 0.6667
    assert ada["feature_weekdays"] == [0.6667, 0.3333, 0, 0, 0, 0, 0]
    # a was rated a deviation above her mean: 2; b one below: 0; c was skipped: -0.5, over two tags of length sqrt(2)
    assert dict(zip(ada["feature_tags"], ada["feature_tag_weights"], strict=True)) == {
        "jazz": 1.0,
        "rock": round(-0.5 / math.sqrt(2) / 2, 4),
        "loud": round(-0.5 / math.sqrt(2) / 2, 4),
    }
    assert ada["feature_tags"] == ["jazz", "loud", "rock"]
    assert ada["feature_breadth"] == 2.0
    assert (ada["feature_price"], ada["feature_price_sensitivity"]) == (15.0, 0.75)
    assert (ada["feature_follows"], ada["feature_followers"]) == (1, 0)
    assert (users["bob"]["feature_followers"], users["zoe"]["feature_interactions"]) == (2, 0)
    assert "feature_last_at" not in users["zoe"]


def check_items(items: dict[str, dict[str, Any]]) -> None:
    a = items["a"]
    assert (a["feature_likers"], a["feature_interactions"], a["feature_first_at"]) == (2, 2, MONDAY + 9 * HOUR)
    ages = (MONDAY + 9 * HOUR, MONDAY + WEEK)
    assert a["feature_trend"] == round(math.log2(sum(2 ** (at / WEEK) for at in ages)), 4)
    assert (a["feature_months"], a["feature_month_likers"]) == (["1970-01"], [2])
    assert (a["feature_ratings"], a["feature_rating_mean"], a["feature_rating_spread"]) == (2, 4.0, 1.0)
    assert a["feature_tag_rarity"] == round(math.log(4 / 2), 2)
    assert items["c"]["feature_tag_rarity"] == round((math.log(4 / 2) + math.log(4 / 1)) / 2, 2)
    assert (items["c"]["feature_likers"], items["c"]["feature_interactions"]) == (0, 2)
    assert "feature_trend" not in items["d"]


def check_what_changed(made: Graph, tmp_path: Path) -> None:
    again = write_features(made)
    assert (again.users_written, again.users_unchanged, again.items_written, again.items_unchanged) == (0, 3, 0, 4)

    stock(made, tmp_path / "more", interactions=[done("bob", "b", "view", MONDAY + WEEK + DAY)])
    third = write_features(made)
    assert (third.users_written, third.items_written) == (1, 1)
    assert features_of(made, "user")["bob"]["feature_items"] == 3
    assert features_of(made, "item")["b"]["feature_likers"] == 2

    rows = made.read("tags/preferred", user_ids=["ada", "zoe"], k=5)
    assert [(row["user_id"], row["item_id"], row["tags"]) for row in rows] == [("ada", "d", ["jazz"])]
    weights = [1.0 * math.log(2), -0.1768 * math.log(4), -0.1768 * math.log(2)]
    assert rows[0]["score"] == pytest.approx(weights[0] / math.hypot(*weights))

    state = load_state(made)
    assert state.preferred.of(state.users.places["ada"]) == pytest.approx(
        {"jazz": 1.0, "rock": -0.1768, "loud": -0.1768}
    )
    assert strength("feature_likers", state.catalogue)[state.catalogue.ids.places["c"]] == 0
    asked = Wish(k=4, every=("feature_likers>=2",), rules=(rule_of("feature_trend*1", 1.0),))
    listed = rank(state, Profile("zoe"), asked)
    assert {state.catalogue.ids.names[item] for item in listed.items.tolist()} == {"a", "b"}

    made.write("changes/delete_user", user_id="bob", most=1000)
    fourth = write_features(made)
    assert (fourth.users_written, fourth.items_written) == (2, 3), "ada and zoe follow one less; a, b and d lose likers"
    left = features_of(made, "item")
    assert left["a"]["feature_likers"] == 1
    assert "feature_rating_spread" not in left["a"]


def test_the_command_and_the_schema(made: Graph) -> None:
    assert features_verb
    assert schema_verb
    told = json.loads(CliRunner().invoke(app, ["features", "--json"]).stdout)
    assert (told["users_written"], told["items_written"]) == (3, 4)
    assert "features of 0 users and 0 items written, 3 and 4 had theirs" in CliRunner().invoke(app, ["features"]).stdout
    schema = json.loads(CliRunner().invoke(app, ["schema", "--json"]).stdout)
    assert [one["name"] for one in schema["features"]] == [one.name for one in FEATURES]
    assert "feature_tag_rarity" in CliRunner().invoke(app, ["schema"]).stdout


def test_nobody_puts_a_feature_by_hand() -> None:
    with pytest.raises(InputError):
        checked_change({"change_id": "1", "what": "put_item", "item_id": "a", "properties": {"feature_likers": 9}})


def test_names_are_told_once() -> None:
    names = [(one.label, one.name) for one in FEATURES]
    assert len(set(names)) == len(names)
    assert all(one.name.startswith("feature_") and one.meaning for one in FEATURES)
    assert ("User", DIGEST) in names
