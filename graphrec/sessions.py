"""Two sessions at once: while the server answers one, the client takes in what it said to the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

SESSIONS = 2

Part = TypeVar("Part")
Result = TypeVar("Result")


def side_by_side(work: Callable[[Part], Result], parts: Iterable[Part]) -> Iterator[Result]:
    """What `work` gives for each part, in their order. No part is taken before a session is free for it.

    Writes must not wait for each other: the parts lock different nodes, and each locks them in the same order.
    """
    with ThreadPoolExecutor(SESSIONS) as pool:
        waiting: deque[Future[Result]] = deque()
        for part in parts:
            if len(waiting) == SESSIONS:
                yield waiting.popleft().result()
            waiting.append(pool.submit(work, part))
        while waiting:
            yield waiting.popleft().result()
