"""What predicts ratings: graphrec's models of ratings, and those of Surprise, LensKit and Cornac, by their defaults."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphrec.recommend.fitted import make_fitted
from graphrec.snapshot import Snapshot

Floats = NDArray[np.float64]
Fit = Callable[[pd.DataFrame, int], Callable[[pd.DataFrame], Floats]]
"""From ratings (user, item, rating, as text and number) and a seed to what predicts those of other pairs."""

BOUNDS = (1, 5)


def ours(name: str, settings: Mapping[str, Any]) -> Fit:
    """A model of graphrec."""

    def fit(train: pd.DataFrame, seed: int) -> Callable[[pd.DataFrame], Floats]:
        seeded = {"seed": seed} if name.startswith("svd") else {}
        data = Snapshot.from_pairs(train["user"], train["item"], rating=train["rating"])
        found: Any = make_fitted(name, {**settings, **seeded}, with_reasons=False).fit(data)
        return lambda test: found.predict(test["user"].tolist(), test["item"].tolist())

    return fit


def surprise(algorithm: str, options: Mapping[str, Any], seeded: bool) -> Fit:
    """An algorithm of Surprise, by its own data set."""

    def fit(train: pd.DataFrame, seed: int) -> Callable[[pd.DataFrame], Floats]:
        import surprise as package

        data = package.Dataset.load_from_df(train[["user", "item", "rating"]], package.Reader(rating_scale=BOUNDS))
        more = {"random_state": seed} if seeded else {"verbose": False}
        model = getattr(package, algorithm)(**options, **more).fit(data.build_full_trainset())
        return lambda test: np.array([model.predict(u, i).est for u, i in zip(test["user"], test["item"], strict=True)])

    return fit


def cornac(algorithm: str, options: Mapping[str, Any]) -> Fit:
    """A model of Cornac; who or what it doesn't know gets its own default."""

    def fit(train: pd.DataFrame, seed: int) -> Callable[[pd.DataFrame], Floats]:
        import cornac as package

        rows = list(train[["user", "item", "rating"]].itertuples(index=False, name=None))
        data = package.data.Dataset.from_uir(rows, seed=seed)
        model = getattr(package.models, algorithm)(**options, verbose=False, seed=seed)
        model.fit(data)

        def rate(user: str, item: str) -> float:
            u, i = data.uid_map.get(user), data.iid_map.get(item)
            if u is None or i is None:
                return float(data.global_mean)
            return float(np.clip(model.rate(u, i), *BOUNDS))

        return lambda test: np.array([rate(u, i) for u, i in zip(test["user"], test["item"], strict=True)])

    return fit


def lenskit() -> Fit:
    """LensKit's biased matrix factorisation by ALS."""

    def fit(train: pd.DataFrame, seed: int) -> Callable[[pd.DataFrame], Floats]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from lenskit.als import BiasedMFScorer
            from lenskit.batch import predict
            from lenskit.data import from_interactions_df
            from lenskit.pipeline import predict_pipeline
            from lenskit.training import TrainingOptions

            pipeline = predict_pipeline(BiasedMFScorer())
            rows = train.rename(columns={"user": "user_id", "item": "item_id"})
            pipeline.train(from_interactions_df(rows), TrainingOptions(rng=seed))

        def told(test: pd.DataFrame) -> Floats:
            asked = test.rename(columns={"user": "user_id", "item": "item_id"})[["user_id", "item_id"]]
            found = predict(pipeline, asked, n_jobs=1).to_df()
            both = asked.merge(found, on=["user_id", "item_id"], how="left")
            return np.clip(both["score"].fillna(train["rating"].mean()).to_numpy(), *BOUNDS)

        return told

    return fit


PEARSON = {"name": "pearson", "min_support": 1}
RATERS: Mapping[str, tuple[str, Fit]] = {
    "svd": ("graphrec", ours("svd", {})),
    "svd, by Surprise's defaults": (
        "graphrec",
        ours("svd", {"n_epochs": 20, "learning_rate": 0.005, "regularization": 0.02}),
    ),
    "surprise-svd": ("scikit-surprise", surprise("SVD", {}, True)),
    "lenskit-biased-mf": ("lenskit", lenskit()),
    "cornac-mf": ("cornac", cornac("MF", {})),
    "svdpp": ("graphrec", ours("svdpp", {})),
    "svdpp, by Surprise's defaults": (
        "graphrec",
        ours("svdpp", {"n_factors": 20, "n_epochs": 20, "learning_rate": 0.007, "regularization": 0.02}),
    ),
    "surprise-svdpp": ("scikit-surprise", surprise("SVDpp", {}, True)),
    "user_neighbours": ("graphrec", ours("user_neighbours", {"measure": "pearson"})),
    "user_neighbours, shrinkage 0": ("graphrec", ours("user_neighbours", {"measure": "pearson", "shrinkage": 0.0})),
    "user_neighbours, shrinkage 25": ("graphrec", ours("user_neighbours", {"measure": "pearson", "shrinkage": 25.0})),
    "surprise-user-knn": ("scikit-surprise", surprise("KNNWithMeans", {"sim_options": {**PEARSON}}, False)),
    "cornac-user-knn": ("cornac", cornac("UserKNN", {"k": 40, "similarity": "pearson", "mean_centered": True})),
    "item_neighbours": ("graphrec", ours("item_neighbours", {"measure": "pearson"})),
    "item_neighbours, shrinkage 0": ("graphrec", ours("item_neighbours", {"measure": "pearson", "shrinkage": 0.0})),
    "item_neighbours, shrinkage 25": ("graphrec", ours("item_neighbours", {"measure": "pearson", "shrinkage": 25.0})),
    "surprise-item-knn": (
        "scikit-surprise",
        surprise("KNNWithMeans", {"sim_options": {**PEARSON, "user_based": False}}, False),
    ),
    "cornac-item-knn": ("cornac", cornac("ItemKNN", {"k": 40, "similarity": "pearson", "mean_centered": True})),
}
"""What is compared, by family: graphrec's first, then the same of other packages."""
