"""What is known of an item before anything is known of the user: how many people like it.

A cosine can hardly say that everybody likes an item: its vector would have to point at all users at once. So the
logarithm of an item's likers is added to its scores, in the loss as in ranking, and the vectors learn the rest (Menon
et al., "Long-tail learning via logit adjustment", ICLR 2021, turned round: here what is popular shall be found).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from graphrec.models.lightgcn.settings import LightGCNSettings

Floats = NDArray[np.float32]


def prior(n_likers: NDArray[np.floating | np.integer], settings: LightGCNSettings) -> Floats:
    """What is added to the score of each item, a product divided by the temperature."""
    return np.asarray(settings.popularity * np.log1p(n_likers), dtype=np.float32)


def expected(n_likers: NDArray[np.int64], tags: sparse.csr_array, share: float) -> NDArray[np.float64]:
    """How many people like each item; of one that nobody likes yet, what its tags let expect.

    That is the mean over its tags of the mean logarithm of those that have them, times `share`. Nothing without tags.
    """
    has = sparse.csr_array(tags.astype(bool).astype(np.float64))
    liked = n_likers > 0
    log = np.log1p(n_likers)
    n_items = np.asarray(has[liked].sum(axis=0)).ravel()
    mean = (has[liked].T @ log[liked]) / np.maximum(n_items, 1)
    told = (has @ mean) / np.maximum(np.asarray((has @ (n_items > 0)).ravel()), 1)
    return np.where(liked, n_likers, np.expm1(share * told))


def extended(users: Tensor, items: Tensor, added: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Vectors one number longer, whose products rank as scores with the prior `added` do; users of zeros stay so."""
    ones = users.any(dim=1, keepdim=True).to(users.dtype)
    return torch.cat([users, ones], dim=1), torch.cat([items, temperature * added[:, None]], dim=1)
