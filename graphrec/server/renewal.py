"""A new store beside the old one, put in its place in a way that can be cut off anywhere: one of the two stands whole.

HOME/renewed/     the new store while it is made, a home of its own
HOME/renewing     lies there from the moment on in which the new one is whole, until it is in its place
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from graphrec.server import lifecycle
from graphrec.server.home import PRIVATE, Home, State, write_file
from graphrec.server.launch import StartOptions, free_port, launch, this_process


@contextmanager
def renewal(home: Home) -> Iterator[Home]:
    """The home of the new store, to be filled inside; at the end it takes the old one's place.

    No server runs on the home meanwhile and none can start, but for `privately`; what ran before runs again afterwards,
    at the same port. Where the block raises or is killed, the old store stays and the new one goes.
    """
    with lifecycle.stopped(home):
        home.finish_renewal()
        shutil.rmtree(home.renewed, ignore_errors=True)
        beside = Home(home.renewed)
        beside.make()
        beside.keep_credentials(replace(home.credentials(), in_store=False))
        try:
            yield beside
            _commit(home)
        finally:
            if not home.renewing_file.exists():
                shutil.rmtree(home.renewed, ignore_errors=True)
        home.finish_renewal()
        remove_logs(home)


@contextmanager
def privately(home: Home, like: StartOptions | None = None) -> Iterator[State]:
    """A server on a home, at a port that nobody knows, so that nobody else writes; it goes with this process.

    Call it where no other can start: within `renewal`.
    """
    options = replace(like or StartOptions(), started_by=PRIVATE, idle_stop=None, guard=this_process(), remove=False)
    state = launch(home, options, port=free_port())
    try:
        yield state
    finally:
        lifecycle.stop_server(home, state)


def remove_logs(home: Home) -> None:
    """Remove every log of Neo4j in the home, and what its importer reported. No server may run."""
    shutil.rmtree(home.logs, ignore_errors=True)
    for report in (*home.root.glob("import.report*"), *home.neo4j.glob("import.report*")):
        report.unlink(missing_ok=True)
    home.make()


def _commit(home: Home) -> None:
    """From here on the new store is the one."""
    if hasattr(os, "sync"):
        os.sync()
    write_file(home.renewing_file, "")
