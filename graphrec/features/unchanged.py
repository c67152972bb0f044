"""Whether anything was written into the graph since its features were: by the number of its last transaction.

Each write moves that number, whoever makes it, so loads, events, changes of the service and statements by hand are all
noticed. What it can't say is what was written: after another write of any kind all is read again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from graphrec.errors import GraphError
from graphrec.graph import Graph
from graphrec.server.home import write_file

FILE = "features.json"


@dataclass(frozen=True)
class Moment:
    """A store, and the number of the last transaction that was written into it."""

    store: str
    transaction: int


@dataclass(frozen=True)
class Written:
    """A run after which all features were those of the graph: when that was, the property that was the price, what else
    the policy of the home said of it, and of how many users and items features were.
    """

    moment: Moment
    price: str
    may_use: bool
    n_users: int
    n_items: int


def moment_of(graph: Graph) -> Moment | None:
    """The moment that it is, None where the server doesn't tell."""
    try:
        rows = graph.read("features/last_transaction", database=graph.database)
    except GraphError:
        return None
    if not rows or rows[0]["transaction"] is None:
        return None
    return Moment(str(rows[0]["store"]), int(rows[0]["transaction"]))


def read_written(home: Path) -> Written | None:
    """The last such run of a home, None where it left nothing that can be read."""
    try:
        found = json.loads((home / FILE).read_text(encoding="utf-8"))
        return Written(**{**found, "moment": Moment(**found["moment"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def keep_written(home: Path, written: Written) -> None:
    """Remember a run for the next one."""
    write_file(home / FILE, json.dumps(asdict(written)))
