"""SASRec: a transformer over what a user likes, in its order, that says what comes next.

Kang and McAuley, "Self-attentive sequential recommendation" (ICDM 2018); with the softmax loss over all items it is
at least as good as BERT4Rec: Klenitskiy and Vasilev, "Turning dross into gold loss" (RecSys 2023).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from graphrec.errors import InputError
from graphrec.models.base import Block, Vectors
from graphrec.models.neural.neural_model import Ints, Lessons, Network, NeuralModel, shuffled
from graphrec.models.neural.settings import NeuralSettings
from graphrec.models.neural.sides import Sides
from graphrec.models.settings import Range, Space

LOSSES = ("softmax", "bce")
PADDING = -1


@dataclass(frozen=True)
class SASRecSettings(NeuralSettings):
    """`max_length`: how many of the latest items count. `n_negatives`: with how many items each next one is compared;
    0 compares with all. The loss `bce` is the paper's, with one negative."""

    space: ClassVar[Space] = {
        "embedding_dim": (32, 64, 128),
        "num_layers": Range(1, 3),
        "dropout": Range(0.1, 0.5),
        "learning_rate": Range(0.0003, 0.005, log=True),
    }

    embedding_dim: int = 64
    num_layers: int = 2
    num_heads: int = 1
    max_length: int = 50
    dropout: float = 0.2
    loss: str = "softmax"
    n_negatives: int = 0
    batch_size: int = 64
    learning_rate: float = 0.003

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("embedding_dim", "num_layers", "num_heads", "max_length"):
            self.at_least(name, 1)
        if self.embedding_dim % self.num_heads:
            raise InputError(f"expected embedding_dim as a multiple of num_heads {self.num_heads}")
        if self.loss not in LOSSES:
            raise InputError(f"expected loss to be one of {', '.join(LOSSES)}, found {self.loss!r}")
        self.at_least("n_negatives", 0)


class SASRecNetwork(Network):
    """Items and places as vectors, layers of causal self-attention, and products with the items' vectors."""

    def __init__(self, n_items: int, settings: SASRecSettings) -> None:
        super().__init__()
        s = settings
        self.settings, self.n_items = s, n_items
        self.items = nn.Embedding(n_items + 1, s.embedding_dim)  # the last row is the padding
        self.places = nn.Embedding(s.max_length, s.embedding_dim)
        nn.init.normal_(self.items.weight, std=0.02)
        nn.init.normal_(self.places.weight, std=0.02)
        layer = nn.TransformerEncoderLayer(
            s.embedding_dim, s.num_heads, 2 * s.embedding_dim, s.dropout, "gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, s.num_layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(s.embedding_dim)

    def batches(self, lessons: Lessons, size: int, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """Windows of histories, cut at other places each time, and the item that follows each of theirs."""
        width = self.settings.max_length + 1
        windows = [part for user in lessons.users for part in _windows(lessons.histories[user], width, rng)]
        for chosen in shuffled(np.arange(len(windows)), size, rng):
            table = _padded([windows[n] for n in chosen.tolist()], width)
            yield self._tensor(table[:, :-1]), self._tensor(table[:, 1:])

    def loss(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        before, after = batch
        wanted = after != PADDING
        states, positives = self.states(before)[wanted], after[wanted]
        if self.settings.loss == "bce":
            return self._bce(states, positives)
        if not self.settings.n_negatives:
            return functional.cross_entropy(states @ self.items.weight[:-1].T, positives)
        drawn = torch.randint(self.n_items, (self.settings.n_negatives,), device=positives.device)
        others = states @ self.items(drawn).T
        others = others.masked_fill(drawn == positives[:, None], -torch.inf)
        own = (states * self.items(positives)).sum(dim=1, keepdim=True)
        return functional.cross_entropy(torch.cat([own, others], dim=1), torch.zeros_like(positives))

    def states(self, before: Tensor) -> Tensor:
        """After each place of each row, what is expected next: rows × places × numbers.

        Rows are filled up at the end, which no place before it sees.
        """
        length = before.shape[1]
        x = self.items(before.where(before != PADDING, torch.full_like(before, self.n_items)))
        x = functional.dropout(x + self.places.weight[:length], self.settings.dropout, self.training)
        causal = torch.triu(torch.ones(length, length, dtype=torch.bool, device=before.device), diagonal=1)
        states: Tensor = self.norm(self.layers(x, mask=causal))
        return states

    def rank(self, block: Block) -> Tensor:
        table = _padded([history[-self.settings.max_length :] for history in block.histories])
        last = self._tensor(np.maximum((table != PADDING).sum(axis=1) - 1, 0))
        states = self.states(self._tensor(table))[torch.arange(len(table)), last]
        return states @ self.items.weight[:-1].T

    def _bce(self, states: Tensor, positives: Tensor) -> Tensor:
        drawn = torch.randint(self.n_items, positives.shape, device=positives.device)
        own = (states * self.items(positives)).sum(dim=1)
        other = (states * self.items(drawn)).sum(dim=1)
        return -(functional.logsigmoid(own) + functional.logsigmoid(-other)).mean()

    def _tensor(self, table: Ints) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(table, dtype=np.int64)).to(self.device)


class SASRec(NeuralModel):
    """Users by what they like and its order alone; the latest item weighs most."""

    name = "sasrec"
    kind = SASRecSettings

    def build(self, shape: tuple[int, int], sides: Sides) -> Network:
        return SASRecNetwork(shape[1], self.settings)

    @property
    def item_vectors(self) -> Vectors:
        """Items near to each other come after the same ones."""
        vectors = self.found["network.items.weight"][:-1] * self.found["is_known"][:, None]
        return np.asarray(vectors, dtype=np.float32)


def _windows(history: Ints, width: int, rng: np.random.Generator) -> list[Ints]:
    """A history cut into windows that overlap by one, so that each item but the first is predicted once."""
    if len(history) < 2:
        return []
    first = int(rng.integers(2, width + 1)) if len(history) > width else width
    ends = [*range(first, len(history), width - 1), len(history)]
    starts = [max(0, end - width) for end in ends]
    return [history[start:end] for start, end in zip(starts, ends, strict=True) if end - start > 1]


def _padded(rows: Sequence[Ints], width: int = 0) -> NDArray[np.int64]:
    """Rows × places, filled up at the end."""
    table = np.full((len(rows), max(width, 1, *(len(row) for row in rows))), PADDING, dtype=np.int64)
    for n, row in enumerate(rows):
        table[n, : len(row)] = row
    return table
