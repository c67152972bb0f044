"""People who give everything the same rating."""

from __future__ import annotations

from graphrec.audit.flags import Flags, flag
from graphrec.audit.settings import Settings
from graphrec.audit.source import Source


def constant_raters(source: Source, settings: Settings) -> Flags:
    """Users with `settings.constant_ratings` ratings or more that are all the same, where others differ."""
    n = settings.constant_ratings
    return flag(
        source,
        "constant_raters",
        "user",
        "SELECT 'users' AS of, user_id, count(*)::DOUBLE AS score, "
        "'gave ' || printf('%g', min(rating)) || ' to all of ' || count(*) || ' items' AS reason "
        "FROM interactions WHERE rating IS NOT NULL AND user_id IS NOT NULL "
        "AND (SELECT count(DISTINCT rating) > 1 FROM interactions) "
        f"GROUP BY user_id HAVING count(*) >= {int(n)} AND min(rating) = max(rating)",
    )
