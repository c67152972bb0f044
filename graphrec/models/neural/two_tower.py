"""Two towers: users by what they like and what is said of them, items by themselves, their tags and what else is said
of them; both as vectors whose product is the score.

Covington, Adams and Sargin, "Deep neural networks for YouTube recommendations" (RecSys 2016); Yi et al.,
"Sampling-bias-corrected neural modeling for large corpus item recommendations" (RecSys 2019).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from graphrec.errors import InputError
from graphrec.models.base import Block, Vectors
from graphrec.models.neural.neural_model import Lessons, Network, NeuralModel, shuffled
from graphrec.models.neural.settings import NeuralSettings
from graphrec.models.neural.sides import Sides
from graphrec.models.settings import Range, Space
from graphrec.snapshot import Snapshot


@dataclass(frozen=True)
class TwoTowerSettings(NeuralSettings):
    """`id_dropout`: how often an item's own vector is left out in training, so that what is said of it must do.
    `correction` 1 weighs items of a batch against how often they come, as the paper does; 0 leaves popular ones lower.
    `user_traits`: how much counts what is said of users; 0 leaves it out."""

    space: ClassVar[Space] = {
        "embedding_dim": (32, 64, 128),
        "temperature": Range(0.05, 0.3, log=True),
        "id_dropout": Range(0.0, 0.5),
        "correction": Range(0, 1),
        "learning_rate": Range(0.0005, 0.01, log=True),
    }

    embedding_dim: int = 64
    hidden_dim: int = 128
    temperature: float = 0.1
    id_dropout: float = 0.2
    correction: float = 1.0
    dropout: float = 0.2
    user_traits: float = 1.0
    batch_size: int = 1024
    learning_rate: float = 0.002

    def __post_init__(self) -> None:
        super().__post_init__()
        self.at_least("embedding_dim", 1)
        self.at_least("hidden_dim", 1)
        self.at_least("user_traits", 0)
        if not self.temperature > 0:
            raise InputError(f"expected temperature above 0, found {self.temperature}")


Batch = tuple[Tensor, Tensor, Tensor, Tensor]
"""What each row's user likes beside the item, what is said of the user, the items, and the logarithm of how likely each
is in a batch."""


class TwoTowerNetwork(Network):
    """`ids`: an item's own vector. `said` and `told`: what each trait of an item and of a user adds. Both towers give
    vectors of length 1."""

    features: Tensor

    def __init__(self, n_items: int, sides: Sides, settings: TwoTowerSettings) -> None:
        super().__init__()
        dim, self.settings, self.n_items = settings.embedding_dim, settings, n_items
        self.people = sides.users
        self.ids = nn.Embedding(n_items, dim)
        nn.init.normal_(self.ids.weight, std=0.05)
        self.said, self.told = _adding(sides.items.shape[1], dim), _adding(sides.users.shape[1], dim)
        self.item = nn.Sequential(nn.Linear(dim, settings.hidden_dim), nn.ReLU(), nn.Linear(settings.hidden_dim, dim))
        self.user = nn.Sequential(nn.Linear(dim, settings.hidden_dim), nn.ReLU(), nn.Linear(settings.hidden_dim, dim))
        self.register_buffer("features", torch.from_numpy(_dense(sides.items)), persistent=False)
        self.register_buffer("is_liked", torch.ones(n_items, 1))

    def batches(self, lessons: Lessons, size: int, rng: np.random.Generator) -> Iterator[Batch]:
        """Liked pairs; what is liked beside the item is what the user's tower sees."""
        matrix = lessons.matrix
        users = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        often = np.bincount(matrix.indices, minlength=self.n_items)
        self.is_liked = torch.from_numpy((often > 0).astype(np.float32))[:, None].to(self.device)
        log_often = torch.from_numpy(np.log(np.maximum(often, 1) / matrix.nnz)).to(self.device, torch.float32)
        several = np.flatnonzero(np.diff(matrix.indptr)[users] > 1)
        for pairs in shuffled(several, size, rng):
            item = torch.from_numpy(matrix.indices[pairs].astype(np.int64)).to(self.device)
            rows = torch.from_numpy((matrix[users[pairs]] > 0).toarray()).to(self.device, torch.float32)
            rows[torch.arange(len(pairs)), item] = 0
            yield rows, self.traits(users[pairs]), item, log_often[item]

    def loss(self, batch: Batch) -> Tensor:
        """Each item against the others of the batch; those that the user likes as well aren't compared with."""
        rows, traits, item, log_often = batch
        own = self.ids.weight * (torch.rand(self.n_items, 1, device=self.device) >= self.settings.id_dropout)
        inputs = self.inputs(own)
        scores = self.users(rows, traits, inputs) @ self.items(inputs[item]).T / self.settings.temperature
        scores = scores - self.settings.correction * log_often
        liked = (rows[:, item] > 0) | (item[:, None] == item)
        liked.fill_diagonal_(False)
        return functional.cross_entropy(
            scores.masked_fill(liked, -torch.inf), torch.arange(len(item), device=self.device)
        )

    def inputs(self, own: Tensor) -> Tensor:
        """What both towers see of each item; items that nobody likes have no vector of their own."""
        inputs: Tensor = own * self.is_liked + self.said(self.features)
        return inputs

    def traits(self, users: NDArray[np.int64]) -> Tensor:
        """What is said of some users; zeros for -1, of whom nothing is."""
        known = np.flatnonzero(users >= 0)
        found = np.zeros((len(users), max(self.people.shape[1], 1)), dtype=np.float32)
        if self.people.nnz:
            found[known] = self.people[users[known]].toarray() * np.float32(self.settings.user_traits)
        return torch.from_numpy(found).to(self.device)

    def users(self, rows: Tensor, traits: Tensor, inputs: Tensor) -> Tensor:
        """Vectors of users by the mean of what they like, and by what is said of them."""
        mean = rows @ inputs / rows.sum(dim=1, keepdim=True).clamp(min=1e-9) + self.told(traits)
        mean = functional.dropout(mean, self.settings.dropout, self.training)
        return functional.normalize(mean + self.user(mean))

    def items(self, inputs: Tensor) -> Tensor:
        """Vectors of items."""
        return functional.normalize(inputs + self.item(inputs))

    def rank(self, block: Block) -> Tensor:
        inputs = self.inputs(self.ids.weight)
        rows = torch.from_numpy(block.rows.toarray()).to(inputs.device, inputs.dtype)
        return self.users(rows, self.traits(block.users).to(inputs.dtype), inputs) @ self.items(inputs).T


class TwoTower(NeuralModel):
    """Items without a like are scored by what is said of them; where nothing is they never come. Of a user whom the fit
    didn't know, likes alone count."""

    name = "two_tower"
    kind = TwoTowerSettings
    REVISION = 2
    needs_facts = True

    def build(self, shape: tuple[int, int], sides: Sides) -> Network:
        return TwoTowerNetwork(shape[1], sides, self.settings)

    def sides(self, snapshot: Snapshot) -> Sides:
        found = Sides.of(snapshot)
        return found if self.settings.user_traits else replace(found, users=found.users[:, :0], user_names=())

    def known(self, snapshot: Snapshot) -> NDArray[np.bool_]:
        return np.asarray((snapshot.n_likers() > 0) | (np.diff(Sides.of(snapshot).items.indptr) > 0))

    @property
    def item_vectors(self) -> Vectors:
        """The items' tower."""
        network = self._network
        assert isinstance(network, TwoTowerNetwork)
        with torch.no_grad():
            vectors = network.items(network.inputs(network.ids.weight)).numpy()
        return np.asarray(vectors * self.found["is_known"][:, None], dtype=np.float32)


def _adding(n_traits: int, dim: int) -> nn.Linear:
    """What each trait adds to a vector; one that never comes where there are none."""
    found = nn.Linear(max(n_traits, 1), dim, bias=False)
    nn.init.normal_(found.weight, std=0.05)
    return found


def _dense(rows: sparse.csr_array) -> NDArray[np.float32]:
    """The rows; one column of zeros where they have none."""
    return np.asarray(rows.toarray() if rows.shape[1] else np.zeros((rows.shape[0], 1)), dtype=np.float32)
