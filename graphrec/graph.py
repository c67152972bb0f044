"""The graph: the one holder of a Neo4j driver, and the one door for every statement.

Statements are named files under `cypher/`; values are parameters. Wrong parameters fail before the network,
and those left out take the defaults that the query's header declares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from neo4j import Driver, GraphDatabase, ManagedTransaction, Query, Record, Session, unit_of_work
from neo4j.exceptions import AuthError, DriverError, Neo4jError, ServiceUnavailable

from graphrec import queries
from graphrec.errors import GraphError

Result = TypeVar("Result")


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
        self._driver: Driver = GraphDatabase.driver(
            uri, auth=(user, password), notifications_min_severity="OFF", connection_timeout=15
        )

    def __enter__(self) -> Graph:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def within(self, seconds: float) -> Self:
        """The same graph, whose reads the server ends when they take longer: GraphError, and no work goes on unseen."""
        hurried = copy(self)
        hurried._deadline_s = seconds
        return hurried

    def close(self) -> None:
        """Close every connection."""
        self._driver.close()

    @property
    def n_sessions(self) -> int:
        """Sessions that are open now, of all copies that `within` made: each has a connection of the driver's pool."""
        return len(self._sessions)

    def verify(self) -> None:
        """Raise GraphError unless the server answers and takes the password."""
        with explained(self.uri):
            self._driver.verify_connectivity()

    def read(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of a query with `access: read`, as dicts. Retried by the driver on passing faults."""
        query, values = self._query(name, "read", parameters)
        with self.session() as session:
            return session.execute_read(unit_of_work(timeout=self._deadline_s)(_run), query.text, values)

    def write(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Run one writing query in a transaction of its own; retried, so the statement must be safe to run again."""
        query, values = self._query(name, "write", parameters)
        with self.session() as session:
            return session.execute_write(_run, query.text, values)

    def write_all(self, steps: list[tuple[str, Mapping[str, Any]]]) -> list[list[dict[str, Any]]]:
        """Run several writing queries in one transaction: all of them take effect, or none."""
        checked = [self._query(name, "write", parameters) for name, parameters in steps]
        with self.session() as session:
            return session.execute_write(lambda tx: [_run(tx, query.text, values) for query, values in checked])

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
            return session.execute_write(in_one)

    def run(
        self, name: str, /, identifiers: Mapping[str, str] | None = None, **parameters: Any
    ) -> list[dict[str, Any]]:
        """Run a query with `access: write-implicit`: schema statements and `CALL … IN TRANSACTIONS`. Not retried."""
        query, values = self._query(name, "write-implicit", parameters)
        with self.session() as session:
            return [record.data() for record in session.run(Query(query.statement(identifiers or {})), values)]

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session whose failures are told as GraphError."""
        with explained(self.uri), self._driver.session(database=self.database) as session:
            self._sessions.add(session)
            try:
                yield session
            finally:
                self._sessions.discard(session)

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
