"""How far predicted ratings are from those that were held back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from graphrec.errors import ModelError
from graphrec.recommend.base import RatingPredictor


def rating_metrics(rated: pd.DataFrame, predictor: RatingPredictor) -> dict[str, float]:
    """`rmse` and `mae` over all held-back pairs with a rating (user_id, item_id, rating), unknown ones included.

    RMSE is the root of the mean squared error, MAE the mean absolute error; both on the data's scale.
    """
    from sklearn.metrics import mean_absolute_error, root_mean_squared_error  # a second, and few models predict ratings

    predicted = predictor.predict(rated["user_id"].tolist(), rated["item_id"].tolist())
    if len(predicted) != len(rated) or not np.isfinite(predicted).all():
        raise ModelError(
            f"expected a finite rating for each of {len(rated)} held-back pairs, "
            f"found {int(np.isfinite(predicted).sum())}"
        )
    actual = rated["rating"].to_numpy(np.float64)
    return {
        "rmse": float(root_mean_squared_error(actual, predicted)),
        "mae": float(mean_absolute_error(actual, predicted)),
    }
