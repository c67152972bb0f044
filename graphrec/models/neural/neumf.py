"""NeuMF: neural collaborative filtering by a product of vectors and layers over others, added at the end.

He, Liao, Zhang, Nie, Hu and Chua, "Neural collaborative filtering" (WWW 2017).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from graphrec.models.arrays_model import Arrays
from graphrec.models.base import Block, Progress, Vectors
from graphrec.models.lightgcn.sampling import others
from graphrec.models.neural.neural_model import Floats, Lessons, Network, NeuralModel, shuffled
from graphrec.models.neural.settings import NeuralSettings
from graphrec.models.neural.sides import Sides
from graphrec.models.settings import Range, Space
from graphrec.snapshot import Snapshot

CHUNK = 2**24
"""Numbers of the first layer that are held at once."""


@dataclass(frozen=True)
class NeuMFSettings(NeuralSettings):
    """`embedding_dim`: numbers of the product's vectors and, doubled, of those under the layers, each half as wide as
    the one before. `n_negatives`: drawn for each liked pair."""

    space: ClassVar[Space] = {
        "embedding_dim": (16, 32, 64),
        "n_negatives": Range(2, 10),
        "learning_rate": Range(0.0003, 0.01, log=True),
    }

    embedding_dim: int = 32
    n_negatives: int = 4
    dropout: float = 0.1
    batch_size: int = 4096
    learning_rate: float = 0.002

    def __post_init__(self) -> None:
        super().__post_init__()
        self.at_least("embedding_dim", 2)
        self.at_least("n_negatives", 1)


class NeuMFNetwork(Network):
    """`users` and `items` hold both vectors side by side: first the product's, then those under the layers."""

    def __init__(self, shape: tuple[int, int], settings: NeuMFSettings) -> None:
        super().__init__()
        dim = settings.embedding_dim
        self.dim, self.settings, self.n_items = dim, settings, shape[1]
        self.users, self.items = nn.Embedding(shape[0], 3 * dim), nn.Embedding(shape[1], 3 * dim)
        for table in (self.users, self.items):
            nn.init.normal_(table.weight, std=0.01)
        self.first = nn.Linear(4 * dim, 2 * dim)
        self.rest = nn.Sequential(nn.Linear(2 * dim, dim), nn.ReLU(), nn.Linear(dim, dim // 2), nn.ReLU())
        self.last = nn.Linear(dim + dim // 2, 1)

    def batches(self, lessons: Lessons, size: int, rng: np.random.Generator) -> Iterator[tuple[Tensor, ...]]:
        """Liked pairs, each with drawn others that the user doesn't like, as far as there are any."""
        matrix, n = lessons.matrix, self.settings.n_negatives
        users = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        liked = users * self.n_items + matrix.indices
        for pairs in shuffled(np.arange(matrix.nnz), max(size // (n + 1), 1), rng):
            mine = np.repeat(users[pairs], n)
            drawn = others(mine, liked, self.n_items, rng)
            there = drawn >= 0
            user = np.concatenate([users[pairs], mine[there]])
            item = np.concatenate([matrix.indices[pairs], drawn[there]])
            target = (np.arange(len(user)) < len(pairs)).astype(np.float32)
            given = user.astype(np.int64), item.astype(np.int64), target
            yield tuple(torch.from_numpy(part).to(self.device) for part in given)

    def loss(self, batch: tuple[Tensor, ...]) -> Tensor:
        user, item, target = batch
        u, i = self.users(user), self.items(item)
        deep = self.first(torch.cat([u[:, self.dim :], i[:, self.dim :]], dim=1))
        deep = self.rest(functional.dropout(functional.relu(deep), self.settings.dropout, self.training))
        wide = u[:, : self.dim] * i[:, : self.dim]
        return functional.binary_cross_entropy_with_logits(self.last(torch.cat([wide, deep], dim=1))[:, 0], target)

    def rank(self, block: Block) -> Tensor:
        users = torch.from_numpy(np.maximum(block.users, 0)).to(self.device)
        return self.of_vectors(self.users(users))

    def of_vectors(self, users: Tensor) -> Tensor:
        """The scores of all items for users as vectors. The first layer is a sum of a user's part and an item's."""
        dim, items = self.dim, self.items.weight
        own, other = self.first.weight[:, : 2 * dim], self.first.weight[:, 2 * dim :]
        left, right = users[:, dim:] @ own.T + self.first.bias, items[:, dim:] @ other.T
        n_rows, found = max(1, CHUNK // max(right.numel(), 1)), []
        for start in range(0, len(users), n_rows):
            hidden = functional.relu(left[start : start + n_rows, None] + right[None])
            found.append(self.rest(hidden) @ self.last.weight[0, dim:])
        wide = (users[:, :dim] * self.last.weight[0, :dim]) @ items[:, :dim].T
        return wide + torch.cat(found) + self.last.bias if found else wide


class NeuMF(NeuralModel):
    """A known user has a vector; a visitor's is the mean over what they like of the vectors of those who like it."""

    name = "neumf"
    kind = NeuMFSettings

    def build(self, shape: tuple[int, int], sides: Sides) -> Network:
        return NeuMFNetwork(shape, self.settings)

    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """The users' vectors lie under a name that a person can be forgotten in."""
        found = super().learn(snapshot, progress)
        users = found.pop(USERS)
        users[np.diff(snapshot.matrix.indptr) == 0] = 0
        likers = snapshot.matrix.T @ users / np.maximum(snapshot.n_likers(), 1)[:, None]
        return {**found, "user_vectors": users, "liker_vectors": np.asarray(likers, dtype=np.float32)}

    def scores(self, block: Block) -> Floats:
        """Users without a vector are visitors."""
        vectors = np.where((block.users >= 0)[:, None], self.found["user_vectors"][block.users], 0).astype(np.float64)
        unknown = ~vectors.any(axis=1)
        weights = np.maximum(np.asarray(block.rows.sum(axis=1), dtype=np.float64), 1e-12)[:, None]
        vectors[unknown] = ((block.rows @ self.found["liker_vectors"].astype(np.float64)) / weights)[unknown]
        with torch.no_grad():
            network = self._network
            assert isinstance(network, NeuMFNetwork)
            scores = network.of_vectors(torch.from_numpy(vectors)).numpy()
        scores[:, ~self.found["is_known"]] = -np.inf
        return np.asarray(scores)

    @property
    def item_vectors(self) -> Vectors:
        """Both vectors of each item."""
        vectors = self.found["network.items.weight"] * self.found["is_known"][:, None]
        return np.asarray(vectors, dtype=np.float32)

    def restored(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """The weights with the users' vectors among them."""
        return {**weights, USERS.removeprefix("network."): torch.from_numpy(self.found["user_vectors"])}


USERS = "network.users.weight"
