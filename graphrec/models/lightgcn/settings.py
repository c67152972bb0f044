"""The settings of LightGCN. Names follow PyG where it has one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from graphrec.errors import InputError
from graphrec.models.settings import Settings

CHOICES: Mapping[str, tuple[str, ...]] = {
    "loss": ("bpr", "softmax", "bsl", "directau"),
    "sampling": ("all", "in-batch", "shared"),
    "metric": ("cosine", "dot"),
    "warm_start": ("random", "spectral"),
}
"""The words that a setting may be."""


BATCHES = 16
"""Batches an epoch, where none are asked for."""

LEAST_USERS = 64
"""Users a batch at least, where none are asked for."""


@dataclass(frozen=True)
class LightGCNSettings(Settings):
    """Everything that decides what is learnt; equal settings, data and machine give equal embeddings.

    `batch_size` counts users; 0 takes one that fits their number. `validation_share` is what is withheld of a user's
    likings, for some users. `correction` 1 weighs negatives against how likely they are in a batch, 0 takes them as
    they come. `n_negatives` counts for the sampling `shared` only; of what `in-batch` and `shared` come up with, at
    most `most_negatives` a batch are told apart from what each user likes.
    """

    embedding_dim: int = 64
    num_layers: int = 2
    learning_rate: float = 0.005
    batch_size: int = 0
    epochs: int = 40
    patience: int = 3
    loss: str = "softmax"
    sampling: str = "in-batch"
    n_negatives: int = 1024
    most_negatives: int = 8192
    temperature: float = 0.12
    correction: float = 1.0
    metric: str = "cosine"
    warm_start: str = "spectral"
    device: str = "auto"
    validation_share: float = 0.1
    seed: int = 42

    def __post_init__(self) -> None:
        self.at_least("embedding_dim", 1)
        self.at_least("num_layers", 0)
        if self.batch_size < 0 or self.batch_size == 1:
            raise InputError(f"expected batch_size of at least 2, or 0 for one that fits, found {self.batch_size}")
        self.at_least("epochs", 1)
        self.at_least("patience", 1)
        self.at_least("n_negatives", 1)
        self.at_least("most_negatives", 1)
        for name, values in CHOICES.items():
            if getattr(self, name) not in values:
                raise InputError(f"expected {name} to be one of {', '.join(values)}, found {getattr(self, name)!r}")
        for name in ("learning_rate", "temperature"):
            if not getattr(self, name) > 0:
                raise InputError(f"expected {name} above 0, found {getattr(self, name)}")
        if not 0 <= self.validation_share < 1:
            raise InputError(f"expected validation_share from 0 to below 1, found {self.validation_share}")

    def sized(self, n_users: int) -> Self:
        """These settings with a batch size: a sixteenth of the users, at least 64.

        Each batch propagates over the whole graph: more batches for more users would cost as their square.
        """
        if self.batch_size:
            return self
        return replace(self, batch_size=max(math.ceil(n_users / BATCHES), LEAST_USERS))
