"""The settings of LightGCN. Names follow PyG where it has one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from graphrec.errors import InputError

CHOICES: Mapping[str, tuple[str, ...]] = {
    "loss": ("bpr", "softmax"),
    "sampling": ("in-batch", "shared", "uniform"),
    "metric": ("cosine", "dot"),
    "warm_start": ("random", "spectral"),
}
"""The words that a setting may be."""


@dataclass(frozen=True)
class LightGCNSettings:
    """Everything that decides what is learnt; equal settings, data and machine give equal embeddings.

    `batch_size` 0 takes one that fits the number of pairs. `validation_share` is what is withheld of a user's
    likings, for some users. `correction` 1 weighs negatives against how often they are drawn, 0 takes them as they
    come. `n_negatives` counts for the samplings `shared` and `uniform` only.
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
    temperature: float = 0.12
    correction: float = 1.0
    metric: str = "cosine"
    warm_start: str = "spectral"
    device: str = "auto"
    validation_share: float = 0.1
    seed: int = 42

    def __post_init__(self) -> None:
        self._at_least("embedding_dim", 1)
        self._at_least("num_layers", 0)
        if self.batch_size < 0 or self.batch_size == 1:
            raise InputError(f"expected batch_size of at least 2, or 0 for one that fits, found {self.batch_size}")
        self._at_least("epochs", 1)
        self._at_least("patience", 1)
        self._at_least("n_negatives", 1)
        for name, values in CHOICES.items():
            if getattr(self, name) not in values:
                raise InputError(f"expected {name} to be one of {', '.join(values)}, found {getattr(self, name)!r}")
        for name in ("learning_rate", "temperature"):
            if not getattr(self, name) > 0:
                raise InputError(f"expected {name} above 0, found {getattr(self, name)}")
        if not 0 <= self.validation_share < 1:
            raise InputError(f"expected validation_share from 0 to below 1, found {self.validation_share}")

    def sized(self, n_pairs: int) -> Self:
        """These settings with a batch size: 1,024 to 4,096, about 200 batches an epoch between them."""
        if self.batch_size:
            return self
        return replace(self, batch_size=2 ** min(max(round(math.log2(max(n_pairs, 1) / 200)), 10), 12))

    def changed(self, values: Mapping[str, Any]) -> Self:
        """These settings with some values replaced; texts are read as the setting's type."""
        kinds = {f.name: type(getattr(self, f.name)) for f in fields(self)}
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise InputError(f"no setting {', '.join(unknown)}; there are {', '.join(kinds)}")
        return replace(self, **{name: _read(name, value, kinds[name]) for name, value in values.items()})

    def as_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return asdict(self)

    def _at_least(self, name: str, least: int) -> None:
        if getattr(self, name) < least:
            raise InputError(f"expected {name} of at least {least}, found {getattr(self, name)}")


def _read(name: str, value: Any, kind: type) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise InputError(f"expected {name} as {kind.__name__}, found {value!r}") from None
