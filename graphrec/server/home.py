"""A home: the folder of one local Neo4j, its store, password, logs and models.

HOME/neo4j/          Neo4j's own folder: conf, data, run, import
HOME/logs/           server.log (the process) and Neo4j's debug.log and security.log
HOME/credentials     the generated user and password, readable by its owner alone
HOME/server.json     what runs: process, port, who started it, when it stops by itself
HOME/models/         files of model versions
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs
import psutil

from graphrec.errors import ServerError

MIN_FREE = 200 << 20
"""Bytes that must be free before a server starts: a new store takes about 5 MB, its log grows from there."""

PRIVATE = "renewal"
"""Who started a server whose port nobody is to remember."""

ALREADY_RUNNING = 3
"""Exit status: another process runs the server of this home."""

FAILED = 4
"""Exit status: Neo4j didn't start; one JSON line on standard output says why."""


@dataclass(frozen=True)
class Credentials:
    """The user and password of a local server. `in_store`: whether the store has taken them already."""

    user: str
    password: str
    in_store: bool = False


@dataclass(frozen=True)
class State:
    """What is known of a server's process. `ready` is False while it is starting or stopping.

    `started_at` is the process's creation time as psutil gives it: with the pid it names one process for ever.
    `memory` is the initial heap, the heap and the page cache in MiB. `guard` is a process (`pid:created`) without
    which the server stops; with `remove` its home goes then too.
    """

    pid: int
    started_at: float
    port: int
    ready: bool
    started_by: str
    idle_stop: float | None
    gds: bool
    memory: Sequence[int]
    guard: str | None
    remove: bool

    @property
    def uri(self) -> str:
        """Where drivers connect."""
        return f"bolt://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Home:
    """The paths of one home, and the small files in it."""

    root: Path

    @classmethod
    def at(cls, root: Path | None = None) -> Home:
        """The home at a folder; without one GRAPHREC_HOME, else the user's data directory."""
        if root is None:
            moved = os.environ.get("GRAPHREC_HOME")
            root = Path(moved) if moved else platformdirs.user_data_path("graphrec", appauthor=False)
        return cls(Path(root).expanduser().resolve())

    @property
    def neo4j(self) -> Path:
        """Neo4j's own folder."""
        return self.root / "neo4j"

    @property
    def conf(self) -> Path:
        """The settings that the server and the importer read."""
        return self.neo4j / "conf" / "neo4j.conf"

    @property
    def logs(self) -> Path:
        """Every log of this home."""
        return self.neo4j / "logs"

    @property
    def log(self) -> Path:
        """What the server's process wrote, kept from start to start."""
        return self.logs / "server.log"

    @property
    def state_file(self) -> Path:
        """The file that says what runs."""
        return self.root / "server.json"

    @property
    def credentials_file(self) -> Path:
        """The file with the password, mode 0600."""
        return self.root / "credentials"

    @property
    def running_lock(self) -> Path:
        """Locked by the server's process for as long as it lives."""
        return self.root / "running.lock"

    @property
    def stop_file(self) -> Path:
        """Its appearance asks the server to stop."""
        return self.root / "stop"

    @property
    def used_file(self) -> Path:
        """Touched by every command that is about to connect, so that the server doesn't stop in that moment."""
        return self.root / "used"

    def exists(self) -> bool:
        """Whether a server was ever started here."""
        return self.neo4j.is_dir()

    def looks_like_one(self) -> bool:
        """Whether the folder was made by graphrec, so that it may be removed."""
        return self.neo4j.is_dir() or self.credentials_file.is_file() or (self.root / "models").is_dir()

    def make(self) -> None:
        """Make the folders. ServerError if the disk is full or read-only."""
        try:
            for folder in (self.neo4j / "conf", self.neo4j / "import", self.neo4j / "plugins", self.logs):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self.root, error) from error
        self.check_writable()

    def check_writable(self) -> None:
        """ServerError if the disk is full or read-only."""
        try:
            with tempfile.TemporaryFile(dir=self.root) as probe:
                probe.write(b"\0" * 4096)
                probe.flush()
            free = shutil.disk_usage(self.root).free
            if free < MIN_FREE:
                raise OSError(errno.ENOSPC, f"only {free >> 20} MB are free, {MIN_FREE >> 20} MB are needed")
        except OSError as error:
            raise _unusable(self.root, error) from error

    def credentials(self) -> Credentials:
        """The user and password; made when asked for the first time."""
        try:
            return Credentials(**json.loads(self.credentials_file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            made = Credentials("neo4j", secrets.token_hex(24))
            self.keep_credentials(made)
            return made
        except (ValueError, TypeError) as error:
            raise ServerError(
                f"{self.credentials_file} doesn't hold a user and password; delete it and run "
                "`graphrec db down` and `graphrec db up`: a new password is made"
            ) from error

    def keep_credentials(self, credentials: Credentials) -> None:
        """Write the password file, for its owner alone."""
        write_file(self.credentials_file, json.dumps(asdict(credentials)), mode=0o600)

    def read_state(self) -> State | None:
        """What `server.json` says, or None when there is none or it is broken. It may be stale."""
        try:
            return State(**json.loads(self.state_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write_state(self, state: State) -> None:
        """Replace `server.json` in one step."""
        write_file(self.state_file, json.dumps(asdict(state)))

    def running(self) -> State | None:
        """The state of the server that runs, is starting or is stopping, or None. A stale file counts as None."""
        state = self.read_state()
        return state if state and is_alive(state, self) else None

    def clear_state(self) -> None:
        """Forget the process. The port stays known, so that the next start takes it again if it is free."""
        for file in (self.state_file, self.stop_file):
            with suppress(OSError):  # on a disk that turned read-only, a stale file does no harm
                file.unlink(missing_ok=True)

    def last_port(self) -> int | None:
        """The port of the last server, or None."""
        try:
            return int((self.root / "port").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def keep_port(self, port: int) -> None:
        """Remember a port for the next start."""
        write_file(self.root / "port", str(port))

    def touch(self) -> None:
        """Say that a command is about to connect."""
        with suppress(OSError):  # a full disk doesn't matter here
            self.used_file.touch()

    def store_is_empty(self) -> bool:
        """Whether no database was ever made here, so that an import can overwrite nothing.

        False says nothing of what the database holds: count its nodes for that (the server keeps the count).
        """
        return not (self.neo4j / "data" / "databases" / "neo4j").is_dir() and not self.renewing_file.exists()

    @property
    def unfinished_import_file(self) -> Path:
        """Lies here while the bulk importer writes the store."""
        return self.root / "importing"

    def drop_unfinished_import(self) -> None:
        """Remove what an import that didn't end left behind; Neo4j then makes an empty database."""
        if self.unfinished_import_file.exists():
            for kind in ("databases", "transactions"):
                shutil.rmtree(self.neo4j / "data" / kind / "neo4j", ignore_errors=True)
            self.unfinished_import_file.unlink()

    @property
    def renewed(self) -> Path:
        """Where a new store is made that is to take the place of this one."""
        return self.root / "renewed"

    @property
    def renewing_file(self) -> Path:
        """Lies here while a new store that is whole takes the place of the old one."""
        return self.root / "renewing"

    def finish_renewal(self) -> None:
        """Put a new store that is whole in the place of the old one, if there is one. Cut off anywhere, do it again.

        Nobody may use the store meanwhile.
        """
        if not self.renewing_file.exists():
            return
        fresh, data = self.renewed / "neo4j" / "data", self.neo4j / "data"
        if fresh.is_dir():
            if data.exists():
                shutil.rmtree(data)
            fresh.replace(data)
        shutil.rmtree(self.renewed, ignore_errors=True)
        self.renewing_file.unlink()

    def log_tail(self, n_lines: int = 15) -> str:
        """The last lines of the process's log, indented for an error message."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(f"  {line}" for line in lines[-n_lines:])


def write_file(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a small file in one step: a reader sees the old one or the new one. Never wider than `mode`."""
    part = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def is_alive(state: State, home: Home) -> bool:
    """Whether the very process of this state lives: a pid that was given to another process doesn't count.

    A clock that was set moves creation times, so a process that serves this home counts too. One that was killed has
    lost its command line before its memory and files are let go of: it serves nobody any more.
    """
    try:
        found = psutil.Process(state.pid)
        command = found.cmdline()
        if found.status() == psutil.STATUS_ZOMBIE or not command:
            return False
        return abs(found.create_time() - state.started_at) < 1 or str(home.root) in command
    except psutil.Error:
        return False


def _unusable(root: Path, error: OSError) -> ServerError:
    what = {
        errno.EROFS: "it is on a read-only file system",
        errno.ENOSPC: f"its disk is full ({error.strerror})",
        errno.EACCES: "this user may not write there",
        errno.EPERM: "this user may not write there",
    }.get(error.errno or 0, error.strerror or str(error))
    return ServerError(
        f"can't keep Neo4j's data in {root}: {what}; free some space, or name another folder with --home DIR"
    )
