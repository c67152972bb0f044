"""The driver of a graph, and the last resort against a Neo4j that hangs: to give up every connection to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from neo4j import Driver
from neo4j.exceptions import DriverError, Neo4jError

from graphrec.errors import GraphError

PATIENCE_S = 2.0
"""Neo4j itself ends what takes longer than it may. What it hasn't ended so many seconds later gets no answer: Neo4j, or
the way to it, hangs."""

Resolver = Callable[[Any], Iterable[Any]]


class Link:
    """Holds a driver, and puts another in its place when the server no longer answers.

    A driver waits for an answer for as long as the server once told it to, two minutes or for ever, and nothing but its
    close ends that wait. Closing it is safe where all hangs: the other queries get an error, and can be asked again.
    `open_` makes a driver with a resolver, which keeps one that was closed from trying again.
    """

    def __init__(self, uri: str, open_: Callable[[Resolver], Driver]) -> None:
        self.uri = uri
        self._open = open_
        self._lock = threading.Lock()
        self._closed = False
        self._held = _Held(uri, open_)

    @property
    def driver(self) -> Driver:
        """The one that is in use now. GraphError after `refuse` and `close`."""
        return self._in_use().driver

    def refuse(self) -> None:
        """Give nobody the driver any more."""
        with self._lock:
            self._closed = True

    def close(self) -> None:
        """Close every connection. Who still waits for an answer gets an error within a second or two."""
        self.refuse()
        self._held.close()

    @contextmanager
    def within(self, seconds: float) -> Iterator[Driver]:
        """The driver, for a block that the server ends by that time. GraphError where it doesn't answer at all."""
        held = self._in_use()
        watch = threading.Timer(seconds + PATIENCE_S, self._give_up, (held,))
        watch.daemon = True
        watch.start()
        try:
            yield held.driver
        except (DriverError, Neo4jError) as error:
            if not held.is_closed:
                raise
            raise GraphError(
                f"Neo4j at {self.uri} didn't answer in time, so the connections to it were given up; `graphrec doctor` "
                "says what is wrong"
            ) from error
        finally:
            watch.cancel()
            held.close_late()

    def _in_use(self) -> _Held:
        if self._closed:
            raise GraphError(f"the connections to Neo4j at {self.uri} are closed; open the graph again")
        return self._held

    def _give_up(self, held: _Held) -> None:
        with self._lock:
            if self._held is held and not self._closed:
                self._held = _Held(self.uri, self._open)
        held.close()


class _Held:
    """A driver, and whether it was closed."""

    def __init__(self, uri: str, open_: Callable[[Resolver], Driver]) -> None:
        self.uri = uri
        self.is_closed = False
        self.driver = open_(self._resolve)

    def close(self) -> None:
        self.is_closed = True
        self.driver.close()

    def close_late(self) -> None:
        """Close the connection that was being made while the others were closed, too.

        The driver puts it into its pool although that is closed, and its own `close` does nothing a second time.
        """
        if self.is_closed:
            self.driver._pool.close()

    def _resolve(self, address: Any) -> Iterable[Any]:
        """Asked before each new connection, so a query of a closed driver that is tried again ends here."""
        if self.is_closed:
            raise GraphError(f"the connections to Neo4j at {self.uri} are closed; ask again")
        return [address]
