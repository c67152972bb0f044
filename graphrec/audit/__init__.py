"""Audits: what is wrong with data, before they are loaded and in the graph.

A source is raw rows as DuckDB tables, out of files (`open_path`) or out of a graph (`open_graph`). Detectors are
functions from a source to Flags: a table of flagged rows, users, items or pairs, each with a reason.
"""

from graphrec.audit.detectors import DETECTORS
from graphrec.audit.files import open_path
from graphrec.audit.flags import Flags
from graphrec.audit.graphs import open_graph
from graphrec.audit.settings import Settings
from graphrec.audit.source import Source

__all__ = ["DETECTORS", "Flags", "Settings", "Source", "open_graph", "open_path"]
