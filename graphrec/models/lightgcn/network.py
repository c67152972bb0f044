"""PyG's LightGCN with the fast propagation behind it."""

from __future__ import annotations

import warnings
from typing import Any, cast

import torch
from torch import Tensor

from graphrec.models.lightgcn.propagation import Adjacency, Polynomial

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # PyG imports what PyTorch has deprecated
    from torch_geometric.nn.models import LightGCN as PyGLightGCN


class Network(PyGLightGCN):  # type: ignore[misc]
    """`torch_geometric.nn.models.LightGCN`, state_dict and all; its embeddings also from an `Adjacency`."""

    def get_embedding(self, edge_index: Any, edge_weight: Tensor | None = None) -> Tensor:
        """Users and then items, n × dim. On a GPU, and for anything but an `Adjacency`, PyG's own path is taken."""
        device = self.embedding.weight.device
        if isinstance(edge_index, Adjacency) and device.type != "cpu":
            edge_index, edge_weight = (part.to(device) for part in edge_index.edges)
        if not isinstance(edge_index, Adjacency):
            return cast(Tensor, super().get_embedding(edge_index, edge_weight))
        return cast(Tensor, Polynomial.apply(self.embedding.weight, edge_index, tuple(self.alpha.tolist())))


def best_device(wanted: str) -> torch.device:
    """The device of that name; for `auto` the GPU if there is one."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


def new_network(n_nodes: int, dim: int, num_layers: int, seed: int) -> Network:
    """A network with random embeddings, which depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network(n_nodes, dim, num_layers)
