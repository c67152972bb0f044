"""A local Neo4j without Docker: the real server in a process of its own, spoken to over Bolt."""

from graphrec.server.home import Home, State
from graphrec.server.launch import StartOptions, this_process
from graphrec.server.lifecycle import destroy, down, ensure_running, keep_up, stopped, throwaway

__all__ = [
    "Home",
    "StartOptions",
    "State",
    "destroy",
    "down",
    "ensure_running",
    "keep_up",
    "stopped",
    "this_process",
    "throwaway",
]
