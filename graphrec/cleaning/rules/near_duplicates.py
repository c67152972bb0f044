"""Items and tags that stand there twice, written in two ways, made one: by a person's decisions, else by likeness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Field

from graphrec.audit.spelling import near_tags, near_titles
from graphrec.cleaning.desk import Desk, Done
from graphrec.cleaning.review import Pair, read_review, write_review
from graphrec.cleaning.rule import Rule, Switch
from graphrec.cleaning.rules.found import Detector

DETECTORS: Mapping[str, Detector] = {"items": near_titles, "tags": near_tags}


class NearDuplicates(Switch):
    """`of`: items, tags or both. `merge_from`: pairs at least so alike (0 to 100) are merged where nobody decided; 100
    is the same but for case, accents, articles and signs, and 101 merges nothing by itself."""

    of: Annotated[tuple[Literal["items", "tags"], ...], Field(strict=False)]
    merge_from: Annotated[float, Field(ge=50, le=101)]


def near_duplicates(desk: Desk, said: NearDuplicates) -> Done:
    """All pairs go to the review file with what was decided; those that merge become the one in more use."""
    decided = read_review(desk.review)
    found = [pair for of, detect in DETECTORS.items() if of in said.of for pair in _pairs(desk, detect)]
    pairs = {pair.key: pair.proposed(said.merge_from) for pair in found}
    pairs |= {pair.key: pair for pair in decided}  # what a person said holds, also the other way round, also of others
    write_review(desk.review, pairs.values())
    merged = [pair for pair in pairs.values() if pair.decision == "merge"]
    rejected, changed = 0, 0
    for of, merge in (("items", _merge_items), ("tags", _merge_tags)):
        into = roots((pair.keep, pair.merge) for pair in merged if pair.of == of)
        if into:
            _settle(desk, into)
            done = merge(desk)
            rejected, changed = rejected + done.rejected, changed + done.changed
    desk.changed()
    waiting = sum(pair.decision == "ask" for pair in pairs.values())
    return Done(rejected, changed, f"{len(merged)} pairs merged, {waiting} wait for a decision in {desk.review.name}")


def roots(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What each merged one becomes: chains end at one, whatever the order, and nothing becomes itself."""
    parents: dict[str, str] = {}

    def root(one: str) -> str:
        while one in parents:
            one = parents[one]
        return one

    for keep, merge in sorted(pairs):
        kept, merged = root(keep), root(merge)
        if kept != merged:
            parents[merged] = kept
    return {one: root(one) for one in parents}


def _pairs(desk: Desk, detect: Detector) -> list[Pair]:
    flags = detect(desk.source, desk.settings)
    rows = desk.source.rows(
        f"SELECT of, left_id, right_id, score, reason FROM {flags.table} ORDER BY of, left_id, right_id"
    )
    return [Pair("", of, left, right, round(score, 2), reason) for of, left, right, score, reason in rows]


def _settle(desk: Desk, into: dict[str, str]) -> None:
    desk.source.db.execute("CREATE OR REPLACE TEMP TABLE merged (gone VARCHAR, kept VARCHAR)")
    desk.source.db.executemany("INSERT INTO merged VALUES (?, ?)", sorted(into.items()))


def _merge_items(desk: Desk) -> Done:
    changed = sum(_renamed(desk, table, "item_id") for table in ("interactions", "tags"))
    rejected = desk.reject(
        "near_duplicates",
        "items",
        "SELECT row_id, 'merged into the item ' || kept AS reason FROM items JOIN merged ON item_id = gone",
    )
    return Done(rejected, changed)


def _merge_tags(desk: Desk) -> Done:
    return Done(changed=_renamed(desk, "tags", "tag"))


def _renamed(desk: Desk, table: str, column: str) -> int:
    n_rows = desk.source.value(f"SELECT count(*) FROM {table} JOIN merged ON {column} = gone")
    desk.source.db.execute(f"UPDATE {table} SET {column} = merged.kept FROM merged WHERE {column} = merged.gone")
    return int(n_rows)


RULE = Rule("near_duplicates", NearDuplicates, near_duplicates)
