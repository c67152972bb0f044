"""Lists in another order: each way by hand, over a recommender, what it costs, and groups over time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from graphrec.cli.app import app
from graphrec.cli.verbs import fairness as _fairness  # noqa: F401  (registers the commands)
from graphrec.errors import InputError
from graphrec.evaluation import Groups, SplitSettings
from graphrec.fairness import STEPS, Reranked, Side, audit_over_time, weigh
from graphrec.fairness.page import page
from graphrec.fairness.steps import OF_GROUPS
from graphrec.frames import FramesWriter
from graphrec.recommend.base import Candidates, Profile
from graphrec.recommend.popularity import PopularityRecommender
from graphrec.serving.rerank import covering, exposed
from graphrec.snapshot import Snapshot
from graphrec.snapshot.members import members
from loaders import load_frames

SCORES = np.array([1.0, 0.9, 0.8, 0.2, 0.1])


def test_what_is_covered_counts_no_more() -> None:
    aspects = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1]], dtype=float)
    even = np.array([0.5, 0.5])
    assert covering(SCORES, aspects, even, 5, 0.0).tolist() == [0, 1, 2, 3, 4]
    # the first aspect is covered by the first item; the second then weighs .6 * .5 against .4 * .89
    assert covering(SCORES, aspects, even, 2, 0.6).tolist() == [0, 1]
    assert covering(SCORES, aspects, even, 3, 0.9).tolist() == [0, 3, 1]
    assert covering(SCORES, aspects, np.array([0.0, 1.0]), 1, 0.9).tolist() == [3]


def test_attention_goes_to_groups_by_their_shares() -> None:
    groups = np.array([0, 0, 0, 1, 1])
    assert exposed(SCORES, groups, np.array([0.0, 0.0]), 5).tolist() == [0, 1, 2, 3, 4]
    for share in (0.3, 0.5):
        for n in (2, 4, 5):
            chosen = exposed(SCORES, groups, np.array([0.0, share]), n)
            worth = 1 / np.log2(np.arange(2, n + 2))
            told = worth[groups[chosen] == 1].sum() / worth.sum()
            possible = worth[:2].sum() / worth.sum()
            assert told >= min(share, possible) - 1e-9, (share, n)
            assert len(set(chosen.tolist())) == n
    assert exposed(SCORES, groups, np.array([0.0, 1.0]), 3).tolist() == [3, 4, 0], "all that there are, then the others"


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    """Sixty users who like popular items, and each some of the long tail; items with one of three tags."""
    rng = np.random.default_rng(6)
    chance = np.r_[np.full(6, 0.6), np.full(34, 0.08)]
    pairs = [(f"u{u:02}", f"i{i:02}") for u in range(60) for i in np.flatnonzero(rng.random(40) < chance).tolist()]
    items = [f"i{i:02}" for i in range(40)]
    tags = pa.table({"item_id": items, "tag": [f"t{i % 3}" for i in range(40)], "weight": [1.0] * 40})
    return Snapshot.from_pairs([u for u, _ in pairs], [i for _, i in pairs], items=items, item_tags=tags)


@pytest.mark.parametrize("step", list(STEPS))
def test_every_way_keeps_the_laws_of_lists(snapshot: Snapshot, step: str) -> None:
    inner = PopularityRecommender().fit(snapshot)
    side = Side.of(snapshot, "tag:t1")
    profiles = [Profile("u01"), Profile("nobody"), Profile(None, {"i00": 1.0}), Profile("u02")]
    excluded = Candidates(excluded=frozenset({"i03"}))
    made = Reranked(inner, snapshot, side, step, 0.6)
    table = made.recommend(profiles, 8, excluded)
    assert set(table["profile"]) == {0, 2, 3}
    for _, part in table.groupby("profile"):
        assert part["rank"].tolist() == list(range(1, len(part) + 1))
        assert part["score"].is_monotonic_decreasing
        assert not part["item_id"].duplicated().any()
        assert len(part) == 8
    assert "i03" not in set(table["item_id"])
    alone = made.recommend(profiles[:1], 8, excluded)
    assert alone["item_id"].tolist() == table[table["profile"] == 0]["item_id"].tolist()
    plain = Reranked(inner, snapshot, side, step, 0.0).recommend(profiles, 8)
    assert plain["item_id"].tolist() == inner.recommend(profiles, 8)["item_id"].tolist()
    if step.startswith(("tail", "group")):
        place = snapshot.item_idx(table["item_id"].to_numpy(dtype=object))
        asked = side.is_tail if step.startswith("tail") else members(snapshot, "tag:t1")
        worth = 1 / np.log2(table["rank"].to_numpy() + 1) if step.endswith("exposure") else np.ones(len(table))
        assert worth[asked[place]].sum() / worth.sum() >= 0.6
    if step in OF_GROUPS:
        with pytest.raises(InputError, match="needs a group of items"):
            Reranked(inner, snapshot, Side.of(snapshot), step, 0.6)
    with pytest.raises(InputError, match="from 0 to 1"):
        Reranked(inner, snapshot, side, step, 1.5)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(7)
    chance = np.r_[np.full(6, 0.6), np.full(34, 0.1)]
    lines = ["user,item,timestamp"]
    for u in range(60):
        liked = rng.permutation(np.flatnonzero(rng.random(40) < chance)).tolist()
        lines += [f"u{u},i{i},{1_600_000_000 + 86_400 * int(rng.integers(300))}" for i in liked]
    path = tmp_path_factory.mktemp("data") / "shop.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_more_is_asked_and_more_is_got(table: Path) -> None:
    ways = ["tail-share", "tail-exposure", "mmr", "item-floor"]
    found = weigh(table, "popular", ways, weights=(0.0, 0.5), k=5, split=SplitSettings("ratio"))
    rows = {(row["way"], row["weight"]): row for row in found.rows}
    assert len(rows) == 8
    for way in ways:
        metric = rows[way, 0.0]["for"]
        assert rows[way, 0.5][metric] > rows[way, 0.0][metric], way
        assert rows[way, 0.0]["ndcg@5"] == rows["mmr", 0.0]["ndcg@5"], "at 0 nothing is changed"
    html = page(found)
    assert html.count("<svg") == 4
    assert "<script" not in html
    with pytest.raises(InputError, match="setting of lightgcn"):
        weigh(table, "popular", ["popularity_penalty"])
    with pytest.raises(InputError, match="name one with --group"):
        weigh(table, "popular", ["group-share"])


def test_single_items_are_shown_less_unevenly(table: Path) -> None:
    found = weigh(table, "popular", ["item-cap"], weights=(0.0, 0.5, 1.0), k=5, split=SplitSettings("ratio"))
    gini, coverage = ([row[name] for row in found.rows] for name in ("gini@5", "coverage@5"))
    assert gini[0] > gini[1] > gini[2]
    assert coverage[0] < coverage[2]


def test_a_group_gets_the_places_that_are_asked_for(table: Path, tmp_path: Path) -> None:
    frames = load_frames(table, staging=tmp_path / "staged")
    tags = pa.table({"item_id": [f"i{n}" for n in range(20, 40)], "tag": ["rare"] * 20})
    with FramesWriter(tmp_path / "tagged", "shop", "test") as writer:
        writer.add("interactions", frames.table("interactions"))
        writer.add("item_tags", tags)
        tagged = writer.finish()
    ways = ["group-share", "group_penalty"]
    light = {"epochs": 1, "embedding_dim": 4}
    split = SplitSettings("ratio")
    found = weigh(tagged, "lightgcn", ways, weights=(0, 0.75), k=4, split=split, group="tag:rare", settings=light)
    rows = {(row["way"], row["weight"]): row for row in found.rows}
    assert rows["group-share", 0.75]["group@4"] >= 0.75 > rows["group-share", 0]["group@4"]
    assert rows["group_penalty", 0]["group@4"] == rows["group-share", 0]["group@4"]
    assert rows["group_penalty", 0.75]["for"] == "group@4"
    assert "Gap@k" in page(found)
    (period,) = audit_over_time(tagged, ["popular"], Groups(["tag:rare"]), periods=1, k=5)
    assert [row["group"] for row in period.rows] == ["others", "tag:rare"]


def test_groups_are_followed_over_time(table: Path) -> None:
    found = audit_over_time(table, ["popular"], Groups(["item-popularity", "activity"]), periods=3, k=5)
    assert len(found) == 3
    assert [one.end for one in found[:-1]] == [one.start for one in found[1:]]
    assert found[0].n_train < found[1].n_train < found[2].n_train
    for one in found:
        by_popularity = [row for row in one.rows if row["by"] == "item-popularity"]
        assert {row["group"] for row in by_popularity} == {"head", "long tail"}
        gap = next(gap for gap in one.gaps if gap["by"] == "item-popularity")
        assert gap["best"] == "head"
        assert gap["gap"] > 0
        assert gap["is_clear"]


def test_the_commands_say_it(table: Path, tmp_path: Path) -> None:
    run = CliRunner()
    asked = ["fairness", "tradeoff", str(table), "--model", "popular", "--ways", "mmr", "--weights", "0,0.5"]
    said = run.invoke(app, [*asked, "--html", str(tmp_path / "page.html"), "-k", "5"])
    assert said.exit_code == 0, said.output
    assert "mmr" in said.output
    assert (tmp_path / "page.html").is_file()
    asked = ["fairness", "audit", str(table), "--models", "popular", "--by", "activity", "--periods", "2"]
    said = run.invoke(app, [*asked, "--html", str(tmp_path / "audit.html")])
    assert said.exit_code == 0, said.output
    assert "activity" in said.output
    html = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "popular: recall@10 by activity" in html
    assert "<script" not in html
