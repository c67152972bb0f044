"""Interactions that nobody meant: left at once, or undone at once."""

from __future__ import annotations

from graphrec.audit.flags import Flags, flag
from graphrec.audit.settings import Settings
from graphrec.audit.source import Source

UNDOING = "^(un|undo|remove|delete|cancel|return|refund|dislike)"
"""How kinds begin that take something back."""
GENUINE = 0.2
"""Where people stay shorter in general, an accident is so much of the median."""


def accidents(source: Source, settings: Settings) -> Flags:
    """Events with a dwell below `settings.accident_dwell`, and those taken back within `settings.undo_within` seconds.

    Both are flagged: what was done, and what took it back. A skip is short on purpose and no accident.
    """
    median = source.value("SELECT median(dwell) FROM events WHERE dwell >= 0") if source.holds("events", "dwell") else 0
    shortest = min(settings.accident_dwell, GENUINE * (median or 0.0))
    within = round(settings.undo_within * 1000)
    source.db.execute(
        "CREATE OR REPLACE TABLE undone AS SELECT row_id, undoing, seconds FROM ("
        'SELECT row_id, kind, lead(row_id) OVER w AS undoing, lead(kind) OVER w AS after, (lead("at") OVER w - "at") '
        f"/ 1000.0 AS seconds FROM events WHERE {_undone_users()} "
        'WINDOW w AS (PARTITION BY user_id, item_id ORDER BY "at", row_id)) '
        f"WHERE after <> kind AND regexp_matches(after, '{UNDOING}') AND NOT regexp_matches(kind, '{UNDOING}') "
        f"AND seconds * 1000 <= {within}"
    )
    table = "events" if source.origin == "graph" else "interactions"
    return flag(
        source,
        "accidents",
        "row",
        f"SELECT '{table}' AS of, row_id, 'stayed for ' || round(dwell, 3) || ' s' AS reason FROM events "
        f"WHERE dwell >= 0 AND dwell < {float(shortest)} AND NOT regexp_matches(kind, '^(skip|{UNDOING[2:]}') "
        f"UNION ALL SELECT '{table}', row_id, 'undone after ' || seconds || ' s' FROM undone "
        f"UNION ALL SELECT '{table}', undoing, 'took back what was done ' || seconds || ' s before' FROM undone",
    )


def _undone_users() -> str:
    """Only who ever took something back is looked at in order."""
    return (
        '"at" IS NOT NULL AND user_id IN '
        f"(SELECT user_id FROM events WHERE regexp_matches(kind, '{UNDOING}') AND user_id IS NOT NULL)"
    )
