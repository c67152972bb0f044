"""What users think of tags by all that they did, as the features of the graph tell it: below 0 what they don't like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from graphrec.graph import Graph
from graphrec.serving.ids import Ids

NOTHING: Mapping[str, float] = {}


@dataclass(eq=False)
class Preferred:
    """`begins` and `ends`: where the entries of a user begin and end, by position; `tags`: places in `names`."""

    names: list[str] = field(default_factory=list)
    begins: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    ends: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    tags: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    weights: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))

    @classmethod
    def told(cls, rows: Sequence[tuple[int, Sequence[str], Sequence[float]]], n_users: int) -> Preferred:
        """From the position of a user, names of tags and their weights."""
        names: dict[str, int] = {}
        begins, ends = np.zeros(n_users, np.int64), np.zeros(n_users, np.int64)
        tags: list[int] = []
        weights: list[float] = []
        for user, told, parts in rows:
            begins[user] = len(tags)
            tags += [names.setdefault(name, len(names)) for name in told]
            weights += parts
            ends[user] = len(tags)
        return cls(list(names), begins, ends, np.array(tags, np.int32), np.array(weights, np.float32))

    def of(self, user: int) -> Mapping[str, float]:
        """The weights of a user's tags by name, nothing where none are told."""
        if not 0 <= user < len(self.begins):
            return NOTHING
        kept = slice(self.begins[user], self.ends[user])
        names = [self.names[tag] for tag in self.tags[kept].tolist()]
        return dict(zip(names, self.weights[kept].tolist(), strict=True))

    def forget(self, user: int) -> None:
        """Let nothing be known of a user."""
        if 0 <= user < len(self.begins):
            self.ends[user] = self.begins[user]


def read_preferred(graph: Graph, users: Ids) -> Preferred:
    """Of the users of `users`; nobody where `graphrec features` hasn't been run."""
    found = [
        (users.places[user_id], tags, weights)
        for rows in graph.read("features/tastes")
        for user_id, tags, weights in zip(rows["user_id"], rows["tags"], rows["weights"], strict=True)
        if user_id in users.places
    ]
    return Preferred.told(found, len(users))
