"""The `neo4j.conf` of a home."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from graphrec.server import jars
from graphrec.server.home import Home, write_file
from graphrec.server.memory import Memory


def write(home: Home, port: int, memory: Memory, *, gds: bool) -> None:
    """Write the settings: loopback only, password on, no usage reports, logs kept."""
    text = "".join(f"{name}={value}\n" for name, value in settings(home, port, memory, gds=gds).items())
    write_file(home.conf, text, mode=0o600)


def settings(home: Home, port: int, memory: Memory, *, gds: bool) -> dict[str, str]:
    """Every setting by its name."""
    found = {
        "server.default_listen_address": "127.0.0.1",
        "server.bolt.enabled": "true",
        "server.bolt.listen_address": f"127.0.0.1:{port}",
        "server.bolt.advertised_address": f"127.0.0.1:{port}",
        # Paths from Neo4j's own folder, all ASCII: it garbles a home like 'Zoë' in this file.
        "server.directories.logs": "logs",
        "server.directories.import": "import",
        "server.directories.plugins": "plugins",
        "server.memory.pagecache.size": f"{memory.page_cache}m",
        "dbms.security.auth_enabled": "true",
        "dbms.usage_report.enabled": "false",
        "db.tx_log.preallocate": "false",  # else every new home takes 512 MB of disk
        "db.tx_log.rotation.retention_policy": "512M size",
    }
    # The Bolt server else waits twice five seconds for clients that come late while it stops.
    found["internal.dbms.bolt.netty_server_shutdown_quiet_period_duration"] = "0s"
    # A query is else planned anew for one, ten, a hundred… entries of each list that it is given: up to a second each.
    found["internal.cypher.use_parameter_size"] = "false"
    if gds:
        found["dbms.security.procedures.unrestricted"] = "gds.*"
    return found


def fill_plugins(home: Home, gds_jars: Sequence[Path]) -> None:
    """Put the jars with procedures where Neo4j looks for them; with none, take them away."""
    folder = home.neo4j / "plugins"
    names = {jar.name for jar in gds_jars}
    for old in folder.glob("*.jar"):
        if old.name not in names:
            old.unlink()
    for jar in gds_jars:
        if not (folder / jar.name).exists():
            _link(jar, folder / jar.name)


def gds_procedure_jars(paths: Sequence[Path]) -> list[Path]:
    """Those of the jars that are Graph Data Science's own."""
    return [path for path in paths if path.name.endswith(f"-{jars.GDS_VERSION}.jar")]


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
