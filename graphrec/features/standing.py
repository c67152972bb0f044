"""Where each number stands among all of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def standing(numbers: Floats) -> Floats:
    """From 0 for the least to 1 for the most; equal ones stand between. NaN stays NaN, and one alone is NaN too.

    By pandas, which everything here has loaded: `scipy.stats` has the same, and takes a second and more to import.
    """
    n = int(np.count_nonzero(~np.isnan(numbers)))
    if n < 2:
        return np.full(len(numbers), np.nan)
    return (pd.Series(numbers).rank().to_numpy() - 1) / (n - 1)
