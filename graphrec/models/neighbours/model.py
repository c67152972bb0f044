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
from graphrec.models.neighbours.similarity import Likeness, Side
from graphrec.models.ratings import Scale
from graphrec.privacy.policy import LEAST_PEOPLE
from graphrec.snapshot import Snapshot
from graphrec.versions.arrays import matrix_arrays, matrix_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BLOCK = 512


class Neighbours(ArraysModel):
    """What both have in common: likes, ratings on each user's scale, and how they are compared.

    `likes`, `values`: users × items. `people`, `things`: what the measure compares, by user and by item. All are made
    once after a fit or a load, as is whatever comparing them needs.
    """

    likes: Side
    people: Side
    things: Side
    values: sparse.csr_array | None
    scale: Scale

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

    def prepare(self) -> None:
        """The matrices, once for all answers."""
        shape = len(self.user_ids), len(self.item_ids)
        self.likes = Side(matrix_of(self.found, "matrix", shape).astype(np.float64))
        rated, self.values = matrix_of(self.found, "rated", shape), None
        self.people = Side(rated) if self.settings.measure == "pearson" else self.likes
        self.things = Side(sparse.csr_array(self.people.values.T))
        if "bounds" in self.found:
            self.scale = Scale.of_arrays(self.found, self.settings.scaling)
            users = np.repeat(np.arange(rated.shape[0]), np.diff(rated.indptr))
            values = self.scale.apply(users, rated.data)
            self.values = sparse.csr_array((values, rated.indices, rated.indptr), shape=rated.shape)

    @property
    def likeness(self) -> Likeness:
        """How rows are compared."""
        settings: NeighbourSettings = self.settings
        return settings.likeness

    def closeness(self, items: Ints) -> Floats:
        """How alike the people are who have each of some items and every item."""
        found = self.likeness.between(self.things.some(items), self.things)
        return np.where(found > 0, found, -np.inf)

    def predict(self, users: Ints, items: Ints) -> Floats:
        """The formula within the bounds of ratings; of who isn't known what all rate an item with.

        InputError where the data had no ratings.
        """
        if self.values is None:
            raise InputError(f"{self.name} predicts ratings from ratings, and the data have none")
        return self.scale.invert(users, self.estimate(users, items))

    @abstractmethod
    def estimate(self, users: Ints, items: Ints) -> Floats:
        """Values on the users' scales."""


class UserNeighbours(Neighbours):
    """The people nearest to a profile, and what they like. Who came after the fit is compared as any other."""

    name = "user_neighbours"
    kind = NeighbourSettings
    averages: Averages

    def prepare(self) -> None:
        """And what is averaged for a rating."""
        super().prepare()
        if self.values is not None:
            self.averages = Averages(self.values, np.zeros(len(self.user_ids)), self.settings.n_rating)

    def scores(self, block: Block) -> Floats:
        """The sums of their likes. By pearson who isn't known has the weights of their likes as ratings."""
        scores = np.asarray((self._nearest(block) @ self.likes.values).toarray())
        return np.where(scores > 0, scores, -np.inf)

    def reasons(self, block: Block, row: Ints, column: Ints, title: Callable[[int], str]) -> list[str]:
        """How many of the nearest people like an item; nothing of them where they are few."""
        near = Side(self._nearest(block))
        n_people = np.asarray((near.there @ self.likes.there).toarray())[row, column].astype(int)
        return [nearest_people(n, LEAST_PEOPLE) for n in n_people.tolist()]

    def estimate(self, users: Ints, items: Ints) -> Floats:
        """Averages over the nearest people who rated an item."""

        def near(some: Ints) -> Floats:
            return self.likeness.between(self.people.some(some), self.people)

        found, is_known = self.averages.of(users, items, near)
        of_items = self.averages.of_things[items]
        return np.where(is_known, found, np.where(users >= 0, self.averages.everybody, of_items))

    def _nearest(self, block: Block) -> sparse.csr_array:
        rows = block.rows.astype(np.float64)
        if self.settings.measure == "pearson" and (block.users >= 0).any():
            known = self.people.values
            theirs = [known[[u]] if u >= 0 else rows[[n]] for n, u in enumerate(block.users.tolist())]
            rows = sparse.csr_array(sparse.vstack(theirs, format="csr"))
        return self.likeness.nearest(Side(rows), self.people, block.users, self.settings.n_neighbours)


class ItemNeighbours(Neighbours):
    """The items nearest to each that a profile likes."""

    name = "item_neighbours"
    kind = ItemNeighbourSettings
    kept: sparse.csr_array
    averages: Averages
    means: Floats

    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """Likes, ratings, and the nearest items of each. Cost: the products of all pairs of items, in blocks."""
        found = super().learn(snapshot, progress)
        compared = snapshot.rated if self.settings.measure == "pearson" else snapshot.matrix
        things = Side(sparse.csr_array(compared.astype(np.float64).T))
        return found | matrix_arrays("nearest", self._all_nearest(things))

    def prepare(self) -> None:
        """And the nearest items, and what is averaged for a rating: the ratings of an item, from their own mean."""
        super().prepare()
        self.kept = matrix_of(self.found, "nearest", (len(self.item_ids), len(self.item_ids)))
        if self.values is not None:
            self.means = Averages(self.values, np.zeros(len(self.user_ids)), 1).of_things
            self.averages = Averages(sparse.csr_array(self.values.T), self.means[:-1], self.settings.n_rating)

    def scores(self, block: Block) -> Floats:
        """The sums over the liked items."""
        scores = np.asarray((block.rows.astype(np.float64) @ self.kept).toarray())
        return np.where(scores > 0, scores, -np.inf)

    def reasons(self, block: Block, row: Ints, column: Ints, title: Callable[[int], str]) -> list[str]:
        """“because you liked Alien (1979)”: the liked item that adds most."""
        rows, found = block.rows.astype(np.float64), []
        for n in np.unique(row):
            part = slice(rows.indptr[n], rows.indptr[n + 1])
            liked, columns = rows.indices[part], column[row == n]
            added = np.round(self.kept[liked][:, columns].toarray() * rows.data[part, None], 10)
            found += [f"because you liked {title(item)}" for item in liked[added.argmax(axis=0)].tolist()]
        return found

    def estimate(self, users: Ints, items: Ints) -> Floats:
        """Averages over the nearest items that a user rated, from each item's own mean."""

        def near(some: Ints) -> Floats:
            return self.likeness.between(self.things.some(some), self.things)

        found, is_known = self.averages.of(items, users, near)
        return self.means[items] + np.where(is_known, found, 0.0)

    def _all_nearest(self, things: Side) -> sparse.csr_array:
        n_items = things.values.shape[0]
        blocks: list[Any] = [empty_square(0, n_items)]
        for start in range(0, n_items, BLOCK):
            own = np.arange(start, min(start + BLOCK, n_items))
            blocks.append(self.likeness.nearest(things.some(own), things, own, self.settings.n_neighbours))
        return sparse.csr_array(sparse.vstack(blocks, format="csr"))


def nearest_people(n_people: int, least: int) -> str:
    """“12 people with your taste like it”; of few people not how few."""
    return f"{n_people} of the people nearest to your taste like it" if n_people >= least else "near to your taste"


def empty_square(n_rows: int, n_columns: int) -> sparse.csr_array:
    """A matrix without an entry."""
    return sparse.csr_array((n_rows, n_columns), dtype=np.float64)
