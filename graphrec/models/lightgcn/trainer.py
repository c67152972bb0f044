"""Training: epochs, early stopping, checkpoints. It knows neither the loss nor how negatives are drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from graphrec.errors import ModelError
from graphrec.models.base import Progress, Report
from graphrec.models.checkpoint import State, read_state, write_state
from graphrec.models.lightgcn.losses import LOSSES, Scores, group_penalty, popularity_penalty
from graphrec.models.lightgcn.network import Network
from graphrec.models.lightgcn.prior import extended, prior
from graphrec.models.lightgcn.propagation import Adjacency
from graphrec.models.lightgcn.sampling import SAMPLERS, Batch, Likes, batches, n_batches
from graphrec.models.lightgcn.settings import LightGCNSettings
from graphrec.models.validation import Validation

BLOCK = 2**23
"""Scores worked off at a time: 32 MB in single precision, and a few times that while their gradients are found."""

COLLAPSED = 0.999
"""Items whose vectors' mean has this length (of 1) all point the same way."""


@dataclass(eq=False)
class Trainer:
    """One training of one network. `checkpoints`: the folder to go on from and to write to, if any. `group`: which
    items are of the settings' group."""

    network: Network
    adjacency: Adjacency
    validation: Validation
    settings: LightGCNSettings
    fingerprint: str
    checkpoints: Path | None = None
    progress: Progress | None = None
    memory: int = 0
    group: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        self.loss = LOSSES[self.settings.loss]
        self.sampler = SAMPLERS[self.settings.sampling]
        self.device = self.network.embedding.weight.device
        self._learn_from(self.validation.train)
        grouped = self.group if self.group is not None else np.zeros(self.likes.matrix.shape[1])
        self.member = torch.from_numpy(grouped.astype(np.float32)).to(self.device)
        self.workspace = torch.empty(max(BLOCK, self.likes.matrix.shape[1]), device=self.device)
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), self.settings.learning_rate, fused=self.device.type in ("cpu", "cuda")
        )

    def run(self, resume: bool = False) -> State:
        """Train until the validation recall hasn't risen for `patience` epochs; the network then holds the best.

        It has risen where `least_gain` was gained, as a part of the best: what is less is paid for with epochs.
        """
        state = (read_state(self.checkpoints, self.fingerprint) if resume else None) or State(self.fingerprint)
        if state.arrays:
            self._restore(state, "now")
        while not state.finished:
            state = self._advance(state)
            if self.checkpoints:
                write_state(self.checkpoints, state)
        self._restore(state, "best")
        return state

    def finish(self, state: State, matrix: sparse.csr_array, n_epochs: int) -> None:
        """Go on from the best with everything, what was withheld too: often that is what users did last."""
        self.adjacency = Adjacency.of(matrix, self.adjacency.beside)
        self._learn_from(matrix)
        for epoch in range(state.epoch + 1, state.epoch + 1 + n_epochs):
            self._epoch(epoch, state.best_recall)

    def _learn_from(self, matrix: sparse.csr_array) -> None:
        self.likes = Likes.of(matrix)
        self.prior = torch.from_numpy(prior(self.likes.n_likers, self.settings)).to(self.device)
        self.popular = torch.from_numpy(np.log1p(self.likes.n_likers).astype(np.float32)).to(self.device)

    def _advance(self, state: State) -> State:
        epoch = state.epoch + 1
        loss = self._epoch(epoch, state.best_recall)
        recall = self._validate(epoch)
        needed = max(state.best_recall, 0) * (1 + self.settings.least_gain)
        better = recall > needed or state.best_recall < 0 or not len(self.validation.users)
        best_epoch = epoch if better else state.best_epoch
        now = self._arrays()
        best = {f"best_{n}": a for n, a in now.items()} if better else _only("best", state)
        state = replace(
            state,
            epoch=epoch,
            best_epoch=best_epoch,
            best_recall=recall if better else state.best_recall,
            finished=epoch >= self.settings.epochs or epoch - best_epoch >= self.settings.patience,
            history=(*state.history, {"epoch": epoch, "loss": loss, "recall": recall}),
            arrays={**{f"now_{n}": a for n, a in now.items()}, **best},
        )
        steps = self._n_steps()
        self._tell(Report(epoch, self.settings.epochs, steps, steps, loss, recall, state.best_recall))
        return state

    def _epoch(self, epoch: int, best: float) -> float:
        s = self.settings
        steps, total = self._n_steps(), 0.0
        rng = np.random.default_rng([s.seed, epoch])
        drawn = batches(self.likes, self.sampler, s.batch_size, s.n_negatives, rng, most_negatives=s.most_negatives)
        for step, batch in enumerate(islice(drawn, steps), start=1):
            loss = self._step(batch)
            if not np.isfinite(loss):
                raise ModelError(
                    f"the loss became {loss} in epoch {epoch}, step {step}; "
                    f"lower learning_rate (now {s.learning_rate}) or raise temperature (now {s.temperature})"
                )
            total += loss
            self._tell(Report(epoch, s.epochs, step, steps, total / step, None, best if best >= 0 else None))
        return total / steps

    def _n_steps(self) -> int:
        """The batches of an epoch, of which there is at least one."""
        return max(1, round(self.settings.visited * n_batches(len(self.likes.users), self.settings.batch_size)))

    def _step(self, batch: Batch) -> float:
        """One move of the optimiser. The vectors are propagated once; their table of scores is worked off in blocks,
        each of which leaves its gradients with the vectors."""
        self.optimiser.zero_grad(set_to_none=True)
        vectors = self._vectors(batch)
        users, items = vectors.detach()[: len(batch.users)], vectors.detach()[len(batch.users) :].requires_grad_()
        n_rows = max(1, BLOCK // batch.n_negatives)
        added = self._weight(batch), self.prior[self._tensor(batch.candidates)]
        places = [slice(start, start + n_rows) for start in range(0, len(users), n_rows)]
        blocks = [self._block(batch, users, items, added, place) for place in places]
        assert items.grad is not None
        torch.autograd.backward(vectors, torch.cat([*(gradient for _, gradient in blocks), items.grad]))
        self.optimiser.step()
        return sum(loss for loss, _ in blocks)

    def _vectors(self, batch: Batch) -> Tensor:
        """Those of the batch's users, and then of its candidates."""
        nodes = np.concatenate([batch.users, batch.candidates + self.likes.matrix.shape[0]])
        return self._measured(self.network.get_embedding(self.adjacency).index_select(0, self._tensor(nodes)))

    def _block(
        self,
        batch: Batch,
        users: Tensor,
        items: Tensor,
        added: tuple[Tensor | None, Tensor],
        place: slice,
    ) -> tuple[float, Tensor]:
        """The share of some users in the batch's loss, and their gradient; that of the items is added to theirs.

        `added`: the negatives' weights and the candidates' priors, the same for all blocks of a batch.
        """
        left = users[place].detach().requires_grad_()
        first, last = np.searchsorted(batch.row, (place.start, place.start + len(left)))
        scores = Scores(
            users=left,
            items=items,
            row=self._tensor(batch.row[first:last] - place.start),
            column=self._tensor(batch.column[first:last]),
            drawn=self._tensor(batch.drawn[first:last]),
            temperature=self.settings.temperature,
            log_weight=added[0],
            prior=added[1],
            workspace=self.workspace,
        )
        loss = self._punished(scores, self._tensor(batch.candidates)) / len(batch.row)
        torch.autograd.backward(loss)
        return float(loss.detach()), cast(Tensor, left.grad)

    def _punished(self, scores: Scores, candidates: Tensor) -> Tensor:
        """The loss with the penalties that are asked for, summed over the likes."""
        total, s = self.loss(scores), self.settings
        if s.popularity_penalty:
            total = total + s.popularity_penalty * popularity_penalty(scores, self.popular[candidates])
        if s.group_penalty:
            total = total + s.group_penalty * group_penalty(scores, self.member[candidates])
        return total

    def _weight(self, batch: Batch) -> Tensor | None:
        """How much a candidate counts beside others, so that they stand for all items (Bengio and Senécal, 2008)."""
        if batch.log_weight is None:
            return None
        return torch.from_numpy(np.float32(self.settings.correction) * batch.log_weight).to(self.device)

    def _validate(self, epoch: int) -> float:
        with torch.no_grad():
            vectors = self.network.get_embedding(self.adjacency)
            n_users, n_items = self.likes.matrix.shape
            users, items = vectors[:n_users], vectors[n_users : n_users + n_items]
            users, items = self._measured(users), self._measured(items)
            self._check(items, epoch)
            return self.validation.recall(*extended(users, items, self.prior, self.settings.temperature))

    def _check(self, items: Tensor, epoch: int) -> None:
        n_users = self.likes.matrix.shape[0]
        has_pairs = self.adjacency.has_pairs[n_users : n_users + len(items)]
        unit = torch.nn.functional.normalize(items[has_pairs.to(items.device)])
        if len(unit) > 1 and float(unit.mean(dim=0).norm()) > COLLAPSED:
            raise ModelError(
                f"all items got the same vector in epoch {epoch}; lower learning_rate "
                f"(now {self.settings.learning_rate}) or num_layers (now {self.settings.num_layers})"
            )

    def _measured(self, vectors: Tensor) -> Tensor:
        return torch.nn.functional.normalize(vectors) if self.settings.metric == "cosine" else vectors

    def _tensor(self, array: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Tensor:
        return torch.from_numpy(array).to(self.device)

    def _arrays(self) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
        weight = self.network.embedding.weight
        moments = self.optimiser.state[weight]
        tensors = {"weight": weight.detach()} | {name: moments[name] for name in ("step", "exp_avg", "exp_avg_sq")}
        return {name: tensor.cpu().numpy().copy() for name, tensor in tensors.items()}

    def _restore(self, state: State, moment: str) -> None:
        tensors = {name: torch.from_numpy(array.copy()) for name, array in _parts(moment, state).items()}
        weight = self.network.embedding.weight
        with torch.no_grad():
            weight.copy_(tensors.pop("weight"))
        self.optimiser.state[weight] = {name: tensor.to(self.device) for name, tensor in tensors.items()}

    def _tell(self, report: Report) -> None:
        if self.progress:
            self.progress(replace(report, memory=self.memory))


def _parts(moment: str, state: State) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    prefix = f"{moment}_"
    return {n.removeprefix(prefix): a for n, a in (state.arrays or {}).items() if n.startswith(prefix)}


def _only(moment: str, state: State) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    return {f"{moment}_{name}": array for name, array in _parts(moment, state).items()}
