"""What the files of models hold of a person: vectors, past pairs, lists, the snapshot of a night, checkpoints."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from graphrec.errors import BusyError
from graphrec.models.checkpoint import FILE as CHECKPOINT
from graphrec.serving.lists import empty_lists, list_of
from graphrec.versions.arrays import read_arrays, read_ids
from graphrec.versions.forgetting import files_with, forget_users, missing, places_of, user_rows

PATIENCE_S = 600.0
"""How long a version may take to be published or its lists to be made, before it is given up."""

LISTS = "lists"


class HeldByModels:
    """Files of all versions below HOME/models, of interrupted nights and trainings among them.

    Locks keep others from writing a version meanwhile; who publishes one later leaves out whoever isn't in the graph.
    """

    name = "models"

    def __init__(self, home: Path) -> None:
        self._root = home / "models"

    def count(self, user_id: str) -> Mapping[str, int]:
        """Files that name the user, lists, and checkpoints, which name nobody and may hold everybody."""
        files = files_with(self._root, user_id)
        lists = [path for path in files if path.parent.name == LISTS]
        found = {"files": len(files) - len(lists), "lists": len(lists), "checkpoints": len(self._checkpoints())}
        return {what: n for what, n in found.items() if n}

    def remove(self, user_id: str) -> None:
        """Zeros in place of what is held; the rest of a version stays. BusyError where one is being written."""
        for checkpoint in self._checkpoints():
            checkpoint.unlink(missing_ok=True)
        for model in self._models():
            with ExitStack() as stack:
                self._alone(stack, model)
                _forget(model, {user_id})

    def remove_missing(self, held: Container[str]) -> None:
        """The same for all whom the graph doesn't hold."""
        for model in self._models():
            with ExitStack() as stack:
                self._alone(stack, model)
                _forget(model, missing(model, held))

    def rows(self, user_id: str) -> Iterator[tuple[str, Any]]:
        """What each file holds of the user."""
        for path in files_with(self._root, user_id):
            where = path.relative_to(self._root).as_posix()
            yield where, user_rows(path, user_id)
            if path.parent.name == LISTS:
                yield f"{Path(where).parent}/list", _named_list(path, user_id)

    def _models(self) -> list[Path]:
        return sorted(path for path in self._root.iterdir() if path.is_dir()) if self._root.is_dir() else []

    def _checkpoints(self) -> list[Path]:
        return sorted(self._root.rglob(CHECKPOINT))

    def _alone(self, stack: ExitStack, model: Path) -> None:
        """Hold what a writer of a version or of its lists holds."""
        locks = [model / ".lock", *(path.parent / ".lists.lock" for path in model.glob("*/manifest.json"))]
        try:
            for lock in locks:
                stack.enter_context(FileLock(lock, timeout=PATIENCE_S))
        except Timeout as error:
            raise BusyError(
                f"a version in {model} has been written for more than {PATIENCE_S:.0f} seconds; run the same again "
                "when that has ended"
            ) from error


def _named_list(path: Path, user_id: str) -> list[dict[str, Any]]:
    items = read_ids(read_arrays(path), "item_ids")
    found = list_of(path.parent, places_of(path, {user_id})[0])
    return [{"item_id": items[item], "score": score} for item, score in found]


def _forget(model: Path, gone: AbstractSet[str]) -> None:
    """Lists first, which are known by the ids beside them. Workers have them mapped and see that there is nothing."""
    for path in sorted(model.glob(f"*/{LISTS}/ids.npz")):
        if places := places_of(path, gone):
            empty_lists(path.parent, places)
    forget_users(model, gone)
