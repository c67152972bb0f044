"""Models loaded once from the files of their live versions, and kept while these are live and unchanged.

Files are looked at whenever a model is asked for: who is forgotten is taken out of them in place.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from graphrec.errors import ModelError
from graphrec.graph import Graph
from graphrec.models import load_model
from graphrec.models.base import ScoringModel
from graphrec.versions import current
from graphrec.versions.files import checked_folder

Stamp = tuple[object, ...]


@dataclass(frozen=True)
class _Kept:
    stamp: Stamp
    model: ScoringModel


_KEPT: dict[tuple[Path, str], _Kept] = {}
_LOADING: defaultdict[tuple[Path, str], threading.Lock] = defaultdict(threading.Lock)


def kept_model(graph: Graph, name: str) -> ScoringModel:
    """The live version of a model, from this process's memory where it was loaded before.

    ModelError where none is live, or where its files aren't in this home. Cost: a query and a look at a few files.
    """
    live = current(graph, name)
    if live is None:
        raise ModelError(f"there is no version of {name} yet; train it with `graphrec train --model {name}`")
    folder = checked_folder(graph, live) / "model"
    place = graph.home, name
    with _LOADING[place]:
        stamp = (live.graph_id, live.version, *_looks(folder))
        kept = _KEPT.get(place)
        if kept is None or kept.stamp != stamp:
            kept = _KEPT[place] = _Kept(stamp, cast(ScoringModel, load_model(name, folder)))
    return kept.model


def _looks(folder: Path) -> list[tuple[str, int, int]]:
    """What changes when a file is replaced."""
    found = [(path, path.stat()) for path in sorted(folder.rglob("*")) if path.is_file()]
    return [(path.name, status.st_mtime_ns, status.st_ino) for path, status in found]
