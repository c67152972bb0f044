"""LightGCN: embeddings of users and items, learnt through their graph (He et al., 2020)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from graphrec.errors import InputError
from graphrec.models.base import Progress, Scores, Vectors, fingerprint_of
from graphrec.models.checkpoint import State
from graphrec.models.lightgcn.memory import memory_needed, require
from graphrec.models.lightgcn.network import Network, best_device, new_network
from graphrec.models.lightgcn.prior import expected, extended, prior
from graphrec.models.lightgcn.propagation import Adjacency
from graphrec.models.lightgcn.settings import LightGCNSettings
from graphrec.models.lightgcn.side_edges import SideEdges
from graphrec.models.lightgcn.trainer import Trainer
from graphrec.models.lightgcn.warm_start import content, inherited, placed, spectral
from graphrec.models.past import Past
from graphrec.models.validation import Validation
from graphrec.snapshot import Snapshot
from graphrec.snapshot.columns import positions
from graphrec.snapshot.members import members
from graphrec.versions import Embeddings, Learnt
from graphrec.versions.arrays import read_arrays, read_ids, write_arrays
from graphrec.versions.vectors import Ids, unit_vectors

FILE = "lightgcn.npz"

REVISION = 6
"""Raised whenever the same data and settings learn other vectors than before."""


class LightGCN:
    """PyG's LightGCN, fitted. `user_vectors`, `item_vectors`: n × embedding_dim, to be compared by `metric`.

    `checkpoints`: a folder to write a checkpoint to after each epoch, and with `resume` to go on from.
    `previous`: the folder of an earlier model. What was withheld from that one stays withheld, what it learnt from is
    never withheld; with `warm` training also starts at its weights. `past`: the same of this one, for the next.
    `data`: the digest of the snapshot.
    """

    name = "lightgcn"

    def __init__(
        self,
        settings: LightGCNSettings | None = None,
        *,
        checkpoints: Path | None = None,
        resume: bool = False,
        previous: Path | None = None,
        warm: bool = True,
    ) -> None:
        self.settings = settings or LightGCNSettings()
        self.checkpoints = checkpoints
        self.resume = resume
        self.previous = previous
        self.warm = warm
        self.past = Past.nothing()
        self.data = ""
        self.metrics: Mapping[str, float] = {}
        self.history: tuple[Mapping[str, float], ...] = ()
        self.user_ids: NDArray[np.object_] = np.zeros(0, dtype=object)
        self.item_ids: NDArray[np.object_] = np.zeros(0, dtype=object)
        self.user_vectors: Vectors = np.zeros((0, self.settings.embedding_dim), dtype=np.float32)
        self.item_vectors: Vectors = np.zeros((0, self.settings.embedding_dim), dtype=np.float32)
        self.weight: Vectors = np.zeros((0, self.settings.embedding_dim), dtype=np.float32)
        self.untold_weight = self.weight
        self.beside: SideEdges | None = None
        self.validation: Validation | None = None
        self._read: tuple[Path, LightGCN] | None = None

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

    @property
    def needs_facts(self) -> bool:
        """Whether it looks at what the data say of items."""
        return bool(self.settings.group)

    def fit(self, snapshot: Snapshot, progress: Progress | None = None) -> Self:
        """Learn from what users like.

        ModelError where the loss runs away or memory is short, InputError without a single pair.
        """
        if not snapshot.matrix.nnz:
            raise InputError("expected at least one user who likes an item, found none; load interactions first")
        self.beside = SideEdges.of(snapshot, self.settings)
        n_nodes = sum(snapshot.matrix.shape) + (self.beside.n_tags if self.beside else 0)
        memory = memory_needed(n_nodes, snapshot.matrix.nnz, self.settings)
        require(memory)
        earlier = self._earlier()
        past = earlier.past if earlier else None
        validation = Validation.of(snapshot, self.settings.validation_share, self.settings.seed, past)
        adjacency = Adjacency.of(validation.train, self.beside)
        start = earlier if self.warm else None
        network = self._network(snapshot, adjacency, start)
        settings = self.settings.sized(int((np.diff(validation.train.indptr) > 0).sum()))
        settings = settings.warmed() if start else settings
        trainer = Trainer(
            network,
            adjacency,
            validation,
            settings,
            self.fingerprint(snapshot),
            self.checkpoints,
            progress,
            memory,
            members(snapshot, settings.group) if settings.group else None,
        )
        state = trainer.run(self.resume)
        self.untold_weight = _weights(network)
        if validation.withheld.nnz:
            trainer.finish(state, snapshot.matrix, settings.final_epochs(state.best_epoch))
        self.validation, self.past, self.data = validation, validation.as_past(snapshot), snapshot.digest()
        self._keep(snapshot, network, state, Adjacency.of(snapshot.matrix, self.beside))
        return self

    def fingerprint(self, snapshot: Snapshot) -> str:
        """What a checkpoint must match to be gone on with: data, settings, and what an earlier model decides."""
        parts = [REVISION, snapshot.digest(), self.settings.told()]
        if self.settings.group:  # the digest says nothing of properties
            parts.append(blake2b(members(snapshot, self.settings.group).tobytes()).hexdigest())
        if earlier := self._earlier():
            parts += [earlier.past.digest(), blake2b(earlier.untold_weight.tobytes()).hexdigest() if self.warm else ""]
        return fingerprint_of(*parts)

    def is_known(self, snapshot: Snapshot) -> bool:
        """Whether the previous model learnt from the same data with the same settings."""
        earlier = self._earlier()
        return bool(earlier and (earlier.data, earlier.settings) == (snapshot.digest(), self.settings))

    def learnt(self, snapshot: Snapshot) -> Learnt:
        """The vectors whose dot product is the score."""
        return Learnt(self.scored(), metric="dot")

    def untold(self, user_ids: Ids, item_ids: Ids) -> Scores:
        """What scores these items for these users, as it was before anything was learnt from the withheld pairs."""
        users, items = self.untold_unit(user_ids, item_ids)
        return lambda rows, asked: np.asarray(users[asked] @ items.T)

    def scored(self) -> Embeddings:
        """Vectors whose dot product is the score: those learnt, and the popularity of items."""
        n_likers = _n_likers(self.past.learnt) + _n_likers(self.past.withheld)
        return self._extended((self.user_vectors, self.item_vectors), n_likers)

    def untold_scored(self) -> Embeddings:
        """The same as they were before anything was learnt from the withheld pairs."""
        return self._extended(self.untold_vectors(), _n_likers(self.past.learnt))

    def untold_unit(self, user_ids: Ids, item_ids: Ids) -> tuple[Vectors, Vectors]:
        """The same of length 1, a row for each id; zeros where it isn't known."""
        found = self.untold_scored().unit("dot")
        users = _aligned(found.user_vectors, self.user_ids, user_ids)
        return users, _aligned(found.item_vectors, self.item_ids, item_ids)

    def untold_vectors(self) -> tuple[Vectors, Vectors]:
        """Users' and items' vectors as they were before anything was learnt from the withheld pairs."""
        network = new_network(len(self.untold_weight), self.settings.embedding_dim, self.settings.num_layers, 0)
        network.load_state_dict(self.state_dict() | {"embedding.weight": torch.from_numpy(self.untold_weight)})
        with torch.no_grad():
            vectors = network.get_embedding(Adjacency.of(self.past.learnt, self.beside)).numpy()
        return self._split(vectors)

    def state_dict(self) -> dict[str, torch.Tensor]:
        """What `torch_geometric.nn.models.LightGCN` of the same sizes loads."""
        network = new_network(len(self.weight), self.settings.embedding_dim, self.settings.num_layers, 0)
        found: dict[str, torch.Tensor] = network.state_dict()
        return {**found, "embedding.weight": torch.from_numpy(self.weight)}

    def save(self, folder: Path) -> None:
        """Write vectors, weights and settings."""
        body = {
            "settings": self.settings.as_dict(),
            "metrics": dict(self.metrics),
            "history": list(self.history),
            "data": self.data,
        }
        arrays = {"user_vectors": self.user_vectors, "item_vectors": self.item_vectors, "weight": self.weight}
        arrays["untold"] = self.untold_weight
        arrays |= self.past.arrays() | (self.beside.arrays() if self.beside else {})
        ids = {"user_ids": self.user_ids, "item_ids": self.item_ids}
        write_arrays(folder / FILE, {**arrays, "body": np.array(json.dumps(body))}, ids)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote; earlier releases wrote nothing of the past."""
        arrays = read_arrays(folder / FILE)
        body = json.loads(str(arrays["body"]))
        found = cls(LightGCNSettings(**{"popularity": 0.0, **body["settings"]}))  # earlier releases had no prior
        found.metrics, found.history = body["metrics"], tuple(body["history"])
        found.user_ids, found.item_ids = read_ids(arrays, "user_ids"), read_ids(arrays, "item_ids")
        found.user_vectors, found.item_vectors = arrays["user_vectors"], arrays["item_vectors"]
        found.weight, found.untold_weight = arrays["weight"], arrays.get("untold", arrays["weight"])
        found.data = body.get("data", "")
        found.beside = SideEdges.of_arrays(arrays, len(found.user_ids), len(found.item_ids))
        if found.data:
            found.past = Past.of_arrays(arrays, found.user_ids, found.item_ids)
        return found

    def _extended(self, vectors: tuple[Vectors, Vectors], n_likers: NDArray[np.int64]) -> Embeddings:
        users, items = vectors if self.metric == "dot" else unit_vectors(*vectors, self.metric)
        likers: NDArray[Any] = n_likers
        if self.beside and self.settings.tag_popularity:
            likers = expected(n_likers, self.beside.tags, self.settings.tag_popularity)
        added = torch.from_numpy(prior(likers, self.settings))
        found = extended(torch.from_numpy(users), torch.from_numpy(items), added, self.settings.temperature)
        length = np.linalg.norm(users, axis=1)
        ending = 1 / float(length[length > 0].mean()) if length.any() else 1.0
        return Embeddings(self.user_ids, found[0].numpy(), self.item_ids, found[1].numpy(), (ending,))

    def _earlier(self) -> LightGCN | None:
        """The previous model. It is read once: its files never change."""
        if not self.previous:
            return None
        if self._read is None or self._read[0] != self.previous:
            self._read = self.previous, LightGCN.load(self.previous)
        return self._read[1]

    def _network(self, snapshot: Snapshot, adjacency: Adjacency, earlier: LightGCN | None) -> Network:
        s = self.settings
        network = new_network(adjacency.rows.shape[0], s.embedding_dim, s.num_layers, s.seed)
        start = None
        if earlier:
            start = self._inherited(snapshot, adjacency, earlier)
        elif s.warm_start == "spectral":
            start = placed(spectral(adjacency.matrix, s.embedding_dim, s.seed), adjacency, s.seed)
        elif s.warm_start == "content":
            start = content(adjacency.matrix, snapshot.tags, s.embedding_dim, s.seed)
            start = placed(start, adjacency, s.seed)
        if start is not None:
            with torch.no_grad():
                network.embedding.weight.copy_(torch.from_numpy(start))
        network.to(best_device(s.device))
        return network

    def _inherited(self, snapshot: Snapshot, adjacency: Adjacency, earlier: LightGCN) -> Vectors:
        if earlier.weight.shape[1] != self.settings.embedding_dim:
            raise InputError(
                f"expected embedding_dim {earlier.weight.shape[1]}, as the version to start from has, "
                f"found {self.settings.embedding_dim}; train without a warm start"
            )
        users = positions(earlier.user_ids, snapshot.user_ids)
        items = positions(earlier.item_ids, snapshot.item_ids)
        items = np.where(items >= 0, items + len(earlier.user_ids), -1)
        tags = np.full(self.beside.n_tags if self.beside else 0, -1, dtype=np.int64)
        places = np.concatenate([users, items, tags])
        return inherited(earlier.untold_weight, places, adjacency, self.settings.seed)

    def _keep(self, snapshot: Snapshot, network: Network, state: State, adjacency: Adjacency) -> None:
        """The withheld pairs come back into the graph for the last propagation."""
        with torch.no_grad():
            vectors = network.get_embedding(adjacency).cpu().numpy()
        self.user_ids, self.item_ids = snapshot.user_ids, snapshot.item_ids
        self.user_vectors, self.item_vectors = self._split(vectors)
        users, items = self._known(snapshot)
        self.user_vectors[~users] = 0  # nothing is known of those without a pair
        self.item_vectors[~items] = 0
        self.weight = _weights(network)
        self.history = state.history
        self.metrics = {"validation_recall@20": round(state.best_recall, 6), "epochs": float(state.best_epoch)}

    def _split(self, vectors: Vectors) -> tuple[Vectors, Vectors]:
        """Users and items; tags come after them."""
        n_users, n_items = len(self.user_ids), len(self.item_ids)
        return vectors[:n_users], vectors[n_users : n_users + n_items]

    def _known(self, snapshot: Snapshot) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which users and items have a like, or other edges that are part of the graph."""
        users, items = np.diff(snapshot.matrix.indptr) > 0, snapshot.n_likers() > 0
        beside = self.beside
        return (users | beside.is_followed, items | beside.is_tagged) if beside else (users, items)


def _n_likers(matrix: sparse.csr_array) -> NDArray[np.int64]:
    return np.bincount(matrix.indices, minlength=matrix.shape[1])


def _weights(network: Network) -> Vectors:
    weights: Vectors = network.embedding.weight.detach().cpu().numpy().copy()
    return weights


def _aligned(vectors: Vectors, known: Ids, wanted: Ids) -> Vectors:
    """A row for each wanted id, zeros where it isn't known."""
    places = positions(known, wanted)
    return np.where((places >= 0)[:, None], vectors[places], 0).astype(np.float32)
