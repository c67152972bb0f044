"""The journal: events are safe on disk when they are answered, and reach Neo4j whenever it is there."""

from graphrec.journal.drain import Drain
from graphrec.journal.journal import JOURNAL, Appended, Entry, Journal, Refused, Stats
from graphrec.journal.rows import CHANGE, EVENT

__all__ = ["CHANGE", "EVENT", "JOURNAL", "Appended", "Drain", "Entry", "Journal", "Refused", "Stats"]
