"""Neo4j's own bulk importer, in a process of its own: `run(home, ["--nodes=User=users.csv", …])`.

Use it inside `lifecycle.stopped(home)`: it needs the store for itself.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
from filelock import FileLock

from graphrec.errors import ServerError
from graphrec.server import jars, jvm, settings
from graphrec.server.home import Home, write_file
from graphrec.server.memory import Memory, for_import

_OFF_HEAP = 1024
"""MiB for the importer's own tables, beside its heap."""

_COMMAND = "org.neo4j.importer.ImportCommand$Full"


def run(home: Home, arguments: Sequence[str], *, memory: Memory | None = None) -> str:
    """Import into the `neo4j` database of this home and return what the importer wrote.

    `arguments` are those of `neo4j-admin database import full` without the database's name. A store that exists
    needs `--overwrite-destination`, else it is left as it is. ServerError with the importer's last lines when it
    fails. After a failure, or a kill in the middle, the next start finds an empty database: never half an import.
    """
    memory = memory or for_import()
    home.make()
    home.finish_renewal()
    home.drop_unfinished_import()
    if not home.store_is_empty() and "--overwrite-destination" not in arguments:
        raise ServerError(f"the store in {home.root} has a database already; it was left as it is")
    jars.ensure()
    home.unfinished_import_file.touch()
    output = _run(home, [f"--max-off-heap-memory={_OFF_HEAP}m", *arguments], memory)
    home.unfinished_import_file.unlink()
    return output


def _run(home: Home, arguments: Sequence[str], memory: Memory) -> str:
    settings.write(home, 0, memory, gds=False)
    told = home.neo4j / "import.arguments"
    write_file(told, "\n".join(arguments), mode=0o600)
    command = [sys.executable, "-m", "graphrec.server.importer", str(home.root), f"--heap={memory.heap}"]
    command.append(f"--guard={os.getpid()}")
    try:
        done = subprocess.run(
            command,
            cwd=home.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    finally:
        told.unlink(missing_ok=True)
    output = done.stdout.decode(errors="replace")
    if done.returncode:
        home.drop_unfinished_import()
        tail = "\n".join(f"  {line}" for line in output.splitlines()[-20:])
        raise ServerError(f"Neo4j's importer failed (status {done.returncode}) in {home.root}; it said:\n{tail}")
    return output


def _end_with(pid: int) -> None:
    """End this process when the command that started it is gone, so that it never writes into a later import."""
    while psutil.pid_exists(pid):
        time.sleep(0.1)
    os._exit(1)


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("--heap", type=int, required=True)
    parser.add_argument("--guard", type=int, required=True)
    given = parser.parse_args()
    threading.Thread(target=_end_with, args=(given.guard,), daemon=True).start()
    home = Home(given.home)
    with FileLock(home.running_lock, timeout=10):  # no server, and no importer that has yet to end
        status = _import(home, given.heap)
    os._exit(status)


def _import(home: Home, heap: int) -> int:
    arguments = (home.neo4j / "import.arguments").read_text(encoding="utf-8").split("\n")
    jpype = jvm.start(jars.ensure(), Memory(min(256, heap), heap, 0), home.logs)
    files = jpype.java.nio.file.Path
    context = jpype.JClass("org.neo4j.cli.ExecutionContext")(files.of(str(home.neo4j)), files.of(str(home.conf.parent)))
    command = jpype.JClass("picocli.CommandLine")(jpype.JClass(_COMMAND)(context))
    status = command.execute(jpype.JString[:]([*arguments, "--", "neo4j"]))
    jpype.java.lang.System.out.flush()
    return int(status)


if __name__ == "__main__":
    _main()
