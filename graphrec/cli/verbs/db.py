"""`graphrec db`: the local Neo4j, up, down, status and destroy."""

from __future__ import annotations

import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Annotated, Any

import typer

from graphrec import server
from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, err, progress
from graphrec.server import jars
from graphrec.server.home import Home, State

db = typer.Typer(help="The local Neo4j: start, stop, look, remove.", no_args_is_help=True)
app.add_typer(db, name="db")


@db.command()
def up(
    home: HomeOption = None,
    gds: Annotated[bool, typer.Option("--gds", help="With Graph Data Science.")] = False,
    idle_stop: Annotated[
        float | None, typer.Option("--idle-stop", min=0.01, help="Stop after so many minutes without a connection.")
    ] = None,
) -> None:
    """Start the local Neo4j; it runs until `graphrec db down`, unless --idle-stop says otherwise."""
    place = Home.at(home)
    began = time.monotonic()
    before = place.running()
    with jars_bar() as arrived:
        options = server.StartOptions(started_by="db up", idle_stop=idle_stop, gds=gds)
        state = server.ensure_running(place, options, progress=arrived)
    if before and before.pid == state.pid:
        server.keep_up(place, idle_stop)
        console.print(f"Neo4j {jars.NEO4J_VERSION} runs already at {state.uri}", markup=False)
    else:
        seconds = time.monotonic() - began
        console.print(f"Neo4j {jars.NEO4J_VERSION} is up at {state.uri} ({seconds:.1f} s)", markup=False)


@db.command()
def fetch(gds: Annotated[bool, typer.Option("--gds", help="With Graph Data Science.")] = False) -> None:
    """Fetch Neo4j's jars into the cache, check every byte, and fetch damaged ones again."""
    with jars_bar() as arrived:
        damaged = jars.repair(gds=gds, progress=arrived)
    for jar in damaged:
        console.print(f"{jar.file_name} was damaged; it was fetched again", markup=False)
    console.print(f"{len(jars.wanted(gds=gds))} jars are in {jars.cache_folder()}, checksums right", markup=False)


@db.command()
def browser(
    home: HomeOption = None,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the web browser.")] = True,
) -> None:
    """Serve Neo4j Browser on this machine, to look at the graph and run Cypher, until Ctrl-C."""
    from graphrec.server.browser import serving

    place = Home.at(home)
    with jars_bar() as arrived:
        state = server.ensure_running(place, progress=arrived)
    with jars_bar() as arrived, serving(state, arrived) as address:
        console.print(f"Neo4j Browser: {address}", markup=False)
        console.print("user neo4j; `graphrec db status --show-password` prints the password; Ctrl-C ends", markup=False)
        if open_page:
            webbrowser.open(address)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


@db.command()
def down(home: HomeOption = None) -> None:
    """Stop the local Neo4j cleanly. Data stay."""
    place = Home.at(home)
    stopped = server.down(place)
    console.print(f"Neo4j in {place.root} is stopped" if stopped else f"no Neo4j runs in {place.root}", markup=False)


@db.command()
def destroy(
    home: HomeOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Stop the local Neo4j and remove its data, logs, password and models."""
    place = Home.at(home)
    if not yes:
        typer.confirm(f"Remove everything in {place.root}?", abort=True, err=True)
    gone = server.destroy(place)
    console.print(f"{place.root} is removed" if gone else f"there is nothing in {place.root}", markup=False)


@db.command()
def status(
    home: HomeOption = None,
    show_password: Annotated[
        bool, typer.Option("--show-password", help="Print the password, to sign in with another program.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say whether the local Neo4j runs, where, and how to connect to it. Starts nothing."""
    place = Home.at(home)
    state = place.running()
    if as_json:
        emit_json(_facts(place, state, show_password))
        return
    if state is None:
        console.print(f"no Neo4j runs in {place.root}; start it with `graphrec db up`", markup=False)
        return
    for line in _lines(place, state, show_password):
        console.print(line, markup=False)
    if show_password:
        err.print("keep the password to yourself: it opens the whole graph", markup=False)


@contextmanager
def jars_bar() -> Iterator[jars.Progress]:
    """A progress bar that shows only when jars have to be fetched."""
    with progress() as bar:
        task = bar.add_task("fetching Neo4j's jars", total=None, rate="", visible=False)

        def arrived(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        yield arrived


def _lines(place: Home, state: State, show_password: bool) -> list[str]:
    known = place.credentials()
    idle = "never" if state.idle_stop is None else f"after {state.idle_stop:g} idle minutes"
    return [
        f"Neo4j {jars.NEO4J_VERSION} {'runs' if state.ready else 'is starting'} in {place.root} (process {state.pid})",
        f"started by: {state.started_by}; stops by itself: {idle}",
        f"Graph Data Science: {'yes' if state.gds else 'no'}",
        f"logs: {place.logs}",
        f"connect to: {state.uri} (`graphrec db browser` opens Neo4j Browser)",
        f"user: {known.user}",
        "password: " + (known.password if show_password else "`graphrec db status --show-password` prints it"),
    ]


def _facts(place: Home, state: State | None, show_password: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {"home": place.root, "running": state is not None, "version": jars.NEO4J_VERSION}
    if state:
        facts |= asdict(state) | {"uri": state.uri, "user": place.credentials().user, "logs": place.logs}
        if show_password:
            facts["password"] = place.credentials().password
    return facts
