"""Frames: a checked data set, staged on disk between a loader and whatever reads it.

A loader adds tables in pieces of any size; `finish` removes duplicate rows and closes the set. Memory stays
bounded by the piece and the number of different ids, however long the input is, and nothing is written to a graph
before the last line has been checked.

Tables (all ids are strings that came through `graphrec.ids`; `at` is epoch milliseconds, UTC; missing is null):

    users         user_id, and any other attribute                            one row a user
    items         item_id, title?, and any other attribute                    one row an item
    interactions  user_id, item_id, kind, count?, weight?, rating?, at?       one row an event
    valid, test   as interactions: the fixed parts of a data set that has them; never loaded into a graph
    item_tags     item_id, tag, weight?
    taggings      user_id, item_id, tag, at?
    follows       user_id, followee_id

and, made from the interactions,

    sums          user_id, item_id, kind, count, weight, rating, first_at, last_at    one row a user, item and kind
"""

from graphrec.frames.tables import (
    ID_COLUMNS,
    MEMORY_LIMIT,
    OPEN_TABLES,
    SCHEMAS,
    Frames,
    open_database,
    read_manifest,
    write_manifest,
)
from graphrec.frames.writer import FramesWriter

__all__ = [
    "ID_COLUMNS",
    "MEMORY_LIMIT",
    "OPEN_TABLES",
    "SCHEMAS",
    "Frames",
    "FramesWriter",
    "open_database",
    "read_manifest",
    "write_manifest",
]
