"""The interactions as sparse matrices: read from the graph, or made straight from Frames or from pairs."""

from graphrec.snapshot.snapshot import Snapshot
from graphrec.transfer import NO_TIME

__all__ = ["NO_TIME", "Snapshot"]
