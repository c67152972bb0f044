"""LightGCN: embeddings of users and items, learnt through their graph (He et al., 2020)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec.errors import InputError
from graphrec.models.base import Progress, Vectors
from graphrec.models.checkpoint import State
from graphrec.models.lightgcn.network import Network, best_device, new_network
from graphrec.models.lightgcn.propagation import Adjacency
from graphrec.models.lightgcn.settings import LightGCNSettings
from graphrec.models.lightgcn.trainer import Trainer
from graphrec.models.lightgcn.warm_start import spectral
from graphrec.models.validation import Validation
from graphrec.snapshot import Snapshot
from graphrec.versions.arrays import read_arrays, read_ids, write_arrays

FILE = "lightgcn.npz"

REVISION = 3
"""Raised whenever the same data and settings learn other vectors than before."""


class LightGCN:
    """PyG's LightGCN, fitted. `user_vectors`, `item_vectors`: n × embedding_dim, to be compared by `metric`.

    `checkpoints`: a folder to write a checkpoint to after each epoch, and with `resume` to go on from.
    """

    name = "lightgcn"

    def __init__(
        self, settings: LightGCNSettings | None = None, *, checkpoints: Path | None = None, resume: bool = False
    ) -> None:
        self.settings = settings or LightGCNSettings()
        self.checkpoints = checkpoints
        self.resume = resume
        self.metrics: Mapping[str, float] = {}
        self.history: tuple[Mapping[str, float], ...] = ()
        self.user_ids: NDArray[np.object_] = np.zeros(0, dtype=object)
        self.item_ids: NDArray[np.object_] = np.zeros(0, dtype=object)
        self.user_vectors: Vectors = np.zeros((0, self.settings.embedding_dim), dtype=np.float32)
        self.item_vectors: Vectors = np.zeros((0, self.settings.embedding_dim), dtype=np.float32)
        self.weight: Vectors = np.zeros((0, self.settings.embedding_dim), dtype=np.float32)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """A new one with some settings replaced."""
        return cls(LightGCNSettings().changed(settings))

    @property
    def metric(self) -> str:
        return self.settings.metric

    @property
    def settings_dict(self) -> Mapping[str, Any]:
        return self.settings.as_dict()

    def fit(self, snapshot: Snapshot, progress: Progress | None = None) -> Self:
        """Learn from what users like. ModelError where the loss runs away, InputError without a single pair."""
        if not snapshot.matrix.nnz:
            raise InputError("expected at least one user who likes an item, found none; load interactions first")
        validation = Validation.of(snapshot, self.settings.validation_share, self.settings.seed)
        network = self._network(validation)
        trainer = Trainer(
            network,
            Adjacency.of(validation.train),
            validation,
            self.settings.sized(int((np.diff(validation.train.indptr) > 0).sum())),
            self.fingerprint(snapshot),
            self.checkpoints,
            progress,
        )
        self._keep(snapshot, network, trainer.run(self.resume), Adjacency.of(snapshot.matrix))
        return self

    def fingerprint(self, snapshot: Snapshot) -> str:
        """What a checkpoint must match to be gone on with."""
        text = json.dumps([REVISION, snapshot.digest(), self.settings.as_dict()], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def state_dict(self) -> dict[str, torch.Tensor]:
        """What `torch_geometric.nn.models.LightGCN` of the same sizes loads."""
        network = new_network(len(self.weight), self.settings.embedding_dim, self.settings.num_layers, 0)
        found: dict[str, torch.Tensor] = network.state_dict()
        return {**found, "embedding.weight": torch.from_numpy(self.weight)}

    def save(self, folder: Path) -> None:
        """Write vectors, weights and settings."""
        body = {"settings": self.settings.as_dict(), "metrics": dict(self.metrics), "history": list(self.history)}
        arrays = {"user_vectors": self.user_vectors, "item_vectors": self.item_vectors, "weight": self.weight}
        ids = {"user_ids": self.user_ids, "item_ids": self.item_ids}
        write_arrays(folder / FILE, {**arrays, "body": np.array(json.dumps(body))}, ids)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        arrays = read_arrays(folder / FILE)
        body = json.loads(str(arrays["body"]))
        found = cls(LightGCNSettings(**body["settings"]))
        found.metrics, found.history = body["metrics"], tuple(body["history"])
        found.user_ids, found.item_ids = read_ids(arrays, "user_ids"), read_ids(arrays, "item_ids")
        found.user_vectors, found.item_vectors = arrays["user_vectors"], arrays["item_vectors"]
        found.weight = arrays["weight"]
        return found

    def _network(self, validation: Validation) -> Network:
        s = self.settings
        network = new_network(sum(validation.train.shape), s.embedding_dim, s.num_layers, s.seed)
        if s.warm_start == "spectral":
            start = spectral(validation.train, s.embedding_dim, s.seed)
            with torch.no_grad():
                network.embedding.weight.copy_(torch.from_numpy(start))
        network.to(best_device(s.device))
        return network

    def _keep(self, snapshot: Snapshot, network: Network, state: State, adjacency: Adjacency) -> None:
        """The withheld pairs come back into the graph for the last propagation."""
        with torch.no_grad():
            vectors = network.get_embedding(adjacency).cpu().numpy()
        self.user_ids, self.item_ids = snapshot.user_ids, snapshot.item_ids
        self.user_vectors, self.item_vectors = np.split(vectors, [snapshot.n_users])
        self.user_vectors[np.diff(snapshot.matrix.indptr) == 0] = 0  # nothing is known of those without a pair
        self.item_vectors[np.bincount(snapshot.matrix.indices, minlength=snapshot.n_items) == 0] = 0
        self.weight = network.embedding.weight.detach().cpu().numpy().copy()
        self.history = state.history
        self.metrics = {"validation_recall@20": round(state.best_recall, 6), "epochs": float(state.best_epoch)}
