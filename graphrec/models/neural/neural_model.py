"""What networks have in common: trained on a part, stopped by what is withheld from it, kept as arrays."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from graphrec.errors import ModelError
from graphrec.models.arrays_model import Arrays, ArraysModel
from graphrec.models.base import Block, Progress, Report
from graphrec.models.blend.learning import among, best_first
from graphrec.models.lightgcn.network import best_device
from graphrec.models.neural.sides import Sides
from graphrec.models.training_part import block_of, in_order, training_part
from graphrec.models.validation import Validation
from graphrec.snapshot import Snapshot

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lessons:
    """What is learnt from. `histories`: what each user likes, the oldest first."""

    matrix: sparse.csr_array
    histories: tuple[Ints, ...]

    @classmethod
    def of(cls, snapshot: Snapshot) -> Lessons:
        """From a snapshot, or the training part of one."""
        return cls(snapshot.matrix, in_order(snapshot))

    @cached_property
    def users(self) -> Ints:
        """Those who like something."""
        return np.flatnonzero(np.diff(self.matrix.indptr))


class Network(nn.Module, ABC):
    """A module with a loss for a batch, and scores for profiles."""

    @abstractmethod
    def batches(self, lessons: Lessons, size: int, rng: np.random.Generator) -> Iterator[Any]:
        """The batches of an epoch, drawn anew each time."""

    @abstractmethod
    def loss(self, batch: Any) -> Tensor:
        """The mean loss of a batch."""

    @abstractmethod
    def rank(self, block: Block) -> Tensor:
        """Rows × items."""

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device


class NeuralModel(ArraysModel):
    """A network as a scoring model. `found`: its weights by name, and which items anybody likes."""

    @abstractmethod
    def build(self, shape: tuple[int, int], sides: Sides) -> Network:
        """A new network for so many users and items, random by torch's own generator."""

    def sides(self, snapshot: Snapshot) -> Sides:
        """What the network takes in beside likes: nothing, where a subclass doesn't say."""
        return Sides.nothing(snapshot.n_users, snapshot.n_items)

    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """Train until the recall of what is withheld no longer rises, then a little with everything.

        ModelError where the loss runs away.
        """
        s = self.settings
        validation = Validation.of(snapshot, s.validation_share, s.seed)
        self.__dict__.pop("_network", None)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(s.seed)
            sides = self.sides(snapshot)
            network = self.build((snapshot.n_users, snapshot.n_items), sides).to(best_device(s.device))
            found = _Training(network, s, progress).run(training_part(snapshot, validation), validation, snapshot)
        self.metrics = found
        weights = {f"{WEIGHT}{name}": value.cpu().numpy() for name, value in network.state_dict().items()}
        return {**weights, "is_known": self.known(snapshot), **sides.arrays()}

    def known(self, snapshot: Snapshot) -> NDArray[np.bool_]:
        """Which items may be recommended: those that anybody likes."""
        return np.asarray(snapshot.n_likers() > 0)

    def scores(self, block: Block) -> Floats:
        """In double precision, so that a row doesn't depend on the others of its block."""
        with torch.no_grad():
            scores = self._network.rank(block).cpu().numpy().astype(np.float64)
        scores[:, ~self.found["is_known"]] = -np.inf
        return np.asarray(scores)

    def restored(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """The weights of the network, those that are kept elsewhere among them."""
        return weights

    @cached_property
    def _network(self) -> Network:
        shape = len(self.user_ids), len(self.item_ids)
        network = self.build(shape, Sides.of_arrays(self.found, *shape))
        named = {n.removeprefix(WEIGHT): torch.from_numpy(a) for n, a in self.found.items() if n.startswith(WEIGHT)}
        network.load_state_dict(self.restored(named))
        network.eval()
        return network.double()


WEIGHT = "network."
"""Weights are kept under their names with this before them."""


class _Training:
    """One training of one network."""

    def __init__(self, network: Network, settings: Any, progress: Progress | None) -> None:
        self.network, self.settings, self.progress = network, settings, progress
        self.rng = np.random.default_rng([settings.seed, 0x9E7])
        parameters = network.parameters()
        self.optimiser = torch.optim.Adam(parameters, settings.learning_rate, weight_decay=settings.weight_decay)

    def run(self, part: Snapshot, validation: Validation, whole: Snapshot) -> dict[str, float]:
        """Until the recall hasn't risen for `patience` epochs; the network then holds the best, and what came after."""
        lessons, s = Lessons.of(part), self.settings
        best, best_recall, best_epoch = copy.deepcopy(self.network.state_dict()), -1.0, 0
        judged = self._judges(part, validation)
        for epoch in range(1, s.epochs + 1):
            loss, steps = self._epoch(lessons, epoch)
            recall = self._recall(judged)
            if recall > best_recall or not judged:
                best, best_recall, best_epoch = copy.deepcopy(self.network.state_dict()), recall, epoch
            self._tell(Report(epoch, s.epochs, steps, steps, loss, recall if judged else None, max(best_recall, 0)))
            if epoch - best_epoch >= s.patience:
                break
        self.network.load_state_dict(best)
        if judged:
            everything = Lessons.of(whole)
            for epoch in range(math.ceil(s.finish * best_epoch)):
                self._epoch(everything, best_epoch + epoch)
        self.network.eval()
        return {"validation_recall@20": round(max(best_recall, 0), 6), "epochs": float(best_epoch)}

    def _epoch(self, lessons: Lessons, epoch: int) -> tuple[float, int]:
        """The mean loss, and how many steps were made."""
        self.network.train()
        losses = []
        for batch in self.network.batches(lessons, self.settings.batch_size, self.rng):
            self.optimiser.zero_grad(set_to_none=True)
            loss = self.network.loss(batch)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            losses.append(float(loss.detach()))
            if not math.isfinite(losses[-1]):
                raise ModelError(
                    f"the loss became {losses[-1]} in epoch {epoch}; "
                    f"lower learning_rate (now {self.settings.learning_rate})"
                )
        return float(np.mean(losses)) if losses else 0.0, max(len(losses), 1)

    def _judges(self, part: Snapshot, validation: Validation) -> list[tuple[Block, sparse.csr_array]]:
        histories = in_order(part)
        return [(block_of(part, histories, users), wanted) for users, _, wanted in validation.blocks()]

    def _recall(self, judged: list[tuple[Block, sparse.csr_array]]) -> float:
        """Recall@20 of what is withheld, what is learnt from masked."""
        self.network.eval()
        found = []
        for block, wanted in judged:
            with torch.no_grad():
                scores = self.network.rank(block).float().cpu().numpy()
            scores[block.rows.nonzero()] = -np.inf
            found.append(among(wanted, best_first(scores)).sum(axis=1) / np.diff(wanted.indptr))
        return float(np.concatenate(found).mean()) if found else 0.0

    def _tell(self, report: Report) -> None:
        if self.progress:
            self.progress(report)


def shuffled(ids: Ints, size: int, rng: np.random.Generator) -> Iterator[Ints]:
    """The ids in random order, some at a time."""
    order = rng.permutation(ids)
    for start in range(0, len(order), size):
        yield order[start : start + size]


def dense(rows: sparse.csr_array, like: Network) -> Tensor:
    """Rows as a tensor of the type and at the place of a network's weights."""
    weight = next(like.parameters())
    return torch.from_numpy(rows.toarray()).to(weight.device, weight.dtype)
