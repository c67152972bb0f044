"""A small world of two tastes: users of one like the items of that one."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from graphrec.snapshot import Snapshot

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # PyG imports what PyTorch has deprecated
    import torch_geometric.nn.models  # noqa: F401

torch.set_num_threads(1)  # for matrices this small more threads only wait for each other

N_USERS, N_ITEMS = 60, 40


@pytest.fixture(scope="session")
def tastes() -> Snapshot:
    """Users and items with even numbers belong together, and those with odd ones; a pair of them is likely there."""
    rng = np.random.default_rng(3)
    user, item = np.meshgrid(np.arange(N_USERS), np.arange(N_ITEMS), indexing="ij")
    liked = (user % 2 == item % 2) & (rng.random(user.shape) < 0.6)
    at = rng.integers(0, 1000, liked.sum())
    return Snapshot.from_pairs(
        [f"u{n:03d}" for n in user[liked]], [f"i{n:03d}" for n in item[liked]], last_at=at, items=["unseen"]
    )
