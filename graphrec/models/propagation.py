"""The propagation of LightGCN: a polynomial of the normalised adjacency, the same forward and backward.

The adjacency of a bipartite graph with both directions is symmetric, so the gradient of p(A) x is p(A) times the
gradient. One sparse product a layer, no transposed copy, no normalisation rebuilt, nothing kept for the backward pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Adjacency:
    """D^-½ A D^-½ as CSR over users and then items; both directions of every pair. A node without pairs is a 0 row."""

    indptr: Tensor
    indices: Tensor
    values: Tensor

    @classmethod
    def of(cls, matrix: sparse.csr_array, device: torch.device | str = "cpu") -> Adjacency:
        """From users × items, weighted."""
        full = sparse.block_array([[None, matrix], [matrix.T.tocsr(), None]], format="csr")
        degree = np.asarray(full.sum(axis=1), dtype=np.float64)
        scale = np.where(degree > 0, degree, 1) ** -0.5
        rows = np.repeat(scale, np.diff(full.indptr))
        values = (full.data * rows * scale[full.indices]).astype(np.float32)
        return cls(
            torch.from_numpy(full.indptr.astype(np.int64)).to(device),
            torch.from_numpy(full.indices.astype(np.int64)).to(device),
            torch.from_numpy(values).to(device),
        )

    def product(self, x: Tensor) -> Tensor:
        """A x. PyTorch's summed embedding lookup is a CSR product on all cores, and quicker than its sparse one."""
        found: Tensor = torch.embedding_bag(
            x, self.indices, self.indptr, False, 0, False, self.values, include_last_offset=True
        )[0]
        return found

    def edge_index(self) -> tuple[Tensor, Tensor]:
        """The same graph as PyG takes it: 2 × n directed edges, and their unnormalised places in `values`."""
        rows = torch.repeat_interleave(torch.arange(len(self.indptr) - 1), torch.diff(self.indptr))
        return torch.stack([self.indices, rows]), self.values


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
