"""Weights that the data state reach every model that can take them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graphrec.recommend.base import Profile
from graphrec.recommend.fitted import make_fitted
from graphrec.snapshot import Snapshot
from graphrec.snapshot.columns import stated_weights

SETTINGS: dict[str, dict[str, Any]] = {
    **{name: {} for name in ("p3alpha", "item_graph", "ease", "gfcf", "chebyshev", "spectral")},
    **{name: {} for name in ("user_neighbours", "item_neighbours", "content")},
    "als": {"factors": 4, "iterations": 3},
    "nmf": {"n_components": 4, "max_iter": 20},
    "lightgcn": {"embedding_dim": 8, "epochs": 1},
    "multvae": {"epochs": 1},
}


@pytest.fixture(scope="module")
def snapshots() -> tuple[Snapshot, Snapshot]:
    """The same likes, all worth the same, and with weights from .05 to 5 as decay gives them."""
    rng = np.random.default_rng(5)
    users, items = [f"u{n}" for n in rng.integers(0, 60, 900)], [f"i{n}" for n in rng.integers(0, 40, 900)]
    import pyarrow as pa

    tags = pa.table({"item_id": [f"i{n}" for n in range(40)], "tag": [f"t{n % 7}" for n in range(40)]})
    plain = Snapshot.from_pairs(users, items, item_tags=tags)
    data = stated_weights(plain.matrix.data.astype(float), 0.05 * 100 ** rng.random(plain.matrix.nnz))
    matrix = plain.matrix.copy()
    matrix.data = data.astype(np.float32)
    return plain, replace(plain, matrix=matrix)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_model_learns_from_stated_weights(snapshots: tuple[Snapshot, Snapshot], name: str) -> None:
    lists = []
    for snapshot in snapshots:
        found = make_fitted(name, SETTINGS[name], with_reasons=False).fit(snapshot)
        lists.append(found.recommend([Profile(f"u{n}") for n in range(20)], 5)["item_id"].tolist())
    assert lists[0]
    assert lists[0] != lists[1]
