"""LightGCN's propagation, forward and backward, beside PyG's own on a plain `edge_index`.

    python benchmarks/propagation.py --data DIR [--dim 64] [--num-layers 3] [--repeats 10]

DIR holds `gowalla/train.txt`. Both networks have the same weights; values and gradients are compared first. They take
turns, and the medians count.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch_geometric.nn.models import LightGCN as PyGLightGCN

from graphrec.models.lightgcn.network import new_network
from graphrec.models.lightgcn.propagation import Adjacency
from graphrec.snapshot import Snapshot
from loaders import load_frames


def main() -> None:
    arguments = read_arguments()
    matrix = read_matrix(arguments.data / "gowalla")
    started = time.perf_counter()
    adjacency = Adjacency.of(matrix)
    made_s = time.perf_counter() - started
    ours = new_network(sum(matrix.shape), arguments.dim, arguments.num_layers, seed=1)
    theirs = PyGLightGCN(sum(matrix.shape), arguments.dim, arguments.num_layers)
    theirs.load_state_dict(ours.state_dict())
    goal = torch.randn(sum(matrix.shape), arguments.dim, generator=torch.Generator().manual_seed(2))
    ways = {
        "PyG, plain edge_index": lambda: forward_and_backward(theirs, (adjacency.edges[0],), goal),
        "graphrec": lambda: forward_and_backward(ours, (adjacency,), goal),
    }
    gradients = [way() for way in ways.values()]
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-5)
    seconds = take_turns(ways, arguments.repeats)
    print(f"{sum(matrix.shape):,} nodes, {2 * matrix.nnz:,} directed edges, {arguments.dim} dimensions, ", end="")
    print(f"{arguments.num_layers} layers, {torch.get_num_threads()} threads; adjacency made once in {made_s:.2f} s\n")
    base = seconds["PyG, plain edge_index"]
    print("| way | forward + backward, s | times faster |\n|---|---|---|")
    for name, taken in seconds.items():
        print(f"| {name} | {taken:.3f} | {base / taken:.1f} |")


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("GRAPHREC_DATA")
    parser.add_argument("--data", type=Path, default=data and Path(data), required=data is None)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--num-layers", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=10)
    return parser.parse_args()


def read_matrix(path: Path) -> sparse.csr_array:
    """The training part of a data set."""
    with tempfile.TemporaryDirectory() as folder:
        return Snapshot.from_frames(load_frames(path, staging=Path(folder) / "frames")).matrix


def forward_and_backward(network: PyGLightGCN, graph: tuple[object, ...], goal: Tensor) -> Tensor:
    """The gradient of the embeddings' product with a goal."""
    network.zero_grad(set_to_none=True)
    (network.get_embedding(*graph) * goal).sum().backward()
    gradient = network.embedding.weight.grad
    assert gradient is not None
    return gradient


def take_turns(ways: dict[str, Callable[[], Tensor]], repeats: int) -> dict[str, float]:
    """The median seconds of each way."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            taken[name].append(time.perf_counter() - started)
    return {name: float(np.median(values)) for name, values in taken.items()}


if __name__ == "__main__":
    main()
