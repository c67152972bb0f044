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
from scipy import sparse

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


class Example:
    """Model, optimiser and edges as the example makes them, with its settings where no others are given."""

    def __init__(self, matrix: sparse.csr_array, settings: Mapping[str, Any]) -> None:
        self.options = {"embedding_dim": 64, "num_layers": 2, "learning_rate": 0.001, "lambda_reg": 1e-4}
        self.options |= {"batch_size": 8192, "epochs": 100} | dict(settings)
        self.n_users, self.n_items = matrix.shape
        torch.manual_seed(1)
        users = np.repeat(np.arange(self.n_users), np.diff(matrix.indptr))
        self.pairs = torch.from_numpy(np.stack([users, matrix.indices.astype(np.int64) + self.n_users]))
        self.edges = torch.cat([self.pairs, self.pairs.flip(0)], dim=1)
        self.model = LightGCN(sum(matrix.shape), self.options["embedding_dim"], self.options["num_layers"])
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=self.options["learning_rate"])

    def batches(self) -> tuple[torch.Tensor, ...]:
        """The positions of the pairs of an epoch, batch by batch."""
        return torch.randperm(self.pairs.shape[1]).split(self.options["batch_size"])

    def step(self, batch: torch.Tensor) -> None:
        """One move of the optimiser."""
        liked = self.pairs[:, batch]
        drawn = torch.stack([liked[0], torch.randint(self.n_users, self.n_users + self.n_items, (len(batch),))])
        both = torch.cat([liked, drawn], dim=1)
        self.optimiser.zero_grad()
        better, worse = self.model(self.edges, both).chunk(2)
        decay = self.options["lambda_reg"]
        loss = self.model.recommendation_loss(better, worse, node_id=both.unique(), lambda_reg=decay)
        loss.backward()
        self.optimiser.step()


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
        self.matrix = snapshot.matrix
        self.n_users, n_items = self.matrix.shape
        example = Example(self.matrix, settings)
        cut = ""
        for epoch in range(n_epochs := example.options["epochs"]):
            batches = example.batches()
            for step, batch in enumerate(batches):
                if time.perf_counter() > until:
                    cut = f"cut off after {epoch + step / len(batches):.1f} of {n_epochs} epochs"
                    break
                example.step(batch)
            if cut:
                break
        with torch.no_grad():
            vectors = example.model.get_embedding(example.edges)
            self.users, self.items = vectors.split([self.n_users, n_items])
        return cut

    def recommend(self, users: Ints, k: int) -> Ints:
        blocks = []
        for start in range(0, len(users), BLOCK):
            block = users[start : start + BLOCK]
            scores = (self.users[torch.from_numpy(block)] @ self.items.T).numpy()
            blocks.append(best_unseen(scores, self.matrix[block], k))
        return np.concatenate(blocks)
