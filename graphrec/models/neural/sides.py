"""What is said of items and users as rows of numbers, which a network takes in beside what is liked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.models.content.described import traits, vectors
from graphrec.models.filters.item_filter import empty
from graphrec.snapshot import Snapshot
from graphrec.snapshot.facts import Facts
from graphrec.versions.arrays import matrix_arrays, matrix_of

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Sides:
    """`items`: items × tags, categories, ranges of numbers, and vectors. `users`: users × categories and ranges, called
    `user_names`. What is said of one in each of these kinds has length 1; 0 where nothing is."""

    items: sparse.csr_array
    users: sparse.csr_array
    user_names: tuple[str, ...] = ()

    @classmethod
    def nothing(cls, n_users: int, n_items: int) -> Self:
        """Where nothing is taken in."""
        return cls(empty(n_items, 0), empty(n_users, 0))

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """All that a snapshot says; of users, what the policy lets be used."""
        facts, people = snapshot.facts or Facts(), snapshot.people or Facts()
        n_users, n_items = snapshot.n_users, snapshot.n_items
        said = traits(people, n_users)
        kinds = [snapshot.tags, traits(facts, n_items).rows, vectors(facts, n_items).rows]
        items = sparse.csr_array(sparse.hstack([of_length_one(kind) for kind in kinds], format="csr"))
        return cls(items, of_length_one(said.rows), tuple(said.names))

    def arrays(self) -> Arrays:
        """What is kept, by names in which a person can be forgotten; nothing where nothing is taken in."""
        if not self.items.shape[1] + self.users.shape[1]:
            return {}
        return {
            **matrix_arrays("item_traits", self.items),
            "n_item_traits": np.array(self.items.shape[1]),
            **matrix_arrays("user_traits", self.users),
            "user_trait_names": np.array(self.user_names, dtype=str),
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], n_users: int, n_items: int) -> Self:
        """What `arrays` gave."""
        if "n_item_traits" not in arrays:
            return cls.nothing(n_users, n_items)
        names = tuple(arrays["user_trait_names"].tolist())
        items = matrix_of(arrays, "item_traits", (n_items, int(arrays["n_item_traits"])))
        return cls(items, matrix_of(arrays, "user_traits", (n_users, len(names))), names)


def of_length_one(rows: sparse.csr_array) -> sparse.csr_array:
    """Each row of length 1, those of zeros as they are; float32."""
    lengths = np.sqrt(np.asarray((rows * rows).sum(axis=1), dtype=np.float64))
    return sparse.csr_array(sparse.diags_array(1 / np.where(lengths > 0, lengths, 1)) @ rows, dtype=np.float32)
