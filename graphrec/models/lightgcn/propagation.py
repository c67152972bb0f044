"""The propagation of LightGCN: a polynomial of the normalised adjacency, the same forward and backward.

The adjacency of a bipartite graph with both directions is symmetric, so the gradient of p(A) x is p(A) times the
gradient. One sparse product a layer, no transposed copy, no normalisation rebuilt, nothing kept for the backward pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from graphrec.models.lightgcn.side_edges import SideEdges
from graphrec.models.products import Rows, multiply


@dataclass(frozen=True, eq=False)
class Adjacency:
    """D^-½ A D^-½ by rows over users and then items; both directions of every pair. A node without pairs is a 0 row.

    `matrix`: users × items, weighted, as it was given. `beside`: edges beside those; tags are nodes after the items.
    """

    matrix: sparse.csr_array
    rows: Rows
    beside: SideEdges | None = None

    @classmethod
    def of(cls, matrix: sparse.csr_array, beside: SideEdges | None = None) -> Adjacency:
        """From users × items, weighted, and edges beside them."""
        plain = [[None, matrix], [matrix.T.tocsr(), None]]
        full = beside.whole(matrix) if beside else sparse.block_array(plain, format="csr")
        degree = np.asarray(full.sum(axis=1), dtype=np.float64)
        scale = np.where(degree > 0, degree, 1) ** -0.5
        full.data = full.data * np.repeat(scale, np.diff(full.indptr)) * scale[full.indices]
        return cls(matrix, Rows.of(full), beside)

    def product(self, x: Tensor) -> Tensor:
        """A x, n × dim."""
        return torch.from_numpy(multiply(self.rows, x.detach().numpy()))

    @cached_property
    def edges(self) -> tuple[Tensor, Tensor]:
        """The same graph as PyG takes it: 2 × n directed edges, both directions, and their weights."""
        if self.beside:
            whole = self.beside.whole(self.matrix).tocoo()
            directed = torch.from_numpy(np.stack([whole.row.astype(np.int64), whole.col.astype(np.int64)]))
            return directed, torch.from_numpy(whole.data.astype(np.float32))
        users = np.repeat(np.arange(self.matrix.shape[0]), np.diff(self.matrix.indptr))
        pairs = torch.from_numpy(np.stack([users, self.matrix.indices.astype(np.int64) + self.matrix.shape[0]]))
        weights = torch.from_numpy(self.matrix.data.astype(np.float32))
        return torch.cat([pairs, pairs.flip(0)], dim=1), torch.cat([weights, weights])

    @property
    def has_pairs(self) -> Tensor:
        """Which nodes have a pair."""
        return torch.from_numpy(np.diff(self.rows.parts[0]) > 0)


class Polynomial(torch.autograd.Function):
    """Σ alpha[l] A^l x, by Horner's rule."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, adjacency: Adjacency, alpha: tuple[float, ...]) -> Tensor:
        ctx.adjacency, ctx.alpha = adjacency, alpha
        return evaluate(x, adjacency, alpha)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return evaluate(gradients[0].contiguous(), ctx.adjacency, ctx.alpha), None, None


def evaluate(x: Tensor, adjacency: Adjacency, alpha: tuple[float, ...]) -> Tensor:
    """Σ alpha[l] A^l x without a gradient."""
    result = x * alpha[-1]
    for weight in reversed(alpha[:-1]):
        result = adjacency.product(result).add_(x, alpha=weight)
    return result
