"""The settings of the blend. Those of its parts have the part's name before them, as in `lightgcn.epochs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from graphrec.errors import InputError
from graphrec.models.settings import Settings, Space


@dataclass(frozen=True)
class BlendSettings(Settings):
    """`filter`: the name of a graph filter, or `auto` for Chebyshev's unless another certainly finds more of what
    is withheld. `n_stored`: how many items an item gets in the graph."""

    space: ClassVar[Space] = {"filter": ("auto", "chebyshev", "ease", "gfcf", "item_graph")}

    filter: str = "auto"
    n_stored: int = 30
    validation_share: float = 0.1
    seed: int = 42

    def __post_init__(self) -> None:
        self.at_least("n_stored", 1)
        if not 0 < self.validation_share < 1:
            raise InputError(f"expected validation_share between 0 and 1, found {self.validation_share}")


def by_part(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Settings by the part that they belong to; those of the blend itself under the empty name."""
    found: dict[str, dict[str, Any]] = {"": {}}
    for name, value in settings.items():
        part, _, setting = name.rpartition(".")
        found.setdefault(part, {})[setting] = value
    return found
