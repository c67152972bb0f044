"""The fast propagation equals PyG's own, in values and in gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse
from torch_geometric.nn.models import LightGCN as PyGLightGCN

from graphrec.models.lightgcn.network import new_network
from graphrec.models.lightgcn.propagation import Adjacency

N_USERS, N_ITEMS = 30, 20


def weighted(seed: int, weighted: bool) -> sparse.csr_array:
    rng = np.random.default_rng(seed)
    matrix = sparse.random_array((N_USERS, N_ITEMS), density=0.2, rng=rng, format="csr", dtype=np.float32)
    matrix.data[:] = rng.choice([0.5, 1.0], len(matrix.data)) if weighted else 1.0
    matrix.sort_indices()
    return matrix


def edges(matrix: sparse.csr_array) -> tuple[torch.Tensor, torch.Tensor]:
    """Both directions, as PyG wants them."""
    row, column = matrix.nonzero()
    there = torch.tensor(np.stack([row, column + matrix.shape[0]]), dtype=torch.long)
    weight = torch.from_numpy(np.asarray(matrix[row, column], dtype=np.float32))
    return torch.cat([there, there.flip(0)], dim=1), torch.cat([weight, weight])


@pytest.mark.parametrize("num_layers", [0, 1, 2, 3])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_values_and_gradients_are_those_of_pyg(num_layers: int, is_weighted: bool) -> None:
    matrix = weighted(num_layers, is_weighted)
    network = new_network(N_USERS + N_ITEMS, 6, num_layers, seed=1)
    theirs = PyGLightGCN(N_USERS + N_ITEMS, 6, num_layers)
    theirs.load_state_dict(network.state_dict())
    goal = torch.randn(N_USERS + N_ITEMS, 6, generator=torch.Generator().manual_seed(2))
    mine = network.get_embedding(Adjacency.of(matrix))
    other = theirs.get_embedding(*edges(matrix))
    torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-6)
    (mine * goal).sum().backward()
    (other * goal).sum().backward()
    torch.testing.assert_close(network.embedding.weight.grad, theirs.embedding.weight.grad, rtol=1e-5, atol=1e-6)


def test_an_edge_index_takes_pygs_own_path() -> None:
    matrix = weighted(5, False)
    network = new_network(N_USERS + N_ITEMS, 6, 2, seed=1)
    torch.testing.assert_close(
        network.get_embedding(edges(matrix)[0]), network.get_embedding(Adjacency.of(matrix)), rtol=1e-5, atol=1e-6
    )


def test_users_learn_from_their_items_and_items_from_their_users() -> None:
    """One direction alone would leave the users as they are."""
    matrix = sparse.csr_array(np.array([[1.0, 0.0]], dtype=np.float32))
    adjacency = Adjacency.of(matrix)
    x = torch.eye(3)
    np.testing.assert_array_equal(adjacency.product(x).numpy(), [[0, 1, 0], [1, 0, 0], [0, 0, 0]])


def test_the_graph_as_pyg_takes_it_is_the_same() -> None:
    """It is what a GPU computes with."""
    matrix = weighted(6, True)
    network, adjacency = new_network(N_USERS + N_ITEMS, 6, 3, seed=1), Adjacency.of(matrix)
    torch.testing.assert_close(
        network.get_embedding(*adjacency.edges), network.get_embedding(adjacency), rtol=1e-5, atol=1e-6
    )
