"""PyTorch Geometric's LightGCN, trained as its own example trains it (examples/lightgcn.py): BPR, one negative a pair.

Both directions of every pair are in the graph, `recommendation_loss` regularises the nodes of the batch, and the seen
items are masked, as there. The example's 100 epochs are the default.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from graphrec.snapshot import Snapshot
from peers.base import Choice, Ints, Real, Space, Whole, best_unseen

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # PyG imports what PyTorch has deprecated
    from torch_geometric.nn.models import LightGCN

SPACES: Mapping[str, Space] = {
    "pyg-lightgcn": {
        "embedding_dim": Choice((64, 128)),
        "num_layers": Whole(1, 4),
        "learning_rate": Real(0.0005, 0.02, log=True),
        "lambda_reg": Real(1e-6, 1e-2, log=True),
        "batch_size": Choice((1024, 2048, 4096, 8192)),
        "epochs": Whole(20, 400, log=True),
    }
}

BLOCK = 1024
"""Users ranked at a time."""


class PyG:
    """LightGCN. `best` are user and item embeddings after the last epoch."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(
        self,
        snapshot: Snapshot,
        settings: Mapping[str, Any],
        until: float,
    ) -> str:
        options = {"embedding_dim": 64, "num_layers": 2, "learning_rate": 0.001, "lambda_reg": 1e-4}
        options |= {"batch_size": 8192, "epochs": 100} | dict(settings)
        self.matrix = snapshot.matrix
        n_users, n_items = self.matrix.shape
        torch.manual_seed(1)
        users = np.repeat(np.arange(n_users), np.diff(self.matrix.indptr))
        pairs = torch.from_numpy(np.stack([users, self.matrix.indices.astype(np.int64) + n_users]))
        edges = torch.cat([pairs, pairs.flip(0)], dim=1)
        self.n_users = n_users
        model = LightGCN(n_users + n_items, options["embedding_dim"], options["num_layers"])
        optimiser = torch.optim.Adam(model.parameters(), lr=options["learning_rate"])
        cut = ""
        for epoch in range(options["epochs"]):
            batches = torch.randperm(pairs.shape[1]).split(options["batch_size"])
            for step, batch in enumerate(batches):
                if time.perf_counter() > until:
                    cut = f"cut off after {epoch + step / len(batches):.1f} of {options['epochs']} epochs"
                    break
                liked = pairs[:, batch]
                drawn = torch.stack([liked[0], torch.randint(n_users, n_users + n_items, (len(batch),))])
                both = torch.cat([liked, drawn], dim=1)
                optimiser.zero_grad()
                better, worse = model(edges, both).chunk(2)
                loss = model.recommendation_loss(better, worse, node_id=both.unique(), lambda_reg=options["lambda_reg"])
                loss.backward()
                optimiser.step()
            if cut:
                break
        with torch.no_grad():
            self.users, self.items = model.get_embedding(edges).split([n_users, n_items])
        return cut

    def recommend(self, users: Ints, k: int) -> Ints:
        blocks = []
        for start in range(0, len(users), BLOCK):
            block = users[start : start + BLOCK]
            scores = (self.users[torch.from_numpy(block)] @ self.items.T).numpy()
            blocks.append(best_unseen(scores, self.matrix[block], k))
        return np.concatenate(blocks)
