"""A local Neo4j without Docker: the real server in a process of its own, spoken to over Bolt."""

from graphrec.server.home import Home, State
from graphrec.server.lifecycle import (
    StartOptions,
    destroy,
    down,
    ensure_running,
    keep_up,
    running,
    stopped,
    throwaway,
    uri,
)

__all__ = [
    "Home",
    "StartOptions",
    "State",
    "destroy",
    "down",
    "ensure_running",
    "keep_up",
    "running",
    "stopped",
    "throwaway",
    "uri",
]
