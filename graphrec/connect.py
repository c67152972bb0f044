"""The graph to work on: the one that NEO4J_URI names, else the local server's, started if it isn't running."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from graphrec import server
from graphrec.errors import ServerError
from graphrec.graph import Graph
from graphrec.server.home import Home
from graphrec.server.jars import Progress


def connect(
    home: Path | None = None, *, start: bool = True, gds: bool = False, progress: Progress | None = None
) -> Graph:
    """An open Graph; close it, or use it in a `with`.

    NEO4J_URI, NEO4J_USER (neo4j), NEO4J_PASSWORD and NEO4J_DATABASE (neo4j) name another server. ServerError
    when the local one can't be started, or doesn't run and `start` is False. The first start fetches about
    150 MB of jars; `progress` is told how many have arrived.
    """
    place = Home.at(home)
    uri = os.environ.get("NEO4J_URI")
    if uri:
        return _remote(uri, place)
    options = server.StartOptions(gds=gds)
    state = server.ensure_running(place, options, progress=progress) if start else place.running()
    if state is None or not state.ready:
        raise ServerError(f"no local Neo4j runs in {place.root}; start it with `graphrec db up`")
    return local(place, state)


def local(home: Home, state: server.State) -> Graph:
    """The Graph of a local server that runs."""
    known = home.credentials()
    return Graph(state.uri, known.user, known.password, home=home.root)


@contextmanager
def throwaway(*, gds: bool = False) -> Iterator[Graph]:
    """A Graph on a small server of its own, gone afterwards, whatever NEO4J_URI says."""
    with server.throwaway(gds=gds) as home:
        state = server.ensure_running(home)
        with local(home, state) as graph:
            yield graph


def environment_of(graph: Graph) -> dict[str, str]:
    """This process's environment, in which a process that it starts finds the same home and graph by `connect`."""
    found = {**os.environ, "GRAPHREC_HOME": str(graph.home), "NEO4J_DATABASE": graph.database}
    if "NEO4J_URI" not in os.environ:
        known = Home.at(graph.home).credentials()
        found |= {"NEO4J_URI": graph.uri, "NEO4J_USER": known.user, "NEO4J_PASSWORD": known.password}
    return found


def _remote(uri: str, home: Home) -> Graph:
    user = os.environ.get("NEO4J_USER", "neo4j")
    database = os.environ.get("NEO4J_DATABASE", "neo4j")
    password = os.environ.get("NEO4J_PASSWORD")
    if password is None:
        raise ServerError(
            f"NEO4J_URI names {uri}, but NEO4J_PASSWORD isn't set; set it, or unset NEO4J_URI to use the local server"
        )
    return Graph(uri, user, password, database=database, home=home.root)


class _Callable(ModuleType):
    """Lets `graphrec.connect` be both this module and its function, so that `graphrec.connect()` works."""

    def __call__(self, home: Path | None = None, **more: Any) -> Graph:
        return connect(home, **more)


sys.modules[__name__].__class__ = _Callable
