"""The audit: what somebody wants to be true of the graph before a model learns from it."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable

from graphrec.connect import environment_of
from graphrec.errors import AuditError
from graphrec.graph import Graph

Audit = Callable[[Graph], None]
"""Looks at the graph; raises AuditError where nothing may be learnt from it."""

STANDARD_ERROR = 2


def command_audit(command: str) -> Audit:
    """An audit by a command, without a shell; any exit status but 0 says no. What it prints goes to standard error.

    Its environment names the home and the graph: GRAPHREC_HOME, NEO4J_URI, NEO4J_USER, NEO4J_PASSWORD and
    NEO4J_DATABASE.
    """
    words = shlex.split(command)

    def audit(graph: Graph) -> None:
        try:
            done = subprocess.run(words, env=environment_of(graph), stdout=STANDARD_ERROR, check=False)
        except OSError as error:
            raise AuditError(f"the audit {command!r} can't be run ({error}); nothing was trained") from error
        if done.returncode:
            raise AuditError(f"the audit {command!r} ended with exit status {done.returncode}; nothing was trained")

    return audit
