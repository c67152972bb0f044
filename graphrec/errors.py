"""The exceptions that graphrec raises on purpose; everything else is a defect.

    GraphrecError
    ├── InputError          a file, row, id or setting that the user gave
    │   ├── SplitError      a split that the data can't give
    │   ├── PipelineError   a declared pipeline that breaks its schema, or that asks for what items don't have
    │   ├── UnknownIdError  an id that the graph doesn't hold
    │   └── ConflictError   something that contradicts what was taken before
    ├── QueryError          a file under cypher/, or the parameters given to it
    ├── ServerError         the local Neo4j can't be installed, started or stopped
    ├── GraphError          a Neo4j that can't be reached, or that refused a statement
    ├── JournalError        the journal of events can't be opened, read or written
    │   ├── FullError       it can't take more; nothing that it holds is lost
    │   └── BehindError     a reader asks for events that are no longer kept
    ├── ModelError          training, or a stored model version
    │   └── BusyError       another run does the same already
    └── AuditError          an audit that says no to the data

A message says what was wanted, what was found, where, and what to do:
``no item 'x9' in the graph; check the id (ids look like '1', '2') or load it first``.
"""


class GraphrecError(Exception):
    """Any error that graphrec explains to its user. The command line prints it and exits with 1."""


class InputError(GraphrecError):
    """Something the user gave: a file, a row, an id, a setting."""


class SplitError(InputError):
    """The data can't give the split that was asked for; the message names one that they can give."""


class PipelineError(InputError):
    """A declared pipeline breaks its schema, or asks for what no item of the graph has."""


class UnknownIdError(InputError):
    """An outside id that the graph doesn't hold."""


class ConflictError(InputError):
    """Something that contradicts what was taken before."""


class QueryError(GraphrecError):
    """A query file that breaks its contract, or parameters that don't fit it."""


class ServerError(GraphrecError):
    """The local Neo4j can't be installed, started or stopped."""


class GraphError(GraphrecError):
    """Neo4j can't be reached, or refused a statement."""


class JournalError(GraphrecError):
    """The journal of events can't be opened, read or written; what it holds is not lost by that."""


class FullError(JournalError):
    """The journal, or its disk, can't take more events now; send them again later."""


class BehindError(JournalError):
    """A reader asks for events that the journal no longer keeps, so it must read the graph anew."""


class ModelError(GraphrecError):
    """Training failed, or a stored model version is missing or broken."""


class BusyError(ModelError):
    """Another run does the same already."""


class AuditError(GraphrecError):
    """An audit says that nothing may be learnt from the graph as it is."""
