"""Exposure of single items over all lists: prices keep it within bounds, and groups of items are told apart by data."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from graphrec.errors import InputError
from graphrec.fairness.prices import Shelf, capped, floored, worths
from graphrec.frames import FramesWriter
from graphrec.snapshot import Snapshot
from graphrec.snapshot.members import members


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    """Two hundred users whose candidates are mostly the same: 12 of 30 items each, popular ones before others."""
    rng = np.random.default_rng(4)
    value = np.linspace(1, 0, 30) + rng.normal(0, 0.25, (200, 30))
    items = np.argsort(-value, axis=1)[:, :12]
    scores = np.take_along_axis(value, items, axis=1)
    low, high = scores.min(axis=1, keepdims=True), scores.max(axis=1, keepdims=True)
    return Shelf(items.astype(np.int64), (scores - low) / (high - low), 32)


def test_without_prices_each_gets_what_its_places_are_worth(shelf: Shelf) -> None:
    given = shelf.given(np.zeros(32), 3)
    assert given.sum() == pytest.approx(200 * worths(3).sum())
    first = np.bincount(shelf.items[:, 0], minlength=32)
    assert shelf.given(np.zeros(32), 1) == pytest.approx(first)
    assert worths(3) == pytest.approx([1, 1 / np.log2(3), 0.5])
    assert not capped(shelf, 4, 0.0).any()
    assert not floored(shelf, 4, 0.0).any()


@pytest.mark.parametrize("weight", [0.4, 0.8])
def test_no_item_gets_more_than_the_cap(shelf: Shelf, weight: float) -> None:
    now = shelf.given(np.zeros(32), 4)
    even = now.sum() / shelf.known.sum()
    most = now.max() ** (1 - weight) * even**weight
    prices = capped(shelf, 4, weight)
    given = shelf.given(prices, 4)
    assert now.max() > 1.3 * most
    assert given.max() < 1.08 * most, "a list is whole: the last ones go one way or the other"
    assert (prices >= 0).all()
    assert not prices[given < 0.8 * most].any(), "what is shown little costs nothing"


def test_each_candidate_gets_the_floor(shelf: Shelf) -> None:
    now = shelf.given(np.zeros(32), 4)
    least = 0.4 * now.sum() / shelf.known.sum()
    prices = floored(shelf, 4, 0.4)
    able = np.bincount(shelf.items.ravel(), minlength=32) * worths(1)[0] > 2 * least
    assert (now[able] < 0.5 * least).any()
    assert (shelf.given(prices, 4)[able] > 0.9 * least).all()
    assert (prices <= 0).all()
    assert not prices[~shelf.known].any()


def test_groups_of_items_are_those_that_the_data_name(tmp_path_factory: pytest.TempPathFactory) -> None:
    with FramesWriter(tmp_path_factory.mktemp("frames"), "shop", "test") as writer:
        writer.add("interactions", pa.table({"user_id": ["u"] * 4, "item_id": list("abcd"), "kind": ["view"] * 4}))
        facts = {"item_id": list("abcd"), "language": ["fr", "de", None, "fr"], "year": [1990, 1990, 2000, None]}
        writer.add("items", pa.table({**facts, "kind": ["film"] * 4}))
        writer.add("item_tags", pa.table({"item_id": ["b", "c"], "tag": ["x", "y"]}))
        snapshot = Snapshot.from_frames(writer.finish())
    assert snapshot.item_ids[members(snapshot, "language:fr")].tolist() == ["a", "d"]
    assert snapshot.item_ids[members(snapshot, "year:1990")].tolist() == ["a", "b"]
    assert snapshot.item_ids[members(snapshot, "tag:y")].tolist() == ["c"]
    for group, message in (
        ("tag:z", "the most given ones are x, y"),
        ("colour:red", "there are tag, kind, language, year"),
        ("kind:film", "all of 4 items"),
        ("language:xx", "none of 4 items"),
        ("year:old", "expected one after the colon"),
        ("language", "tag:NAME or PROPERTY:VALUE"),
    ):
        with pytest.raises(InputError, match=message):
            members(snapshot, group)
