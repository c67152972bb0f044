"""All versions of every model but the live one dropped, from the graph and from the home."""

from __future__ import annotations

import shutil
from pathlib import Path

from filelock import FileLock, Timeout

from graphrec.errors import BusyError
from graphrec.graph import Graph
from graphrec.versions.files import model_folder, version_folder
from graphrec.versions.pointer import all_versions, current
from graphrec.versions.similar import write_similar
from graphrec.versions.version import SLOTS, is_name, slot_index, slot_property

PATIENCE_S = 600.0


def keep_live_only(graph: Graph) -> int:
    """How many versions were dropped. What the idle slots hold goes too, so that nothing can be rolled back to.

    BusyError where a version is being written for more than ten minutes.
    """
    names = {version.name for version, _ in all_versions(graph)}
    root = graph.home / "models"
    names |= {path.name for path in root.iterdir() if path.is_dir() and is_name(path.name)} if root.is_dir() else set()
    return sum(_keep_live(graph, name) for name in sorted(names))


def _keep_live(graph: Graph, name: str) -> int:
    folder = model_folder(graph.home, name)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=PATIENCE_S):
            live = current(graph, name)
            for slot in SLOTS:
                if live is None or slot != live.slot:
                    _empty(graph, name, slot)
            dropped = graph.write("model/drop_others", model=name, version=live.version if live else 0)[0]["dropped"]
            _remove_others(folder, version_folder(graph.home, name, live.version) if live else None)
    except Timeout:
        raise BusyError(f"a version of {name} is being written in {folder}; run again when that has ended") from None
    return int(dropped)


def _empty(graph: Graph, name: str, slot: str) -> None:
    graph.run("model/drop_index", {"index": slot_index(name, slot)})
    for label in ("user", "item"):
        graph.run(f"model/clear_{label}", property=slot_property(name, slot))
    write_similar(graph, name, slot, None)


def _remove_others(folder: Path, live: Path | None) -> None:
    """Folders of versions, and what killed runs left: unfinished versions and checkpoints."""
    for other in folder.iterdir():
        is_old = other.name.isdigit() and other != live
        if is_old or other.name == ".checkpoint" or (other.name.startswith(".") and other.name.endswith(".part")):
            shutil.rmtree(other, ignore_errors=True)
