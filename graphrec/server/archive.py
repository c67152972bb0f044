"""A class-data archive: Neo4j's classes as the JVM holds them, so that the next server starts in half the time.

The first server that stops cleanly writes it, once, when it has let go of its home; nobody waits for it. It lies
beside the jars, for these very jars and this Java. The JVM checks it and goes on without it when anything doesn't fit.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graphrec.server import jars

_ROOM = 400 << 20
_SECONDS = 60


@dataclass(frozen=True)
class Archive:
    """Two files: the JDK's own classes, and over them those that a server uses."""

    base: Path
    top: Path

    @classmethod
    def of(cls, java: Path, paths: Sequence[Path]) -> Archive:
        """The archive for this JVM library and these jars, whether it exists or not."""
        marks = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in (java, *paths)]
        key = hashlib.sha256("\n".join(marks).encode()).hexdigest()[:16]
        folder = jars.cache_folder().parent / "archives"
        return cls(folder / f"{key}.base.jsa", folder / f"{key}.top.jsa")

    def options_to_read(self) -> list[str]:
        """The JVM's options to start with it, none while it isn't there."""
        if not (self.base.is_file() and self.top.is_file()):
            return []
        return [f"-XX:SharedArchiveFile={self.base}{os.pathsep}{self.top}"]

    def options_to_write(self, java: Path, options: Sequence[str]) -> list[str]:
        """The JVM's options to write `part` at its end; none when it can't be written. Takes two seconds."""
        try:
            self.base.parent.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self.base.parent).free < _ROOM or not self._make_base(java, options):
                return []
        except (OSError, subprocess.SubprocessError):
            return []
        return [f"-XX:SharedArchiveFile={self.base}", f"-XX:ArchiveClassesAtExit={self.part}"]

    @property
    def part(self) -> Path:
        """What this process writes, before it is whole."""
        return self.top.with_suffix(f".{os.getpid()}.part")

    def keep(self) -> None:
        """Take what was written into use, in one step."""
        if self.part.is_file():
            self.part.replace(self.top)

    def _make_base(self, java: Path, options: Sequence[str]) -> bool:
        if self.base.is_file():
            return True
        part = self.base.with_suffix(f".{os.getpid()}.part")
        command = [str(java), *options, "-Xlog:disable", "-Xshare:dump", f"-XX:SharedArchiveFile={part}"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False)
        if done.returncode == 0 and part.is_file():
            part.replace(self.base)
        return self.base.is_file()


def forget_all() -> bool:
    """Remove every archive; False if there was none. A JVM that dies of a broken one starts then without it."""
    folder = jars.cache_folder().parent / "archives"
    there = folder.is_dir()
    shutil.rmtree(folder, ignore_errors=True)
    return there
