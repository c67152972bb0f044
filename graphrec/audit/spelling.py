"""Titles and tags that stand there twice, written in two ways."""

from __future__ import annotations

import pyarrow as pa

from graphrec.audit.flags import Flags, flag
from graphrec.audit.settings import Settings
from graphrec.audit.source import Source
from graphrec.audit.wording import Near, near, wording


def near_titles(source: Source, settings: Settings) -> Flags:
    """Pairs of items whose titles say the same, of the same year where one is known; the more popular one is left."""
    year = "max(year::VARCHAR)" if "year" in source.columns("items") else "NULL"
    rows = source.rows(
        f"SELECT item_id, max(title), {year}, coalesce(max(n), 0) FROM items "
        "LEFT JOIN (SELECT item_id, count(*) AS n FROM interactions GROUP BY item_id) USING (item_id) "
        "WHERE title IS NOT NULL AND item_id IS NOT NULL GROUP BY item_id ORDER BY item_id"
    )
    return _keep(source, "near_titles", "items", near([wording(*row) for row in rows], settings.near_score, names=True))


def near_tags(source: Source, settings: Settings) -> Flags:
    """Pairs of tags that say the same; the one in more use is left."""
    rows = source.rows("SELECT tag, count(*) FROM tags WHERE tag IS NOT NULL GROUP BY tag ORDER BY tag")
    return _keep(
        source, "near_tags", "tags", near([wording(tag, tag, None, n) for tag, n in rows], settings.near_score)
    )


def _keep(source: Source, check: str, of: str, pairs: list[Near]) -> Flags:
    columns = {
        "left_id": pa.array([one.left.key for one in pairs], pa.string()),
        "right_id": pa.array([one.right.key for one in pairs], pa.string()),
        "score": pa.array([one.score for one in pairs], pa.float64()),
        "reason": pa.array([f"{one.left.text!r} and {one.right.text!r}: {one.reason}" for one in pairs], pa.string()),
    }
    source.db.register("near_pairs", pa.table(columns))
    flags = flag(source, check, "pair", f"SELECT '{of}' AS of, left_id, right_id, score, reason FROM near_pairs")
    source.db.unregister("near_pairs")
    return flags
