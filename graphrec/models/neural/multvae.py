"""Mult-VAE: a variational autoencoder whose likelihood of a user's likes is multinomial.

Liang, Krishnan, Hoffman and Jebara, "Variational autoencoders for collaborative filtering" (WWW 2018).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from graphrec.models.base import Block, Vectors
from graphrec.models.neural.neural_model import Lessons, Network, NeuralModel, dense, shuffled
from graphrec.models.neural.settings import NeuralSettings
from graphrec.models.neural.sides import Sides
from graphrec.models.settings import Range, Space


@dataclass(frozen=True)
class MultVAESettings(NeuralSettings):
    """`anneal_cap`: how much the divergence from the prior counts in the end, which `anneal_steps` lead up to."""

    space: ClassVar[Space] = {
        "latent_dim": (64, 128, 200),
        "dropout": Range(0.2, 0.8),
        "anneal_cap": Range(0.05, 0.6),
        "learning_rate": Range(0.0003, 0.005, log=True),
    }

    hidden_dim: int = 600
    latent_dim: int = 200
    dropout: float = 0.5
    anneal_cap: float = 0.2
    anneal_steps: int = 2000
    batch_size: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("hidden_dim", "latent_dim", "anneal_steps"):
            self.at_least(name, 1)


class MultVAENetwork(Network):
    """Two layers in, two layers out, tanh between."""

    def __init__(self, n_items: int, settings: MultVAESettings) -> None:
        super().__init__()
        s = settings
        self.settings, self.n_steps = s, 0
        self.encoder = nn.Sequential(
            nn.Linear(n_items, s.hidden_dim), nn.Tanh(), nn.Linear(s.hidden_dim, 2 * s.latent_dim)
        )
        self.decoder = nn.Sequential(nn.Linear(s.latent_dim, s.hidden_dim), nn.Tanh(), nn.Linear(s.hidden_dim, n_items))
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.normal_(layer.bias, std=0.001)

    def batches(self, lessons: Lessons, size: int, rng: np.random.Generator) -> Iterator[Tensor]:
        for users in shuffled(lessons.users, size, rng):
            yield dense(lessons.matrix[users], self)

    def loss(self, batch: Tensor) -> Tensor:
        """The evidence's lower bound, turned round: what is lost of the likes, and the divergence, annealed."""
        mean, log_variance = self.encode(functional.dropout(functional.normalize(batch), self.settings.dropout))
        latent = mean + torch.randn_like(mean) * torch.exp(log_variance / 2)
        lost = -(functional.log_softmax(self.decoder(latent), dim=1) * batch).sum(dim=1).mean()
        divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(dim=1).mean()
        self.n_steps += 1
        return lost + self.settings.anneal_cap * min(1, self.n_steps / self.settings.anneal_steps) * divergence

    def encode(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of the latent numbers."""
        mean, log_variance = self.encoder(rows).chunk(2, dim=1)
        return mean, log_variance

    def rank(self, block: Block) -> Tensor:
        scores: Tensor = self.decoder(self.encode(functional.normalize(dense(block.rows, self)))[0])
        return scores


class MultVAE(NeuralModel):
    """Users by what they like alone, so who came after the fit is scored as any other."""

    name = "multvae"
    kind = MultVAESettings

    def build(self, shape: tuple[int, int], sides: Sides) -> Network:
        return MultVAENetwork(shape[1], self.settings)

    @property
    def item_vectors(self) -> Vectors:
        """The decoder's last weights: items near to each other are likely for the same users."""
        vectors: Any = self.found["network.decoder.2.weight"] * self.found["is_known"][:, None]
        return np.asarray(vectors, dtype=np.float32)
