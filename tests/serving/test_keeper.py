"""A keeper that is stopped while it begins."""

from __future__ import annotations

import threading
from pathlib import Path

from graphrec.graph import Graph
from graphrec.journal import Journal
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
