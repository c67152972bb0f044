"""The settings of LightGCN. Names follow PyG where it has one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from graphrec.errors import InputError
from graphrec.models.settings import Range, Settings, Space

CHOICES: Mapping[str, tuple[str, ...]] = {
    "loss": ("bpr", "softmax", "bsl", "directau"),
    "sampling": ("all", "in-batch", "shared"),
    "metric": ("cosine", "dot"),
    "warm_start": ("random", "spectral", "content"),
}
"""The words that a setting may be."""


SIDES = ("follow_edges", "tag_edges", "tag_popularity")
"""Settings of edges beside the likes; where they are 0, nothing is other than without them."""

UNSAID = (*SIDES, "group", "group_penalty")
"""Settings that decide nothing where they are empty."""

BATCHES = 16
"""Batches an epoch, where none are asked for."""

LEAST_USERS = 64
"""Users a batch at least, where none are asked for."""


@dataclass(frozen=True)
class LightGCNSettings(Settings):
    """Everything that decides what is learnt; equal settings, data and machine give equal embeddings.

    `batch_size` counts users; 0 takes one that fits their number. `validation_share` is what is withheld of a user's
    likings, for some users. `correction` 1 weighs negatives against how likely they are in a batch, 0 takes them as
    they come. `popularity`: how much of the logarithm of the people who like an item is added to its scores, in
    training and after it; the vectors then needn't say what is said by a number, and learn the rest.
    `popularity_penalty`: how much a batch is punished for scoring likes by how popular items are, `group_penalty`: for
    letting those of a `group` of items (`tag:Drama`, `language:fr`) win less or more clearly. `least_gain`: what an
    epoch must gain to count as better, as a part of the best. `finish`: when the best epoch is known, so many more,
    as a part of those until it, learn from what was withheld as well. `n_negatives` counts for the sampling `shared`
    only; of what `in-batch` and `shared` come up with, at most `most_negatives` a batch are told apart from what each
    user likes. An epoch visits `visited` of the users, drawn anew each time. From an earlier model's weights it takes
    `warm_epochs` at most, which visit `warm_visited` of the users with `warm_rate` of the learning rate: few small
    steps, because there is little left to learn. `follow_edges`: how many likes an edge weighs between users who follow
    each other; `tag_edges`: how many all tags of an item together do. 0 leaves them out. `tag_popularity`: how much of
    the popularity that tags tell an item without a like has, where tags are edges; with 0 it stands below all that is
    liked. The warm start `content` begins at the tags of items.
    """

    space: ClassVar[Space] = {
        "embedding_dim": (32, 64, 128, 192, 256),
        "num_layers": Range(1, 4),
        "learning_rate": Range(0.0005, 0.05, log=True),
        "loss": ("softmax", "bsl"),
        "temperature": Range(0.05, 0.4, log=True),
        "popularity": Range(0, 1),
        "correction": Range(0, 1),
    }

    embedding_dim: int = 192
    num_layers: int = 2
    learning_rate: float = 0.02
    batch_size: int = 0
    epochs: int = 40
    patience: int = 2
    least_gain: float = 0.005
    finish: float = 0.5
    loss: str = "softmax"
    sampling: str = "in-batch"
    n_negatives: int = 1024
    most_negatives: int = 16384
    temperature: float = 0.12
    correction: float = 1.0
    popularity: float = 0.6
    popularity_penalty: float = 0.0
    group_penalty: float = 0.0
    group: str = ""
    metric: str = "cosine"
    warm_start: str = "spectral"
    visited: float = 1.0
    warm_epochs: int = 1
    warm_visited: float = 0.4
    warm_rate: float = 0.2
    follow_edges: float = 0.0
    tag_edges: float = 0.0
    tag_popularity: float = 0.0
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
        if not 0 <= self.least_gain < 1:
            raise InputError(f"expected least_gain from 0 to below 1, found {self.least_gain}")
        self.at_least("warm_epochs", 1)
        self.at_least("n_negatives", 1)
        self.at_least("popularity_penalty", 0)
        self.at_least("group_penalty", 0)
        if self.group_penalty and not self.group:
            raise InputError("group_penalty needs a group of items; set group=tag:NAME or group=PROPERTY:VALUE")
        self.at_least("most_negatives", 1)
        for name, values in CHOICES.items():
            if getattr(self, name) not in values:
                raise InputError(f"expected {name} to be one of {', '.join(values)}, found {getattr(self, name)!r}")
        for name in SIDES:
            self.at_least(name, 0)
        for name in ("learning_rate", "temperature", "warm_rate"):
            if not getattr(self, name) > 0:
                raise InputError(f"expected {name} above 0, found {getattr(self, name)}")
        for name in ("visited", "warm_visited"):
            if not 0 < getattr(self, name) <= 1:
                raise InputError(f"expected {name} above 0 and at most 1, found {getattr(self, name)}")
        if not 0 <= self.validation_share < 1:
            raise InputError(f"expected validation_share from 0 to below 1, found {self.validation_share}")

    def final_epochs(self, best_epoch: int) -> int:
        """How many epochs the withheld pairs are learnt from as well."""
        return math.ceil(self.finish * best_epoch)

    def told(self) -> dict[str, Any]:
        """The settings by name, without those that are left out: what decides what is learnt."""
        return {name: value for name, value in self.as_dict().items() if name not in UNSAID or value}

    def warmed(self) -> Self:
        """These settings for a training that starts at an earlier model's weights."""
        rate = self.learning_rate * self.warm_rate
        return replace(self, epochs=self.warm_epochs, visited=self.warm_visited, learning_rate=rate)

    def sized(self, n_users: int) -> Self:
        """These settings with a batch size: a sixteenth of the users, at least 64.

        Each batch propagates over the whole graph: more batches for more users would cost as their square.
        """
        if self.batch_size:
            return self
        return replace(self, batch_size=max(math.ceil(n_users / BATCHES), LEAST_USERS))
