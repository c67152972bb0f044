"""Items and users as one row an id: files may tell one thing each."""

from __future__ import annotations

from graphrec.audit import Source
from graphrec.audit.source import quote

PLACE = ("row_id", "file", "line")


def fold(source: Source, table: str) -> None:
    """Make one row of those of an id, as a load does: of each column the value that came last.

    Rows without an id are left out. Again, it changes nothing.
    """
    key = f"{table[:-1]}_id"
    if not source.value(f"SELECT count(*) > count(DISTINCT {key}) FROM {table}"):
        return
    names = [name for name in source.columns(table) if name not in (*PLACE, key)]
    last = "".join(f", arg_max({quote(name)}, row_id) AS {quote(name)}" for name in names)
    source.db.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT min(row_id) AS row_id, arg_min(file, row_id) AS file, "
        f'arg_min("line", row_id) AS "line", {key}{last} FROM {table} WHERE {key} IS NOT NULL GROUP BY {key}'
    )
