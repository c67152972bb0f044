"""What all networks are told."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphrec.errors import InputError
from graphrec.models.settings import Settings


@dataclass(frozen=True)
class NeuralSettings(Settings):
    """`patience`: epochs without a better recall after which training ends. `finish`: when the best epoch is known, so
    many more, as a part of those until it, learn from what was withheld as well."""

    learning_rate: float = field(default=0.001, kw_only=True)
    batch_size: int = field(default=256, kw_only=True)
    epochs: int = field(default=100, kw_only=True)
    patience: int = field(default=5, kw_only=True)
    finish: float = field(default=0.2, kw_only=True)
    weight_decay: float = field(default=0.0, kw_only=True)
    device: str = field(default="auto", kw_only=True)
    validation_share: float = field(default=0.1, kw_only=True)
    seed: int = field(default=42, kw_only=True)

    def __post_init__(self) -> None:
        for name in ("batch_size", "epochs", "patience"):
            self.at_least(name, 1)
        for name in ("finish", "weight_decay"):
            self.at_least(name, 0)
        if not self.learning_rate > 0:
            raise InputError(f"expected learning_rate above 0, found {self.learning_rate}")
        if not 0 <= self.validation_share < 1:
            raise InputError(f"expected validation_share from 0 to below 1, found {self.validation_share}")
