"""Neighbours in memory: who is nearest to a row of likes, or what is nearest to each liked item.

    by people   score(j) = Σ_v s(u, v) w(v, j),   rating(u, j) = mean(u) + Σ_v s(u, v) (r(v, j) − mean(v)) / Σ_v s(u, v)
    by items    score(j) = Σ_i w(u, i) s(i, j),   rating(u, i) = mean(i) + Σ_j s(i, j) (r(u, j) − mean(j)) / Σ_j s(i, j)

Resnick, Iacovou, Suchak, Bergstrom and Riedl, "GroupLens: an open architecture for collaborative filtering" (CSCW
1994); Sarwar, Karypis, Konstan and Riedl, "Item-based collaborative filtering recommendation algorithms" (WWW 2001).
`cypher/neighbours/` asks the graph for the same.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.errors import InputError
from graphrec.models.arrays_model import Arrays, ArraysModel
from graphrec.models.base import Block, Progress
from graphrec.models.neighbours.averages import Averages
from graphrec.models.neighbours.settings import ItemNeighbourSettings, NeighbourSettings
from graphrec.models.neighbours.similarity import Likeness
from graphrec.models.ratings import Scale
from graphrec.privacy.policy import LEAST_PEOPLE
from graphrec.snapshot import Snapshot
from graphrec.versions.arrays import matrix_arrays, matrix_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BLOCK = 512


class Neighbours(ArraysModel):
    """What both have in common: likes, ratings on each user's scale, and how they are compared."""

    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """Likes and ratings themselves; nothing is fitted but scales. InputError for pearson without ratings."""
        rated = snapshot.rated.astype(np.float64)
        if self.settings.measure == "pearson" and not rated.nnz:
            raise InputError(f"{self.name} by pearson compares ratings, and the data have none; use cosine or jaccard")
        found = matrix_arrays("matrix", snapshot.matrix) | matrix_arrays("rated", rated)
        if rated.nnz:
            users = np.repeat(np.arange(rated.shape[0]), np.diff(rated.indptr))
            found |= Scale.fitted(users, rated.data, rated.shape[0], self.settings.scaling).arrays()
        return found

    @property
    def likeness(self) -> Likeness:
        """How rows are compared."""
        settings: NeighbourSettings = self.settings
        return settings.likeness

    def compared(self) -> sparse.csr_array:
        """Users × items of what the measure compares: ratings, or weights of likes."""
        return self.ratings() if self.settings.measure == "pearson" else self.likes()

    def likes(self) -> sparse.csr_array:
        """Users × items."""
        return matrix_of(self.found, "matrix", (len(self.user_ids), len(self.item_ids))).astype(np.float64)

    def ratings(self) -> sparse.csr_array:
        """Users × items, as they were given."""
        return matrix_of(self.found, "rated", (len(self.user_ids), len(self.item_ids)))

    def scaled(self) -> tuple[sparse.csr_array, Scale]:
        """Users × items on each user's scale. InputError where the data had no ratings."""
        if "bounds" not in self.found:
            raise InputError(f"{self.name} predicts ratings from ratings, and the data have none")
        scale, rated = Scale.of_arrays(self.found, self.settings.scaling), self.ratings()
        users = np.repeat(np.arange(rated.shape[0]), np.diff(rated.indptr))
        return sparse.csr_array((scale.apply(users, rated.data), rated.indices, rated.indptr), shape=rated.shape), scale

    def closeness(self, items: Ints) -> Floats:
        """How alike the people are who have each of some items and every item."""
        columns = sparse.csr_array(self.compared().T)
        found = self.likeness.between(sparse.csr_array(columns[items]), columns)
        return np.where(found > 0, found, -np.inf)

    def predict(self, users: Ints, items: Ints) -> Floats:
        """The formula within the bounds of ratings; of who isn't known what all rate an item with."""
        values, scale = self.scaled()
        return scale.invert(users, self.estimate(values, users, items))

    @abstractmethod
    def estimate(self, values: sparse.csr_array, users: Ints, items: Ints) -> Floats:
        """Values on the users' scales."""


class UserNeighbours(Neighbours):
    """The people nearest to a profile, and what they like. Who came after the fit is compared as any other."""

    name = "user_neighbours"
    kind = NeighbourSettings

    def scores(self, block: Block) -> Floats:
        """The sums of their likes. By pearson who isn't known has the weights of their likes as ratings."""
        scores = np.asarray((self._nearest(block) @ self.likes()).toarray())
        return np.where(scores > 0, scores, -np.inf)

    def reasons(self, block: Block, row: Ints, column: Ints, title: Callable[[int], str]) -> list[str]:
        """How many of the nearest people like an item; nothing of them where they are few."""
        near, likes = self._nearest(block), self.likes()
        there = [sparse.csr_array((np.ones(m.nnz), m.indices, m.indptr), shape=m.shape) for m in (near, likes)]
        n_people = np.asarray((there[0] @ there[1]).toarray())[row, column].astype(int)
        return [nearest_people(n, LEAST_PEOPLE) for n in n_people.tolist()]

    def estimate(self, values: sparse.csr_array, users: Ints, items: Ints) -> Floats:
        """Averages over the nearest people who rated an item."""
        averages = Averages(values, np.zeros(len(self.user_ids)), self.settings.n_rating)
        compared, likeness = self.compared(), self.likeness

        def near(some: Ints) -> Floats:
            return likeness.between(sparse.csr_array(compared[some]), compared)

        found, is_known = averages.of(users, items, near)
        everybody = values.data.mean()
        of_items = np.append(averages.of_things(everybody), everybody)
        return np.where(is_known, found, np.where(users >= 0, everybody, of_items[items]))

    def _nearest(self, block: Block) -> sparse.csr_array:
        compared, rows = self.compared(), block.rows.astype(np.float64)
        if self.settings.measure == "pearson" and (block.users >= 0).any():
            theirs = [compared[[u]] if u >= 0 else rows[[n]] for n, u in enumerate(block.users.tolist())]
            rows = sparse.csr_array(sparse.vstack(theirs, format="csr"))
        return self.likeness.nearest(rows, compared, block.users, self.settings.n_neighbours)


class ItemNeighbours(Neighbours):
    """The items nearest to each that a profile likes."""

    name = "item_neighbours"
    kind = ItemNeighbourSettings

    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """Likes, ratings, and the nearest items of each. Cost: the products of all pairs of items, in blocks."""
        self.user_ids, self.item_ids = snapshot.user_ids, snapshot.item_ids
        self.found = super().learn(snapshot, progress)
        return self.found | matrix_arrays("nearest", self._all_nearest())

    def scores(self, block: Block) -> Floats:
        """The sums over the liked items."""
        scores = np.asarray((block.rows.astype(np.float64) @ self._kept()).toarray())
        return np.where(scores > 0, scores, -np.inf)

    def reasons(self, block: Block, row: Ints, column: Ints, title: Callable[[int], str]) -> list[str]:
        """“because you liked Alien (1979)”: the liked item that adds most."""
        kept, rows, found = self._kept(), block.rows.astype(np.float64), []
        for n in np.unique(row):
            part = slice(rows.indptr[n], rows.indptr[n + 1])
            liked, columns = rows.indices[part], column[row == n]
            added = np.round(kept[liked][:, columns].toarray() * rows.data[part, None], 10)
            found += [f"because you liked {title(item)}" for item in liked[added.argmax(axis=0)].tolist()]
        return found

    def estimate(self, values: sparse.csr_array, users: Ints, items: Ints) -> Floats:
        """Averages over the nearest items that a user rated, from each item's own mean."""
        turned = sparse.csr_array(values.T)
        counts = np.diff(turned.indptr)
        everybody = values.data.mean()
        sums = np.asarray(turned.sum(axis=1), dtype=np.float64)
        means = np.divide(sums, counts, out=np.full(len(counts), everybody), where=counts > 0)
        averages = Averages(turned, means, self.settings.n_rating)
        columns, likeness = sparse.csr_array(self.compared().T), self.likeness

        def near(some: Ints) -> Floats:
            return likeness.between(sparse.csr_array(columns[some]), columns)

        found, is_known = averages.of(items, users, near)
        return np.append(means, everybody)[items] + np.where(is_known, found, 0.0)

    def _kept(self) -> sparse.csr_array:
        return matrix_of(self.found, "nearest", (len(self.item_ids), len(self.item_ids)))

    def _all_nearest(self) -> sparse.csr_array:
        columns = sparse.csr_array(self.compared().T)
        blocks: list[Any] = [empty_square(0, columns.shape[0])]
        for start in range(0, columns.shape[0], BLOCK):
            own = np.arange(start, min(start + BLOCK, columns.shape[0]))
            blocks.append(
                self.likeness.nearest(sparse.csr_array(columns[own]), columns, own, self.settings.n_neighbours)
            )
        return sparse.csr_array(sparse.vstack(blocks, format="csr"))


def nearest_people(n_people: int, least: int) -> str:
    """“12 people with your taste like it”; of few people not how few."""
    return f"{n_people} of the people nearest to your taste like it" if n_people >= least else "near to your taste"


def empty_square(n_rows: int, n_columns: int) -> sparse.csr_array:
    """A matrix without an entry."""
    return sparse.csr_array((n_rows, n_columns), dtype=np.float64)
