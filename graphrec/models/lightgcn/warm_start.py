"""Where training starts: at random, from the spectrum of the matrix, or from what an earlier model has learnt."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from graphrec.errors import InputError
from graphrec.models.lightgcn.propagation import Adjacency
from graphrec.models.spectrum import normalise, randomised_svd

Floats = NDArray[np.float32]
NOISE = 1e-3

HOPS = 2
"""How far from the nodes that are known a new one may be to be placed: a new user of new items is two hops away."""


def spectral(matrix: sparse.csr_array, dim: int, seed: int) -> Floats:
    """Users and then items, n × dim: the singular vectors of D^-½ R D^-½, scaled by the roots of their values.

    Rows are on average as long as 1. Where the matrix has a lower rank than `dim` the rest is small noise.
    """
    found = randomised_svd(normalise(matrix), dim, seed)
    both = np.concatenate([found.left, found.right]) * np.sqrt(found.values)
    if both.shape[1] < dim:
        both = np.column_stack([both, np.zeros((len(both), dim - both.shape[1]))])
    both *= np.sqrt(len(both)) / max(float(np.linalg.norm(both)), 1e-12)
    return (both + _noise(both.shape, seed)).astype(np.float32)


def content(matrix: sparse.csr_array, tags: sparse.csr_array, dim: int, seed: int) -> Floats:
    """Users and then items, n × dim: items by the singular vectors of their tags, users by the items that they like.

    Rows are on average as long as 1. InputError without a tag.
    """
    if not tags.nnz:
        raise InputError("expected items with tags for warm_start=content, found none; take warm_start=spectral")
    found = randomised_svd(normalise(tags), min(dim, *tags.shape), seed)
    items = found.left * np.sqrt(found.values)
    both = np.concatenate([normalise(matrix) @ items, items])
    both = np.column_stack([both, np.zeros((len(both), dim - both.shape[1]))])
    both *= np.sqrt(len(both)) / max(float(np.linalg.norm(both)), 1e-12)
    return (both + _noise(both.shape, seed)).astype(np.float32)


def placed(start: Floats, adjacency: Adjacency, seed: int) -> Floats:
    """A start of users and items with tags after them: they, and items without a like, begin where their neighbours do.

    Without edges beside the likes it is what it was.
    """
    if not adjacency.beside:
        return start
    known = np.concatenate([np.diff(adjacency.matrix.indptr), np.diff(adjacency.matrix.tocsc().indptr)]) > 0
    places = np.full(adjacency.rows.shape[0], -1, dtype=np.int64)
    places[: len(start)][known] = np.flatnonzero(known)
    return inherited(start, places, adjacency, seed)


def inherited(weight: Floats, places: NDArray[np.int64], adjacency: Adjacency, seed: int) -> Floats:
    """Users and then items, n × dim: row `places[n]` of an earlier model's weights, and for new ones (-1) a guess.

    A new node starts where its neighbours are: in the direction of their propagated mean, as long as the known ones
    of its side are on average. That is what propagation would say of it with no weight of its own, and it costs one
    sparse product; spectral coordinates would cost a decomposition of the whole matrix and must be turned to fit.
    """
    known = places >= 0
    found = np.where(known[:, None], weight[places], 0).astype(np.float32)
    is_item = np.arange(len(places)) >= adjacency.matrix.shape[0]
    lengths = [_mean_length(found[known & (is_item == side)]) for side in (False, True)]
    wanted = np.where(is_item, lengths[1], lengths[0])[:, None]
    for _ in range(HOPS):
        around = adjacency.product(torch.from_numpy(found)).numpy()
        size = np.linalg.norm(around, axis=1, keepdims=True)
        reached = ~known & (size[:, 0] > 0)
        found[reached] = (around / np.maximum(size, 1e-12) * wanted)[reached]
        known = known | reached
    found[~known] = _noise(found.shape, seed)[~known]
    return found


def _mean_length(rows: Floats) -> float:
    return float(np.linalg.norm(rows, axis=1).mean()) if len(rows) else 1.0


def _noise(shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:
    return np.random.default_rng([seed, 0x501E]).normal(0, NOISE, shape)
