"""The graph: the one holder of a Neo4j driver, and the one door for every statement.

Statements are named files under `cypher/`; values are parameters. Wrong parameters fail before the network,
and those left out take the defaults that the query's header declares.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from neo4j import GraphDatabase, ManagedTransaction, Query, Record, Session, unit_of_work
from neo4j.exceptions import AuthError, DriverError, Neo4jError, ServiceUnavailable

from graphrec import queries
from graphrec.errors import GraphError
from graphrec.link import Link

Result = TypeVar("Result")

CONNECT_S = 5.0
"""How long a query that has a deadline may wait for a connection. One that is being made can't be given up before."""
LINGER_S = 0.5
"""How long `close` waits for what other threads are at."""


class Graph:
    """A connection to one Neo4j database. Sync and thread-safe; a service calls it in a bounded pool.

    `home` is where files that belong to the graph lie (model versions, staging).
    """

    def __init__(self, uri: str, user: str, password: str, *, database: str = "neo4j", home: Path) -> None:
        self.uri = uri
        self.database = database
        self.home = home
        self._deadline_s: float | None = None
        self._sessions: set[Session] = set()
        more: dict[str, Any] = {"notifications_min_severity": "OFF", "connection_timeout": 15}
        self._link = Link(
            uri, lambda resolver: GraphDatabase.driver(uri, auth=(user, password), resolver=resolver, **more)
        )

    def __enter__(self) -> Graph:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def within(self, seconds: float) -> Self:
        """The same graph with a deadline for each read, write and transaction: then GraphError.

        The server ends what takes longer, so no work goes on unseen. One that doesn't answer at all is given up two
        seconds later, with every connection to it. What was to be written may have been: write what can be repeated.
        """
        hurried = copy(self)
        hurried._deadline_s = seconds
        return hurried

    def close(self) -> None:
        """Close every connection. Who asks from now on gets GraphError, and so does, within a second or two, who still
        waits for an answer.

        Sessions of other threads have a moment to end: the driver can't be closed safely while one of them writes.
        """
        self._link.refuse()
        end = time.monotonic() + LINGER_S
        while self._sessions and time.monotonic() < end:
            time.sleep(0.01)
        self._link.close()

    @property
    def n_sessions(self) -> int:
        """Sessions that are open now, of all copies that `within` made: each has a connection of the driver's pool."""
        return len(self._sessions)

    def verify(self) -> None:
        """Raise GraphError unless the server answers and takes the password; not tried again."""
        if self._deadline_s is None:
            with explained(self.uri):
                self._link.driver.verify_connectivity()
            return
        with self.session() as session, session.begin_transaction(timeout=self._deadline_s) as asked:
            asked.commit()

    def read(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of a query with `access: read`, as dicts. Retried by the driver on passing faults."""
        query, values = self._query(name, "read", parameters)
        with self.session() as session:
            return session.execute_read(self._unit(_run), query.text, values)

    def write(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Run one writing query in a transaction of its own; retried, so the statement must be safe to run again."""
        query, values = self._query(name, "write", parameters)
        with self.session() as session:
            return session.execute_write(self._unit(_run), query.text, values)

    def write_all(self, steps: list[tuple[str, Mapping[str, Any]]]) -> list[list[dict[str, Any]]]:
        """Run several writing queries in one transaction: all of them take effect, or none."""
        checked = [self._query(name, "write", parameters) for name, parameters in steps]

        def in_one(tx: ManagedTransaction) -> list[list[dict[str, Any]]]:
            return [_run(tx, query.text, values) for query, values in checked]

        with self.session() as session:
            return session.execute_write(self._unit(in_one))

    def transact(self, work: Callable[[Callable[..., list[dict[str, Any]]]], Result]) -> Result:
        """What `work` gives back. It gets a function like `write`, whose queries all run in one transaction.

        Retried as a whole on passing faults, deadlocks among them, so it must be safe to run again.
        """

        def in_one(tx: ManagedTransaction) -> Result:
            def run(name: str, /, **parameters: Any) -> list[dict[str, Any]]:
                query, values = self._query(name, "write", parameters)
                return _run(tx, query.text, values)

            return work(run)

        with self.session() as session:
            return session.execute_write(self._unit(in_one))

    def run(
        self, name: str, /, identifiers: Mapping[str, str] | None = None, **parameters: Any
    ) -> list[dict[str, Any]]:
        """Run a query with `access: write-implicit`: schema statements and `CALL … IN TRANSACTIONS`. Not retried."""
        query, values = self._query(name, "write-implicit", parameters)
        with self.session() as session:
            statement = Query(query.statement(identifiers or {}), timeout=self._deadline_s)
            return [record.data() for record in session.run(statement, values)]

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session whose failures are told as GraphError."""
        with explained(self.uri), self._opened() as session:
            self._sessions.add(session)
            try:
                yield session
            finally:
                self._sessions.discard(session)

    @contextmanager
    def _opened(self) -> Iterator[Session]:
        seconds = self._deadline_s
        if seconds is None:
            with self._link.driver.session(database=self.database) as session:
                yield session
            return
        with (
            self._link.within(seconds) as driver,
            driver.session(
                database=self.database,
                connection_acquisition_timeout=min(seconds, CONNECT_S),
                max_transaction_retry_time=seconds,
            ) as session,
        ):
            yield session

    def _unit(self, work: Callable[..., Result]) -> Callable[..., Result]:
        """Work in one transaction, which the server ends at the deadline."""
        return unit_of_work(timeout=self._deadline_s)(work)

    def _query(self, name: str, access: str, parameters: Mapping[str, Any]) -> tuple[queries.Query, dict[str, Any]]:
        query = queries.get(name)
        if query.access != access:
            raise GraphError(f"query {name} has access '{query.access}', so it can't be run as '{access}'")
        return query, query.complete(parameters)


@contextmanager
def explained(uri: str) -> Iterator[None]:
    """Tell the driver's failures as GraphError: what happened, where, and what to do."""
    try:
        yield
    except AuthError as error:
        raise GraphError(f"Neo4j at {uri} refused the user or password; check NEO4J_USER and NEO4J_PASSWORD") from error
    except ServiceUnavailable as error:
        raise GraphError(f"no Neo4j answers at {uri}; `graphrec doctor` says what is wrong ({error})") from error
    except Neo4jError as error:
        raise GraphError(f"Neo4j at {uri} refused a statement: {error.message}") from error
    except DriverError as error:
        raise GraphError(f"the connection to Neo4j at {uri} failed: {error}") from error


def _run(tx: ManagedTransaction, text: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    return [_plain(record) for record in tx.run(text, values)]


def _plain(record: Record) -> dict[str, Any]:
    return dict(zip(record.keys(), record.values(), strict=True))
