"""SVD with biases and SVD++: ratings as biases and products of vectors, fitted by Surprise.

    r(u, i) = mean + b(u) + b(i) + q(i) · p(u)                        SVD
    r(u, i) = mean + b(u) + b(i) + q(i) · (p(u) + Σ_j y(j) / √n(u))   SVD++, j over what u has rated

Koren, Bell and Volinsky, "Matrix factorization techniques for recommender systems" (Computer, 2009); Koren,
"Factorization meets the neighborhood" (KDD 2008). Fitted by stochastic gradient descent: Hug, "Surprise: a Python
library for recommender systems" (JOSS, 2020).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.models.arrays_model import Arrays, ArraysModel
from graphrec.models.base import Block, Progress
from graphrec.models.factors.libraries import library
from graphrec.models.factors.numbering import Numbering
from graphrec.models.ratings import Ratings, Scale, check_scaling
from graphrec.models.settings import Range, Settings, Space
from graphrec.snapshot import Snapshot

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SVDSettings(Settings):
    """`n_factors`: numbers a vector. `scaling`: none, or by user mean_centre, min_max or z_score; predictions are on
    the data's scale again."""

    space: ClassVar[Space] = {
        "n_factors": Range(10, 200, log=True),
        "n_epochs": Range(10, 60, log=True),
        "learning_rate": Range(0.002, 0.02, log=True),
        "regularization": Range(0.01, 0.2, log=True),
    }

    n_factors: int = 100
    n_epochs: int = 50
    learning_rate: float = 0.01
    regularization: float = 0.1
    scaling: str = "none"
    seed: int = 42

    def __post_init__(self) -> None:
        self.at_least("n_factors", 1)
        self.at_least("n_epochs", 1)
        check_scaling(self.scaling)


@dataclass(frozen=True)
class SVDppSettings(SVDSettings):
    """As those of SVD. An epoch takes long, so the factors are few: as many as Surprise has by default."""

    n_factors: int = 20
    n_epochs: int = 50
    learning_rate: float = 0.007
    regularization: float = 0.1


class SVD(ArraysModel):
    """SVD with biases. Who came after the fit is fitted by ridge regression on what they like, as if rated highest."""

    name = "svd"
    kind = SVDSettings
    REVISION: ClassVar[int] = 2
    algorithm = "SVD"
    options: ClassVar[dict[str, Any]] = {}

    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """Biases and vectors of the last epoch. Cost: epochs × ratings × factors; SVD++ times ratings a user."""
        s = self.settings
        surprise = library("surprise", "Surprise", self.name)
        ratings = Ratings.of(snapshot, s.scaling, self.name)
        rates = {"lr_all": s.learning_rate, "reg_all": s.regularization}
        fitted = getattr(surprise, self.algorithm)(
            s.n_factors, s.n_epochs, **rates, random_state=s.seed, **self.options
        )
        users, items = Numbering.of(ratings.users, snapshot.n_users), Numbering.of(ratings.items, snapshot.n_items)
        fitted.fit(trainset(surprise, users, items, ratings.values))
        found = {
            "user_bias": users.spread(fitted.bu),
            "item_bias": items.spread(fitted.bi),
            "user_vectors": users.spread(fitted.pu),
            "item_vectors": items.spread(fitted.qi),
        }
        is_rated = np.bincount(ratings.items, minlength=snapshot.n_items) > 0
        beside = {"mean": np.array(ratings.values.mean()), "is_rated": is_rated, **ratings.scale.arrays()}
        return found | beside | self.more(found, ratings, items, fitted)

    def more(self, found: Arrays, ratings: Ratings, items: Numbering, fitted: Any) -> Arrays:
        """What a fit has beside biases and vectors; it may replace them."""
        return {}

    def prepare(self) -> None:
        """The vectors of items in single precision."""
        self._single = self.found["item_vectors"].astype(np.float32)

    @property
    def item_vectors(self) -> NDArray[np.float32]:
        """Items near to each other are rated alike."""
        return self._single

    def predict(self, users: NDArray[np.int64], items: NDArray[np.int64]) -> Floats:
        """The formula; of a user or an item that isn't known its bias and vector are 0."""
        f = self.found
        knows_user, knows_item = users >= 0, (items >= 0) & f["is_rated"][items]
        values = (
            f["mean"] + np.where(knows_user, f["user_bias"][users], 0) + np.where(knows_item, f["item_bias"][items], 0)
        )
        product = np.einsum("nk,nk->n", f["user_vectors"][users], f["item_vectors"][items])
        return self._scale.invert(users, values + np.where(knows_user & knows_item, product, 0))

    def scores(self, block: Block) -> Floats:
        """Predicted values, not cut at the bounds of ratings, so that few are equal."""
        f = self.found
        vectors = np.where((block.users >= 0)[:, None], f["user_vectors"][block.users], 0.0)
        new = np.flatnonzero(~vectors.any(axis=1))
        if len(new):
            vectors[new] = self.folded(sparse.csr_array(block.rows[new]))
        values: Floats = f["mean"] + f["item_bias"] + vectors @ f["item_vectors"].T
        values[:, ~f["is_rated"]] = -np.inf
        return values

    def folded(self, rows: sparse.csr_array) -> Floats:
        """The vectors of visitors: ridge regression on their items, rated with the most that there is."""
        f = self.found
        most = self._scale.apply(np.array([-1]), np.array([self._scale.most]))[0]
        found = np.zeros((rows.shape[0], f["item_vectors"].shape[1]))
        for row in range(rows.shape[0]):
            liked = rows.indices[rows.indptr[row] : rows.indptr[row + 1]]
            weights = rows.data[rows.indptr[row] : rows.indptr[row + 1], None].astype(np.float64)
            vectors = f["item_vectors"][liked]
            ridge = self.settings.regularization * len(liked) * np.eye(vectors.shape[1])
            target = vectors.T @ (weights[:, 0] * (most - f["mean"] - f["item_bias"][liked]))
            found[row] = np.linalg.solve(vectors.T @ (weights * vectors) + ridge, target)
        return found

    @property
    def _scale(self) -> Scale:
        return Scale.of_arrays(self.found, self.settings.scaling)


class SVDpp(SVD):
    """SVD++. A visitor has the vector that the liked items alone give."""

    name = "svdpp"
    kind = SVDppSettings
    algorithm = "SVDpp"
    options: ClassVar[dict[str, Any]] = {"cache_ratings": True}  # the same numbers, sooner

    def more(self, found: Arrays, ratings: Ratings, items: Numbering, fitted: Any) -> Arrays:
        """Vectors of users with what their items say of them, and what each item says."""
        implicit, own = items.spread(fitted.yj), found["user_vectors"]
        pairs = np.ones(len(ratings.items)), (ratings.users, ratings.items)
        told = sparse.csr_array(pairs, (len(own), len(implicit))) @ implicit
        n_rated = np.maximum(np.bincount(ratings.users, minlength=len(own)), 1)
        return {"user_vectors": own + told / np.sqrt(n_rated)[:, None], "implicit": implicit}

    def folded(self, rows: sparse.csr_array) -> Floats:
        """Σ y(j) / √n over the items of each row."""
        n_liked = np.maximum(np.diff(rows.indptr), 1)
        return np.asarray((rows.astype(np.float64) @ self.found["implicit"]) / np.sqrt(n_liked)[:, None])


def trainset(surprise: Any, users: Numbering, items: Numbering, values: Floats) -> Any:
    """The ratings as Surprise takes them, user by user, by its own numbers."""
    by_user, by_item = defaultdict(list), defaultdict(list)
    for user, item, value in zip(users.numbers.tolist(), items.numbers.tolist(), values.tolist(), strict=True):
        by_user[user].append((item, value))
        by_item[item].append((user, value))
    bounds = float(values.min()), float(values.max())
    n_users, n_items = len(users.places), len(items.places)
    names = {n: n for n in range(n_users)}, {n: n for n in range(n_items)}
    return surprise.Trainset(by_user, by_item, n_users, n_items, len(values), bounds, *names)
