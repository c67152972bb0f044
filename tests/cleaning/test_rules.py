"""Each rule on an input small enough to be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dirt import cleaned, counts, only, rejects, rows, written
from hypothesis import given
from hypothesis import strategies as st

from graphrec.cleaning.rules.near_duplicates import roots
from graphrec.errors import InputError

DAY = 86_400_000


def test_the_core_is_the_largest_part_in_which_all_have_enough(tmp_path_factory: pytest.TempPathFactory) -> None:
    rng = np.random.default_rng(8)
    pairs = sorted({(f"u{u}", f"i{i}") for u, i in zip(rng.integers(0, 40, 300), rng.zipf(1.3, 300) % 25, strict=True)})
    path = written(tmp_path_factory.mktemp("core") / "in", interactions=[{"user": u, "item": i} for u, i in pairs])
    out, report = cleaned(path, only(k_core="users = 4\nitems = 5"))
    left = set(pairs)
    while True:
        kept = {(u, i) for u, i in left if sum(v == u for v, _ in left) >= 5 and sum(j == i for _, j in left) >= 4}
        if kept == left:
            break
        left = kept
    assert 0 < len(left) < len(pairs)
    assert set(rows(out, "interactions", "user_id", "item_id")) == left
    assert counts(report) == {"k_core": (len(pairs) - len(left), 0)}


def test_ratings_become_kinds_by_thresholds(tmp_path: Path) -> None:
    told = [("ada", "a", 5), ("ada", "b", 3), ("ada", "c", 1), ("bob", "a", 3), ("bob", "b", 2), ("bob", "c", "")]
    path = written(tmp_path / "in", ratings=[{"user": u, "item": i, "rating": r} for u, i, r in told])
    out, report = cleaned(path, only(implicit=""))
    assert [kind for *_, kind in rows(out, "interactions", "user_id", "item_id", "kind")] == [
        *("like", "view", "dislike"),
        *("view", "dislike", "rating"),
    ]
    assert counts(report) == {"implicit": (0, 5)}
    own = only(implicit='per_user = true\nlike_from = 0.5\ndislike_to = -0.5\nbetween = ""')
    out, report = cleaned(path, own, tmp_path / "own")
    assert rows(out, "interactions", "user_id", "item_id", "kind") == [
        ("ada", "a", "like"),
        ("ada", "c", "dislike"),
        ("bob", "a", "like"),
        ("bob", "b", "dislike"),
        ("bob", "c", "rating"),
    ]
    assert counts(report) == {"implicit": (1, 4)}
    assert [one["row"]["item_id"] for one in rejects(out)] == ["b"]


def test_kinds_weigh_and_a_skip_stays_a_negative(tmp_path: Path) -> None:
    told = [("view", ""), ("purchase", ""), ("skip", ""), ("pass", ""), ("purchase", 3)]
    path = written(
        tmp_path / "in",
        interactions=[{"user": f"u{n}", "item": "a", "kind": k, "weight": w} for n, (k, w) in enumerate(told)],
    )
    out, report = cleaned(path, only(weights="kinds = {view = 0.5, purchase = 2.0, skip = -0.5, pass = -1.0}"))
    assert rows(out, "interactions", "user_id", "kind", "weight") == [
        ("u0", "view", 0.5),
        ("u1", "purchase", 2.0),
        ("u2", "skip", -0.5),
        ("u3", "skip", -1.0),  # graphrec would take `pass` for liking
        ("u4", "purchase", 6.0),
    ]
    assert counts(report) == {"weights": (0, 5)}


def test_what_is_old_weighs_less(tmp_path: Path) -> None:
    ages = {"u0": 0, "u1": 10, "u2": 20, "u3": 50}
    newest = 1_600_000_000_000
    told = [{"user": user, "item": "a", "at": newest - age * DAY} for user, age in ages.items()]
    path = written(tmp_path / "in", interactions=[*told, {"user": "u4", "item": "a", "at": ""}])
    out, report = cleaned(path, only(decay="half_life_days = 10.0\ndrop_below = 0.1"))
    assert rows(out, "interactions", "user_id", "weight", "at") == [
        ("u0", 1.0, newest),
        ("u1", 0.5, newest - 10 * DAY),
        ("u2", 0.25, newest - 20 * DAY),
        ("u4", None, None),
    ]
    assert counts(report) == {"decay": (1, 3)}
    assert rejects(out)[0]["reason"] == "so old that 0.0312 of it is left"


def test_outliers_are_cut_kind_by_kind(tmp_path: Path) -> None:
    plays = [1, 2, 3, 4, 5, 6, 7, 8, 100_000]
    told = [{"user": f"u{n}", "item": "a", "kind": "listen", "count": count} for n, count in enumerate(plays)]
    same = [{"user": f"u{n}", "item": "a", "kind": "view", "count": 1 + 98 * (n == 0)} for n in range(9)]
    path = written(tmp_path / "in", interactions=[*told, *same])
    out, report = cleaned(path, only(outliers="fence = 1.5"))
    low, high = np.quantile(np.log(plays), [0.25, 0.75])
    most = int(np.exp(high + 1.5 * (high - low)))
    left = rows(out, "interactions", "kind", "count")
    assert [count for kind, count in left if kind == "listen"] == sorted([*plays[:-1], most], key=repr)
    assert ("view", 99) in left, "where most are equal there is no telling"
    assert counts(report) == {"outliers": (0, 1)}


def test_numbers_are_filled_in_by_median_mode_and_the_nearest(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = written(tmp_path / "in", interactions=[{"user": "u", "item": f"i{n}"} for n in range(5)])
    items = {
        "item_id": [f"i{n}" for n in range(5)],
        "year": [1990, 1991, 1996, None, 1998],
        "price": [1.0, 2.0, 3.0, None, 4000.0],
        "country": ["fr", "us", "us", None, "us"],
        "pages": [10, 11, 500, 499, 501],
        "tags": ["a", "a", "b", "b", "b"],
    }
    pq.write_table(pa.table(items), path / "items.parquet")
    rules = only(
        outliers='fence = 1.0\nitems = ["price"]',
        impute='items = {year = "median", price = "nearest", country = "mode", pages = "median"}\nneighbours = 1',
    )
    out, report = cleaned(path, rules)
    assert counts(report) == {"outliers": (0, 1), "impute": (0, 4)}
    assert rows(out, "items", "item_id", "year", "price", "country", "pages", "imputed") == [
        ("i0", 1990, 1.0, "fr", 10, None),
        ("i1", 1991, 2.0, "us", 11, None),
        ("i2", 1996, 3.0, "us", 500, None),
        ("i3", 1994, 3.0, "us", 499, "year, price, country"),
        ("i4", 1998, 3.0, "us", 501, "price"),
    ]
    assert set(rows(out, "item_tags", "item_id", "tag")) == {(f"i{n}", "ab"[n > 1]) for n in range(5)}


FILMS = [
    {"item_id": "1", "title": "The Matrix", "tags": "sci-fi|action"},
    {"item_id": "2", "title": "Matrix, The", "tags": "Sci-Fi"},
    {"item_id": "3", "title": "Casablanca", "tags": "drama"},
    {"item_id": "4", "title": "Casablanka", "tags": "drama"},
]
SEEN = [("ada", "1"), ("bob", "1"), ("bob", "2"), ("cyd", "3"), ("dan", "3"), ("dan", "4")]


def test_near_duplicates_are_made_one_and_a_person_decides(tmp_path: Path) -> None:
    path = written(tmp_path / "in", items=FILMS, interactions=[{"user": u, "item": i} for u, i in SEEN])
    out, report = cleaned(path, only(near_duplicates=""))
    assert {i for (i,) in rows(out, "interactions", "item_id")} == {"1", "3", "4"}
    assert {i for (i,) in rows(out, "items", "item_id")} == {"1", "3", "4"}
    assert {t for (t,) in rows(out, "item_tags", "tag")} == {"action", "drama", "sci-fi"} or {
        t for (t,) in rows(out, "item_tags", "tag")
    } == {"action", "drama", "Sci-Fi"}
    assert [(one["table"], one["reason"]) for one in rejects(out)] == [("items", "merged into the item 1")]
    review = (out / "review.csv").read_text(encoding="utf-8")
    assert "merge,items,1,2,100" in review
    assert "ask,items,3,4," in review
    told = next(one.told for one in report.rules if one.rule == "near_duplicates")
    assert told == "2 pairs merged, 1 wait for a decision in review.csv"

    before = {file.name: file.read_bytes() for file in out.iterdir()}
    cleaned(path, only(near_duplicates=""))
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before, (
        "what was decided before is the same again"
    )

    decided = review.replace("ask,items,3,4", "merge,items,4,3").replace("merge,items,1,2", "keep,items,1,2")
    (out / "review.csv").write_text(decided, encoding="utf-8")
    cleaned(path, only(near_duplicates=""))
    assert {i for (i,) in rows(out, "interactions", "item_id")} == {"1", "2", "4"}
    kept = (out / "review.csv").read_text(encoding="utf-8")
    assert "merge,items,4,3" in kept
    assert "keep,items,1,2" in kept
    assert "ask" not in kept


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("perhaps,items,1,2,90,", "review.csv:2: expected one of merge, keep, ask as the decision, found 'perhaps'"),
        ("merge,people,1,2,90,", "review.csv:2: expected two items or two tags, found 'people'"),
        ("merge,items,1,1,90,", "expected two items"),
        ("merge,items,1,2,much,", "expected a number as the likeness, found 'much'"),
    ],
)
def test_a_review_that_can_not_be_read_is_told_with_its_line(tmp_path: Path, line: str, says: str) -> None:
    path = written(tmp_path / "in", items=FILMS, interactions=[{"user": u, "item": i} for u, i in SEEN])
    out = tmp_path / "in-out"
    out.mkdir()
    (out / "review.csv").write_text(f"decision,of,keep,merge,likeness,reason\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=says):
        cleaned(path, only(near_duplicates=""))


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=12))
def test_chains_of_merges_end_at_one_of_them(pairs: list[tuple[str, str]]) -> None:
    into = roots(pairs)
    assert not set(into) & set(into.values()), "what remains isn't merged itself"
    groups = {one: {one} for one in "abcdef"}
    for keep, merge in pairs:
        together = groups[keep] | groups[merge]
        groups |= dict.fromkeys(together, together)
    for group in groups.values():
        assert len({into.get(one, one) for one in group}) == 1
    assert roots(list(reversed(pairs))) == into


def test_detectors_decide_and_rows_go_with_their_reason(tmp_path: Path) -> None:
    """Faults that the audit finds; what it finds is tested there."""
    good = [
        {"user": f"u{n % 7}", "item": f"i{n % 11}", "rating": 1 + n % 5, "at": 1_500_000_000 + n} for n in range(77)
    ]
    bad = [
        good[0],
        good[3] | {"user": "x1", "rating": 99},
        good[3] | {"user": "x2", "rating": "good"},
        good[3] | {"user": "x3", "at": 86_400},
        good[3] | {"user": "x4", "at": "2999-01-01"},
        good[3] | {"user": ""},
    ]
    out, report = cleaned(written(tmp_path / "in", ratings=[*good, *bad]))
    assert counts(report) == {"duplicates": (1, 0), "scales": (2, 0), "times": (2, 0), "orphans": (1, 0)}
    assert len(rows(out, "interactions", "user_id")) == 77
    told = [(one["rule"], one["table"], one["file"], int(one["line"])) for one in rejects(out)]
    assert told == [
        ("duplicates", "interactions", "ratings.csv", 79),
        ("scales", "interactions", "ratings.csv", 80),
        ("scales", "interactions", "ratings.csv", 81),
        ("times", "interactions", "ratings.csv", 82),
        ("times", "interactions", "ratings.csv", 83),
        ("orphans", "interactions", "ratings.csv", 84),
    ]
    assert rejects(out)[1]["row"]["user_id"] == "x1"
    assert rejects(out)[1]["reason"] == "rating 99 is off the scale 1 to 5 in steps of 1"


def test_what_is_written_can_be_loaded_whatever_the_rules(tmp_path: Path) -> None:
    told = [{"user": "u", "item": "a", "rating": "x"}, {"user": "", "item": "a"}, {"user": "v", "item": ""}]
    path = written(tmp_path / "in", ratings=told, tags=[{"user": "u", "item": "a", "tag": ""}])
    out, report = cleaned(path, only())
    assert counts(report) == {"without_id": (3, 0)}
    assert [one["reason"] for one in rejects(out)] == [
        *["without user_id, item_id or kind"] * 2,
        "without item_id or tag",
    ]
    assert rows(out, "interactions", "user_id", "rating") == [("u", None)]


def test_bots_and_accidents_go_with_all_their_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    at = 1_500_000_000 + np.cumsum(rng.exponential(20_000, 300).astype(int) + 1)
    people = [
        {"user": f"u{n % 10}", "item": f"i{int(rng.integers(0, 40))}", "at": int(at[n]), "dwell": 60 + n}
        for n in range(300)
    ]
    bot = [{"user": "bot", "item": f"i{n % 40}", "at": 1_500_000_000 + 60 * n, "dwell": 60} for n in range(200)]
    hasty = [{"user": "u1", "item": "i1", "at": int(at[-1]) + 50, "dwell": 1}]
    out, report = cleaned(written(tmp_path / "in", events=[*people, *bot, *hasty]))
    assert counts(report) == {"accidents": (1, 0), "bots": (200, 0)}
    assert {one["rule"]: one["row"]["user_id"] for one in rejects(out)} == {"accidents": "u1", "bots": "bot"}


def test_lines_that_are_no_rows_are_told(tmp_path: Path) -> None:
    path = written(tmp_path / "in", interactions=[{"user": "u", "item": "a", "count": 2}, {"user": "v", "item": "b"}])
    with (path / "interactions.csv").open("a", encoding="utf-8") as opened:
        opened.write("w,c,1,2,3,4\nx,d,-7\n")
    out, report = cleaned(path)
    assert counts(report) == {"unreadable": (2, 0)}
    assert [(one["file"], int(one["line"])) for one in rejects(out)] == [
        ("interactions.csv", 4),
        ("interactions.csv", 5),
    ]
    assert rows(out, "interactions", "user_id") == [("u",), ("v",)]


def test_constant_raters_go_where_that_is_wanted(tmp_path: Path) -> None:
    told = [{"user": f"u{n % 3}", "item": f"i{n}", "rating": 4 if n % 3 == 0 else 1 + n % 5} for n in range(90)]
    path = written(tmp_path / "in", ratings=told)
    assert counts(cleaned(path, only(constant_raters=""))[1]) == {"constant_raters": (30, 0)}
    with pytest.raises(InputError, match="nothing is left of in by these rules: scales put aside 90"):
        cleaned(
            path, only(scales="") + "[audit]\nrating_min = 50\nrating_max = 60\nrating_step = 1\n", tmp_path / "none"
        )
