"""Everything that is held about a person, as JSON, written as it is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from graphrec.holdings.forget import opened
from graphrec.holdings.places import Place, places_of
from graphrec.holdings.receipt import now
from graphrec.privacy.entry import entry_of


def export(home: Path | None, user_id: str, out: TextIO) -> int:
    """How many things are held about a person. They are written as one JSON object: by place, a list of them.

    Each is an object with `what` it is and what it `holds`. Memory: a page of the graph, or what one file holds.
    """
    n_things = 0
    with opened(home) as (graph, journal):
        user_id = entry_of(graph.home).user(user_id)
        write = _Writer(out)
        write.head(user_id)
        for place in places_of(graph, journal):
            n_things += write.place(place, user_id)
        write.end()
    return n_things


class _Writer:
    """JSON piece by piece."""

    def __init__(self, out: TextIO) -> None:
        self._write: Callable[[str], Any] = out.write
        self._comma = ""

    def head(self, user_id: str) -> None:
        self._write(f'{{\n"user_id": {_json(user_id)},\n"exported_at": {_json(now())},\n"places": {{')

    def place(self, place: Place, user_id: str) -> int:
        self._write(f"{self._comma}\n{_json(place.name)}: [")
        n = 0
        for what, holds in place.rows(user_id):
            self._write(("," if n else "") + "\n" + _json({"what": what, "holds": holds}))
            n += 1
        self._write("]")
        self._comma = ","
        return n

    def end(self) -> None:
        self._write("\n}\n}\n")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=_plain)


def _plain(value: Any) -> Any:
    """Times and points of the graph as text."""
    return value.iso_format() if hasattr(value, "iso_format") else str(value)
