"""Neo4j inside this process: the JVM, the settings, the password, start and stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graphrec.server import jars, jvm, settings
from graphrec.server.home import Home
from graphrec.server.memory import Memory


@dataclass(frozen=True)
class Engine:
    """A running Neo4j: its management service, and the jars that it runs on."""

    service: Any
    jars: Sequence[Path]

    def stop(self) -> None:
        """Stop every database cleanly."""
        self.service.shutdown()

    def record(self) -> None:
        """After the stop: end the JVM where it still has an archive to write. It takes ten seconds, once."""
        jvm.stop(self.jars)


def start(home: Home, port: int, memory: Memory, *, gds: bool) -> Engine:
    """Start Neo4j on 127.0.0.1 with the home's own password. Java's exceptions come through."""
    paths = jars.ensure(gds=gds)
    settings.write(home, port, memory, gds=gds)
    settings.fill_plugins(home, settings.gds_procedure_jars(paths) if gds else [])
    jpype = jvm.start(paths, memory, home.logs, record=True)
    first = not (home.neo4j / "data" / "databases" / "system").is_dir()
    known = home.credentials()
    if first:
        _set_first_password(jpype, home)
    files = jpype.java.nio.file.Path
    builder = jpype.JClass("org.neo4j.dbms.api.DatabaseManagementServiceBuilder")(files.of(str(home.neo4j)))
    service = builder.loadPropertiesFromFile(files.of(str(home.conf))).build()
    if not first and not known.in_store:
        _set_password(jpype, service, known.password)
    home.keep_credentials(replace(known, in_store=True))
    return Engine(service, paths)


def explain(error: BaseException) -> str:
    """The causes of an error, Java's or Python's, outermost first, each once."""
    lines: list[str] = []
    cause: Any = error
    while cause is not None and len(lines) < 12:
        line = str(cause.toString()) if hasattr(cause, "getCause") else f"{type(cause).__name__}: {cause}"
        if line not in lines:
            lines.append(line)
        cause = cause.getCause() if hasattr(cause, "getCause") else cause.__cause__
    return "\n".join(lines)


def _set_first_password(jpype: Any, home: Home) -> None:
    """Before the first start, so that the well-known password never works, not even for a second."""
    files = jpype.java.nio.file.Path
    context = jpype.JClass("org.neo4j.cli.ExecutionContext")(files.of(str(home.neo4j)), files.of(str(home.conf.parent)))
    command = jpype.JClass("org.neo4j.commandline.admin.security.SetInitialPasswordCommand")(context)
    status = jpype.JClass("picocli.CommandLine")(command).execute(jpype.JString[:](["--", home.credentials().password]))
    if status:
        raise RuntimeError(f"Neo4j refused the generated password (status {status})")


def _set_password(jpype: Any, service: Any, password: str) -> None:
    parameters = jpype.java.util.HashMap()
    parameters.put("password", password)
    service.database("system").executeTransactionally(
        "ALTER USER neo4j SET PASSWORD $password CHANGE NOT REQUIRED", parameters
    )
