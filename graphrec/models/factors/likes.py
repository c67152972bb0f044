"""Factors of likes: ALS and BPR, fitted by implicit, and non-negative factors, fitted by scikit-learn.

Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets" (ICDM 2008); Rendle, Freudenthaler,
Gantner and Schmidt-Thieme, "BPR: Bayesian personalized ranking from implicit feedback" (UAI 2009); Lee and Seung,
"Learning the parts of objects by non-negative matrix factorization" (Nature, 1999).
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from graphrec.errors import InputError
from graphrec.models.arrays_model import Arrays, ArraysModel
from graphrec.models.base import Block, Progress, fingerprint_of
from graphrec.models.factors.libraries import library
from graphrec.models.settings import Range, Settings, Space
from graphrec.snapshot import Snapshot

Floats = NDArray[np.float64]

CONFIDENCES = ("likes", "stated", "log")

UPDATES = 40
"""Steps by which the factors of a row are found; more change nothing that a list shows."""


class LikesModel(ArraysModel):
    """A model whose items have vectors; those without a like have none, and never come.

    `vectors`: the same in double precision.
    """

    vectors: Floats

    def prepare(self) -> None:
        """The vectors of items in both precisions."""
        self.vectors = self.found["item_vectors"].astype(np.float64)
        self._single = self.found["item_vectors"].astype(np.float32)

    @property
    def item_vectors(self) -> NDArray[np.float32]:
        """Items near to each other are liked by the same people."""
        return self._single

    def product(self, users: Floats) -> Floats:
        """Vectors of rows times those of all items."""
        scores: Floats = users @ self.vectors.T
        scores[:, ~self.found["is_liked"]] = -np.inf
        return scores


@dataclass(frozen=True)
class ALSSettings(Settings):
    """`alpha`: how much surer a liked pair is than one without; times its `confidence`: `likes`, that of its kind;
    `stated`, the weight that the data state, with the decay that `graphrec clean` gave it, or how often it was done
    times that of the kind; `log`, the logarithm of 1 + that."""

    space: ClassVar[Space] = {
        "factors": Range(16, 256, log=True),
        "regularization": Range(0.001, 10, log=True),
        "alpha": Range(0.5, 50, log=True),
        "iterations": Range(5, 40, log=True),
    }

    factors: int = 64
    regularization: float = 0.1
    alpha: float = 5.0
    iterations: int = 15
    confidence: str = "likes"
    seed: int = 42

    def __post_init__(self) -> None:
        self.at_least("factors", 1)
        self.at_least("iterations", 1)
        if self.confidence not in CONFIDENCES:
            raise InputError(f"expected one of {', '.join(CONFIDENCES)} as confidence, found {self.confidence!r}")


class ALS(LikesModel):
    """Alternating least squares over all pairs, the liked ones with more confidence: alpha times their weight.

    A row has the weights of kinds. Its vector is solved from its items, those of the items held: so who came after the
    fit is scored as any other, and what was liked a moment ago counts.
    """

    name = "als"
    kind = ALSSettings

    def fingerprint(self, snapshot: Snapshot) -> str:
        """The same where likes are, and how sure they are."""
        sure = confidences(snapshot, self.settings.confidence).data
        return fingerprint_of(super().fingerprint(snapshot), hashlib.blake2b(sure.tobytes(), digest_size=8).hexdigest())

    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """Vectors of items. Cost: iterations × (likes + (users + items) × factors) × factors, by conjugate steps."""
        s = self.settings
        als = library("implicit.cpu.als", "implicit", self.name)
        make = partial(
            als.AlternatingLeastSquares,
            factors=s.factors,
            regularization=s.regularization,
            alpha=s.alpha,
            iterations=s.iterations,
            random_state=s.seed,
            num_threads=1,
        )
        vectors = _fitted(make, replace(snapshot, matrix=confidences(snapshot, s.confidence)))[1]
        items = vectors.astype(np.float64)
        shared = items.T @ items + s.regularization * np.eye(items.shape[1])
        return {"item_vectors": vectors, "shared": shared, "is_liked": snapshot.n_likers() > 0}

    def scores(self, block: Block) -> Floats:
        """Products with the solved vectors."""
        return self.product(np.stack([self._solved(*_row(block.rows, n)) for n in range(len(block.users))]))

    def _solved(self, liked: NDArray[np.int64], weights: Floats) -> Floats:
        """(YᵀY + Yᵀ (C − I) Y + λ I)⁻¹ Yᵀ C 1, C the confidence. `shared`, of all items, is YᵀY + λ I."""
        confidence, shared = self.settings.alpha * weights[:, None], self.found["shared"]
        theirs = self.vectors[liked]
        return np.asarray(
            np.linalg.solve(shared + theirs.T @ ((confidence - 1) * theirs), (confidence * theirs).sum(axis=0))
        )


@dataclass(frozen=True)
class BPRSettings(Settings):
    """`iterations`: epochs, each of as many drawn pairs of a liked and another item as there are likes."""

    space: ClassVar[Space] = {
        "factors": Range(16, 256, log=True),
        "learning_rate": Range(0.001, 0.1, log=True),
        "regularization": Range(0.0005, 0.1, log=True),
        "iterations": Range(50, 400, log=True),
    }

    factors: int = 64
    learning_rate: float = 0.005
    regularization: float = 0.003
    iterations: int = 200
    seed: int = 42

    def __post_init__(self) -> None:
        self.at_least("factors", 1)
        self.at_least("iterations", 1)


class BPR(LikesModel):
    """Vectors that put liked items before others. A visitor's is the items' mean, as long as a user's."""

    name = "bpr"
    kind = BPRSettings

    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """Vectors of users and items; the last number of an item's is how liked it is by all, and 1 of a user's."""
        s = self.settings
        bpr = library("implicit.cpu.bpr", "implicit", self.name)
        make = partial(
            bpr.BayesianPersonalizedRanking,
            factors=s.factors,
            learning_rate=s.learning_rate,
            regularization=s.regularization,
            iterations=s.iterations,
            random_state=s.seed,
            num_threads=1,
        )
        users, items = _fitted(make, snapshot)
        liked = np.diff(snapshot.matrix.indptr) > 0
        length = np.linalg.norm(users[liked, :-1], axis=1).mean()
        return {
            "user_vectors": users,
            "item_vectors": items,
            "is_liked": snapshot.n_likers() > 0,
            "length": np.array(length),
        }

    def scores(self, block: Block) -> Floats:
        """Products of the vectors."""
        vectors = self.found["user_vectors"][block.users].astype(np.float64)
        new = np.flatnonzero((block.users < 0) | ~vectors.any(axis=1))
        if len(new):
            rows = sparse.csr_array(block.rows[new]).astype(np.float64)
            mean = np.asarray(rows @ self.vectors)
            mean *= self.found["length"] / np.maximum(np.linalg.norm(mean[:, :-1], axis=1, keepdims=True), 1e-12)
            mean[:, -1] = 1
            vectors[new] = mean
        return self.product(vectors)


@dataclass(frozen=True)
class NMFSettings(Settings):
    """`alpha`: how much large numbers are punished; `l1_ratio`: how much of it by their sum, which makes many 0."""

    space: ClassVar[Space] = {
        "n_components": Range(10, 150, log=True),
        "alpha": Range(0.00001, 0.01, log=True),
        "l1_ratio": Range(0, 1),
    }

    n_components: int = 40
    alpha: float = 0.0001
    l1_ratio: float = 0.0
    max_iter: int = 100
    seed: int = 42

    def __post_init__(self) -> None:
        self.at_least("n_components", 1)
        self.at_least("max_iter", 1)


class NMF(LikesModel):
    """Non-negative factors: each is a set of items that go together, and a user a sum of such sets."""

    name = "nmf"
    kind = NMFSettings

    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """The factors, by coordinate descent. Cost: iterations × likes × components."""
        s = self.settings
        rank = min(s.n_components, *snapshot.matrix.shape)
        options = {"alpha_W": s.alpha, "l1_ratio": s.l1_ratio, "random_state": s.seed}
        model = library("sklearn.decomposition", "scikit-learn", self.name).NMF(
            rank, init="nndsvda", max_iter=s.max_iter, **options
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the iterations are a setting; a list needs no more of them
            model.fit(snapshot.matrix.astype(np.float64))
        return {"item_vectors": model.components_.T.copy(), "is_liked": snapshot.n_likers() > 0}

    def scores(self, block: Block) -> Floats:
        """The row as a sum of the factors, found by steps of which each row makes the same number."""
        factors = self.vectors
        cross, target = factors.T @ factors, np.asarray(block.rows.astype(np.float64) @ factors)
        size = np.diagonal(cross) + 1e-12
        found = np.zeros_like(target)
        for _ in range(UPDATES):
            for n in range(len(size)):
                found[:, n] = np.maximum(found[:, n] + (target[:, n] - found @ cross[n]) / size[n], 0)
        scores = self.product(found)
        scores[scores == 0] = -np.inf  # nothing leads from the row to the item
        return scores


def confidences(snapshot: Snapshot, confidence: str) -> sparse.csr_array:
    """Users × items: how sure each like is, on the average of all likes as sure as by the kinds' weights."""
    matrix = snapshot.matrix
    if confidence == "likes" or snapshot.extent is None:
        return matrix
    extent = np.maximum(snapshot.extent.astype(np.float64), 0)
    sure = np.log1p(extent) if confidence == "log" else extent
    sure *= matrix.data.mean() / max(sure.mean(), 1e-12)
    return sparse.csr_array((sure.astype(np.float32), matrix.indices, matrix.indptr), shape=matrix.shape)


def _fitted(make: Callable[[], Any], snapshot: Snapshot) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vectors of users and items by a model of implicit, whose products are too small for threads of BLAS."""
    with threadpool_limits(1, user_api="blas"):
        model = make()
        model.fit(sparse.csr_matrix(snapshot.matrix), show_progress=False)
    return np.asarray(model.user_factors), np.asarray(model.item_factors)


def _row(rows: sparse.csr_array, n: int) -> tuple[NDArray[np.int64], Floats]:
    part = slice(rows.indptr[n], rows.indptr[n + 1])
    return rows.indices[part].astype(np.int64), rows.data[part].astype(np.float64)
