"""What all hybrids are told: their parts, in order, as names with a + between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphrec.errors import InputError
from graphrec.models.settings import Settings

KINDS = ("weighted", "switching", "cascade", "augmented", "stacked")
"""The hybrids by name."""


@dataclass(frozen=True)
class HybridSettings(Settings):
    """`parts`: names of models, as in `ease+popular`. `validation_share`: what is withheld to learn how to join."""

    parts: str = "chebyshev+p3alpha+popular"
    validation_share: float = field(default=0.1, kw_only=True)
    seed: int = field(default=42, kw_only=True)

    def __post_init__(self) -> None:
        names = self.names
        if len(names) < 2 or len(set(names)) < len(names) or not all(names):
            raise InputError(f"expected different parts such as ease+popular, found {self.parts!r}")
        nested = [name for name in names if name in KINDS]
        if nested:
            raise InputError(f"{', '.join(nested)} can't be a part of a hybrid; name the models that it has")
        if not 0 < self.validation_share < 1:
            raise InputError(f"expected validation_share between 0 and 1, found {self.validation_share}")

    @property
    def names(self) -> tuple[str, ...]:
        """The parts in order."""
        return tuple(name.strip() for name in self.parts.split("+"))


def numbers(text: str, name: str) -> tuple[float, ...]:
    """Numbers with a + between them. InputError that names the setting."""
    try:
        return tuple(float(part) for part in text.split("+"))
    except ValueError:
        raise InputError(f"expected {name} as numbers with a + between them, such as 0+5+20, found {text!r}") from None


def joined(value: Any) -> Any:
    """A list of a declaration as the text that settings hold; other values as they are."""
    return "+".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else value


def flattened(table: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a hybrid and, named `part.setting`, of its parts, from tables within a table."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        inner = {f"{name}.{key}": v for key, v in value.items()} if isinstance(value, Mapping) else {name: value}
        found |= {key: joined(v) for key, v in inner.items()}
    return found
