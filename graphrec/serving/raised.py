"""Prepared lists in the order that likes since then give them, kept for those who were asked for last."""

from __future__ import annotations

from collections.abc import Callable

from graphrec.serving.foldin import Found

MOST = 5_000
"""Users whose list is kept: some 6 kB each."""


class Raised:
    """By the position of a user. Who changes what a user likes says so by `forget`; not thread-safe."""

    def __init__(self) -> None:
        self._lists: dict[int, Found] = {}

    def of(self, user: int, work: Callable[[], Found]) -> Found:
        """The list that is kept, else what the work finds, kept from now on; a millisecond."""
        found = self._lists.pop(user, None)
        if found is None:
            found = work()
            if len(self._lists) >= MOST:
                del self._lists[next(iter(self._lists))]  # the one that nobody has asked for the longest
        self._lists[user] = found
        return found

    def forget(self, user: int) -> None:
        """It is worked out again when it is next asked for."""
        self._lists.pop(user, None)

    def forget_all(self) -> None:
        """As `forget`, for everybody."""
        self._lists.clear()
