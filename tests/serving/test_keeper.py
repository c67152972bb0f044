"""A keeper that begins: what is told with the first state, and that it can be stopped meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from graphrec.graph import Graph
from graphrec.journal import Journal
from graphrec.serving import keeper as module
from graphrec.serving.keeper import Keeper


def test_it_can_be_stopped_at_any_moment_of_its_beginning(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal, Graph("bolt://127.0.0.1:9", "none", "none", home=tmp_path) as graph:
        for _ in range(50):
            keeper = Keeper(graph, journal)
            beginning = threading.Thread(target=keeper.__enter__)
            beginning.start()
            while beginning.is_alive():
                keeper.stop(0)
            assert keeper.stop()


def test_whoever_sees_the_first_state_is_told_no_trouble(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The collector of garbage runs after the state is there, and takes long enough for a request."""
    told: list[tuple[bool, str | None]] = []
    with Journal(tmp_path / "journal") as journal:
        keeper = Keeper(graph, journal)
        monkeypatch.setattr(module, "_settle", lambda: told.append((keeper.state is not None, keeper.trouble)))
        keeper.reload()
    assert told == [(True, None)]
