"""What both kinds of neighbours are set by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from graphrec.models.neighbours.similarity import MEASURES, Likeness
from graphrec.models.ratings import check_scaling
from graphrec.models.settings import Range, Settings, Space


@dataclass(frozen=True)
class NeighbourSettings(Settings):
    """`measure`: cosine and jaccard compare likes, pearson ratings. `n_neighbours`: how many count for a list,
    `n_rating`: for a rating. `scaling` of ratings: none, mean_centre, min_max or z_score, by user."""

    space: ClassVar[Space] = {
        "measure": MEASURES,
        "n_neighbours": Range(10, 500, log=True),
        "shrinkage": Range(0.0, 100.0),
    }

    measure: str = "cosine"
    n_neighbours: int = 50
    n_rating: int = 40
    shrinkage: float = 10.0
    significance: int = 0
    scaling: str = "mean_centre"

    def __post_init__(self) -> None:
        self.at_least("n_neighbours", 1)
        self.at_least("n_rating", 1)
        self.at_least("shrinkage", 0)
        self.at_least("significance", 0)
        check_scaling(self.scaling)
        self.likeness.between  # noqa: B018  (a measure that there isn't is told here)

    @property
    def likeness(self) -> Likeness:
        """How rows are compared."""
        return Likeness(self.measure, self.shrinkage, self.significance)


@dataclass(frozen=True)
class ItemNeighbourSettings(NeighbourSettings):
    """The same; ratings are taken as they are, less what each item has on average."""

    shrinkage: float = 5.0
    scaling: str = "none"
