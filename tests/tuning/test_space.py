"""Where is searched: what the models declare, and what the user fixes or replaces."""

from __future__ import annotations

from typing import Any

import pytest

from graphrec.errors import InputError
from graphrec.models import MODELS, create
from graphrec.models.filters.p3alpha import P3AlphaSettings
from graphrec.models.lightgcn.settings import LightGCNSettings
from graphrec.models.settings import Range
from graphrec.tuning.space import grid, inside, rounded, search_space, told


@pytest.mark.parametrize("name", MODELS)
def test_every_model_declares_a_space_that_its_settings_take_and_its_defaults_lie_in(name: str) -> None:
    defaults = create(name).settings
    if name == "popular":
        assert not defaults.as_dict()
        return
    space = search_space(defaults, {}, {})
    assert space
    for setting, span in space.items():
        assert inside(span, getattr(defaults, setting)), f"{setting} of {name}"
        ends = (span.low, span.high) if isinstance(span, Range) else span
        assert {type(end) for end in ends} == {defaults.kinds()[setting]}


def test_settings_are_fixed_and_ranges_replaced_and_added() -> None:
    ranges = {"temperature": "0.05:0.5:log", "loss": "bpr,directau", "num_layers": "1:2", "batch_size": "64,256"}
    found = search_space(LightGCNSettings(), {"learning_rate": "0.01"}, ranges)
    assert found == {
        "embedding_dim": (32, 64, 128, 192, 256),
        "num_layers": Range(1, 2),
        "loss": ("bpr", "directau"),
        "temperature": Range(0.05, 0.5, log=True),
        "popularity": Range(0.0, 1.0),
        "correction": Range(0.0, 1.0),
        "batch_size": (64, 256),
    }
    assert search_space(LightGCNSettings(), {"learning_rate": 0.01}, told(found)) == found, "what is told can be given"


@pytest.mark.parametrize(
    ("fixed", "ranges", "message"),
    [
        ({}, {"magic": "1:2"}, "no setting magic; there are embedding_dim, num_layers"),
        ({"magic": "1"}, {}, "no setting magic"),
        ({"num_layers": "2"}, {"num_layers": "1:3"}, "num_layers can't be both fixed and searched"),
        ({}, {"num_layers": "1.5:3"}, "expected num_layers as int, found '1.5'"),
        ({}, {"temperature": "warm:hot"}, "expected temperature as float, found 'warm'"),
        ({}, {"temperature": "0:1"}, "expected temperature above 0, found 0.0"),
        ({}, {"temperature": "0.5:0.1"}, "from a smaller to a larger number, found 0.5:0.1"),
        ({}, {"temperature": "0.1:inf"}, "from a smaller to a larger number, found 0.1:inf"),
        ({}, {"correction": "0:1:log"}, "above 0 for a range with log"),
        ({}, {"correction": "0:1:2"}, "expected correction=LOW:HIGH, correction=LOW:HIGH:log or correction=A,B,C"),
        ({}, {"loss": "bpr:softmax"}, "loss is a word and has no range"),
        ({}, {"loss": "bpr,magic"}, "expected loss to be one of bpr, softmax, bsl, directau, found 'magic'"),
    ],
)
def test_what_is_wrong_is_told(fixed: dict[str, Any], ranges: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        search_space(LightGCNSettings(), fixed, ranges)


def test_nothing_to_search_is_told() -> None:
    for settings, fixed in ((create("popular").settings, {}), (P3AlphaSettings(), P3AlphaSettings().as_dict())):
        with pytest.raises(InputError, match="there is nothing to search"):
            search_space(settings, fixed, {})


def test_a_grid_holds_each_combination_once_in_seeded_order() -> None:
    space = {"n": Range(1, 3), "x": Range(0.01, 100.0, log=True), "word": ("a", "b")}
    found = grid(space, 1)
    assert sorted({point["x"] for point in found}) == [0.01, 0.1, 1.0, 10.0, 100.0]
    assert sorted({point["n"] for point in found}) == [1, 2, 3], "as whole numbers"
    assert len(found) == len({tuple(point.values()) for point in found}) == 3 * 5 * 2
    assert found == grid(space, 1) != grid(space, 2)


def test_values_are_tried_as_they_are_printed_and_stay_inside() -> None:
    assert rounded(Range(0.0, 1.0), 0.123456) == 0.1235
    assert rounded(Range(0.12344, 1.0), 0.12344) == 0.12344
    assert rounded(Range(1, 99999), 12345) == 12345
    assert rounded(("a", "b"), "a") == "a"
