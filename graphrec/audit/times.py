"""Times that can't be: before there was a site, after today, or no times at all."""

from __future__ import annotations

from graphrec.audit.flags import Flags, flag
from graphrec.audit.settings import Settings
from graphrec.audit.source import Source


def times(source: Source, settings: Settings) -> Flags:
    """Rows of interactions and tags with a time before `settings.earliest`, in the future, or that is none."""
    latest = source.now + round(settings.slack * 1000)
    parts = [
        f"SELECT '{table}' AS of, row_id, CASE WHEN {column} > {latest} THEN 'in the future: ' ELSE 'impossible: ' END "
        f"|| strftime(make_timestamp({column} * 1000), '%Y-%m-%d %H:%M:%S') AS reason "
        f"FROM {table} WHERE {column} < {settings.earliest} OR {column} > {latest}"
        for table, column in (("interactions", '"at"'), ("interactions", "first_at"), ("tags", '"at"'))
    ]
    parts.append("SELECT 'interactions', row_id, 'stayed for ' || dwell || ' s' FROM interactions WHERE dwell < 0")
    parts.append("SELECT table_name, row_id, reason FROM problems WHERE field = 'at' AND row_id IS NOT NULL")
    return flag(source, "times", "row", " UNION ALL ".join(parts))
