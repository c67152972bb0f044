"""Things numbered as they come, as Surprise numbers them: by the same seed each then starts at the same vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Numbering:
    """`numbers`: of each row; `places`: where the thing of each number stands among all `n_all`, of which some have no
    number."""

    numbers: Ints
    places: Ints
    n_all: int

    @classmethod
    def of(cls, places: Ints, n_all: int) -> Self:
        """From the place of each row's thing."""
        numbers, found = pd.factorize(places)
        return cls(numbers.astype(np.int64), np.asarray(found, dtype=np.int64), n_all)

    def spread(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows by number as rows by place; zeros where there is no number."""
        rows = np.asarray(rows)
        whole = np.zeros((self.n_all, *rows.shape[1:]))
        whole[self.places] = rows
        return whole
