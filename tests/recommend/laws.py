"""The laws that hold for every recommender. A test names a `Case` and runs each law on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from graphrec.recommend.base import (
    RECOMMENDATION_COLUMNS,
    SIMILAR_COLUMNS,
    Candidates,
    FittedRecommender,
    Profile,
    Recommender,
)
from graphrec.snapshot import Snapshot

CHECKERBOARD_SIZE = 20


@dataclass(frozen=True)
class Case:
    """A recommender over data in which `seen` says what each user did; `unknown` is an id that the data lack.

    `visitor` says whether it answers weighted items, `relative` whether scores depend on the list that they are in.
    """

    recommender: Recommender
    seen: Mapping[str, frozenset[str]]
    users: tuple[str, ...]
    items: tuple[str, ...]
    unknown: str = "nobody knows me"
    visitor: bool = True
    relative: bool = False
    context: Mapping[str, object] = field(default_factory=dict)

    @property
    def profiles(self) -> list[Profile]:
        return [Profile(user, context=self.context) for user in self.users]


def seen_of(data: Snapshot) -> dict[str, frozenset[str]]:
    """What each user of a snapshot did."""
    rows = np.split(data.seen.indices, data.seen.indptr[1:-1])
    return {user: frozenset(data.item_ids[row]) for user, row in zip(data.user_ids, rows, strict=True)}


def cases_of(data: Snapshot, made: Mapping[str, Recommender]) -> dict[str, Case]:
    """A case for each recommender that was fitted to a snapshot: its first users who did something."""
    seen = seen_of(data)
    users = tuple(user for user in data.user_ids if seen[user])[:12]
    return {name: Case(recommender, seen, users, tuple(data.item_ids[:8])) for name, recommender in made.items()}


def checkerboard(n: int = CHECKERBOARD_SIZE) -> Snapshot:
    """Even users like even items and odd users odd ones, all but the item of their own number."""
    pairs = [(u, i) for u in range(n) for i in range(n) if (u - i) % 2 == 0 and u != i]
    return Snapshot.from_pairs([name(u) for u, _ in pairs], [name(i) for _, i in pairs])


def rated_checkerboard(n: int = CHECKERBOARD_SIZE) -> Snapshot:
    """The checkerboard with ratings: 5 for what fits and 1, a dislike, for a third of what doesn't; and tags."""
    rng = np.random.default_rng(1)
    pairs = [(u, i) for u in range(n) for i in range(n) if u != i and ((u - i) % 2 == 0 or rng.random() < 0.33)]
    fits = np.array([(u - i) % 2 == 0 for u, i in pairs])
    return Snapshot.from_pairs(
        [name(u) for u, _ in pairs],
        [name(i) for _, i in pairs],
        weight=np.where(fits, 1.0, -1.0),
        rating=np.where(fits, 5.0, 1.0),
        item_tags=tag_table([name(i) for i in range(n)]),
    )


def tag_table(item_ids: list[str]) -> pa.Table:
    """A tag that every other item has, and one of three."""
    tags = [tag for n in range(len(item_ids)) for tag in (f"tag {n % 2}", f"tag of {n % 3}")]
    return pa.table({"item_id": [item for item in item_ids for _ in range(2)], "tag": tags})


def name(number: int) -> str:
    """An id whose order as text isn't that of its number, and which isn't ASCII."""
    return f"n°{number}"


def check_table(table: pd.DataFrame, k: int, columns: tuple[str, ...] = RECOMMENDATION_COLUMNS) -> None:
    """Columns and types; at most k rows a key, ranked from 1, no item twice, scores never rising."""
    assert tuple(table.columns) == columns
    key, item = columns[0], "item_id" if columns == RECOMMENDATION_COLUMNS else "similar_id"
    assert table["score"].dtype == np.float64
    assert np.isfinite(table["score"]).all()
    assert not table.duplicated([key, item]).any()
    for _, rows in table.groupby(key, sort=False):
        assert len(rows) <= k
        assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
        assert (rows["score"].round(9).diff().dropna() <= 0).all()
    assert all(isinstance(reason, str) and reason for reason in table["reason"])


def columns_ranks_and_scores(case: Case) -> None:
    for k in (1, 3, 1000):
        table = case.recommender.recommend(case.profiles, k)
        check_table(table, k)
        assert len(table), "the case gives no rows, so it proves nothing"
        assert table["profile"].is_monotonic_increasing
    assert case.recommender.recommend([], 5).empty
    assert tuple(case.recommender.recommend([], 5).columns) == RECOMMENDATION_COLUMNS


def a_shorter_list_begins_the_longer(case: Case) -> None:
    short, long = (case.recommender.recommend(case.profiles, k) for k in (2, 1000))
    begin = long[long["rank"] <= 2].reset_index(drop=True)
    assert short[["profile", "item_id", "rank"]].equals(begin[["profile", "item_id", "rank"]])


def seen_items_are_absent(case: Case) -> None:
    table = case.recommender.recommend(case.profiles, 1000)
    for profile, rows in table.groupby("profile"):
        assert not set(rows["item_id"]) & case.seen[case.users[int(profile)]]


def candidates_are_respected(case: Case) -> None:
    plain = case.recommender.recommend(case.profiles, 1000)
    first = plain[plain["rank"] == 1]["item_id"].tolist()
    excluded = case.recommender.recommend(case.profiles, 1000, Candidates(excluded=frozenset(first)))
    wanted = plain[~plain["item_id"].isin(first)]
    assert sorted(pairs(excluded)) == sorted(pairs(wanted)), "leaving items out must leave the others"
    assert case.relative or pairs(excluded) == pairs(wanted), "and in their order"
    allowed = frozenset(plain["item_id"].tolist()[::2])
    only = case.recommender.recommend(case.profiles, 1, Candidates(allowed=allowed))
    best = plain[plain["item_id"].isin(allowed)].groupby("profile").head(1)
    assert len(only) == len(best), "candidates are decided before the cut at k"
    assert case.relative or pairs(only) == pairs(best)
    assert set(only["item_id"]) <= allowed
    assert case.recommender.recommend(case.profiles, 5, Candidates(allowed=frozenset())).empty
    check_table(case.recommender.recommend(case.profiles, 1000, Candidates(seen=True)), 1000)


def a_batch_gives_what_singles_give(case: Case) -> None:
    batch = case.recommender.recommend(case.profiles, 5)
    for n, profile in enumerate(case.profiles):
        single = case.recommender.recommend([profile], 5)
        same = batch[batch["profile"] == n]
        assert single["item_id"].tolist() == same["item_id"].tolist()
        assert single["reason"].tolist() == same["reason"].tolist()
        np.testing.assert_allclose(single["score"], same["score"], rtol=1e-5, atol=1e-8)


def unknown_users_give_no_rows(case: Case) -> None:
    assert case.recommender.recommend([Profile(case.unknown)], 5).empty
    mixed = case.recommender.recommend([Profile(case.unknown), case.profiles[0]], 5)
    assert set(mixed["profile"]) == {1}


def the_same_question_gets_the_same_answer(case: Case) -> None:
    first, second = (case.recommender.recommend(case.profiles, 7) for _ in range(2))
    assert first[["profile", "item_id", "rank", "reason"]].equals(second[["profile", "item_id", "rank", "reason"]])


def visitors_are_answered_without_their_own_items(case: Case) -> None:
    if not case.visitor:
        return
    own = sorted(case.seen[case.users[0]])[:3]
    table = case.recommender.recommend([Profile(items=dict.fromkeys(own, 1.0))], 1000)
    check_table(table, 1000)
    assert len(table)
    assert not set(table["item_id"]) & set(own)
    unknown = case.recommender.recommend([Profile(case.unknown, dict.fromkeys(own, 1.0))], 1000)
    assert pairs(unknown) == pairs(table), "an unknown user with items is a visitor"


def similar_items_follow_the_same_laws(case: Case) -> None:
    table = case.recommender.similar_items(list(case.items), 4)
    check_table(table, 4, SIMILAR_COLUMNS)
    assert (table["item_id"] != table["similar_id"]).all()
    assert case.recommender.similar_items([case.unknown], 4).empty
    for item_id, rows in table.groupby("item_id"):
        assert case.recommender.similar_items([item_id], 4)["similar_id"].tolist() == rows["similar_id"].tolist()


LAWS: tuple[Callable[[Case], None], ...] = (
    columns_ranks_and_scores,
    a_shorter_list_begins_the_longer,
    seen_items_are_absent,
    candidates_are_respected,
    a_batch_gives_what_singles_give,
    unknown_users_give_no_rows,
    the_same_question_gets_the_same_answer,
    visitors_are_answered_without_their_own_items,
    similar_items_follow_the_same_laws,
)


def the_withheld_diagonal_comes_first(recommender: Recommender, n: int = CHECKERBOARD_SIZE) -> None:
    """On the checkerboard each user's best item is the one that was withheld (after the test of `implicit`)."""
    table = recommender.recommend([Profile(name(u)) for u in range(n)], 1)
    assert dict(zip(table["profile"], table["item_id"], strict=True)) == {u: name(u) for u in range(n)}


def a_second_fit_forgets_the_first(make: Callable[[], FittedRecommender], one: Snapshot, other: Snapshot) -> None:
    profiles = [Profile(user) for user in one.user_ids[:5]]
    fresh, again = make().fit(one), make().fit(other).fit(one)
    assert pairs(again.recommend(profiles, 5)) == pairs(fresh.recommend(profiles, 5))


def saved_and_loaded_it_answers_the_same(recommender: FittedRecommender, case: Case, folder: Path) -> None:
    recommender.save(folder)
    assert not list(folder.rglob("*.pkl"))
    loaded = type(recommender).load(folder)
    assert loaded.name == recommender.name
    pd.testing.assert_frame_equal(loaded.recommend(case.profiles, 5), recommender.recommend(case.profiles, 5))
    pd.testing.assert_frame_equal(loaded.similar_items(case.items, 3), recommender.similar_items(case.items, 3))


def pairs(table: pd.DataFrame) -> list[tuple[int, str]]:
    return list(zip(table["profile"].tolist(), table["item_id"].tolist(), strict=True))
