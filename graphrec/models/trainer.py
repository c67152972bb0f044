"""Training: epochs, early stopping, checkpoints. It knows neither the loss nor how negatives are drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from graphrec.errors import ModelError
from graphrec.models.base import Progress, Report
from graphrec.models.checkpoint import State, read_state, write_state
from graphrec.models.losses import LOSSES
from graphrec.models.network import Network
from graphrec.models.propagation import Adjacency
from graphrec.models.sampling import SAMPLERS, Batch, Pairs, batches, n_batches
from graphrec.models.settings import LightGCNSettings
from graphrec.models.validation import Validation

BLOCK = 512
"""Users whose logits are worked off at a time."""

COLLAPSED = 0.999
"""Items whose vectors' mean has this length (of 1) all point the same way."""


@dataclass(eq=False)
class Trainer:
    """One training of one network. `checkpoints`: the folder to go on from and to write to, if any."""

    network: Network
    adjacency: Adjacency
    validation: Validation
    settings: LightGCNSettings
    fingerprint: str
    checkpoints: Path | None = None
    progress: Progress | None = None

    def __post_init__(self) -> None:
        self.loss = LOSSES[self.settings.loss]
        self.sampler = SAMPLERS[self.settings.sampling]
        self.pairs = Pairs.of(self.validation.train)
        self.device = self.network.embedding.weight.device
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), self.settings.learning_rate, fused=self.device.type in ("cpu", "cuda")
        )

    def run(self, resume: bool = False) -> State:
        """Train until the validation recall hasn't risen for `patience` epochs; the network then holds the best."""
        state = (read_state(self.checkpoints, self.fingerprint) if resume else None) or State(self.fingerprint)
        if state.arrays:
            self._restore(state, "now")
        while not state.finished:
            state = self._advance(state)
            if self.checkpoints:
                write_state(self.checkpoints, state)
        self._restore(state, "best")
        return state

    def _advance(self, state: State) -> State:
        epoch = state.epoch + 1
        loss = self._epoch(epoch, state.best_recall)
        recall = self._validate(epoch)
        better = recall > state.best_recall or not len(self.validation.users)
        best_epoch = epoch if better else state.best_epoch
        now = self._arrays()
        best = {f"best_{n}": a for n, a in now.items()} if better else _only("best", state)
        state = replace(
            state,
            epoch=epoch,
            best_epoch=best_epoch,
            best_recall=max(recall, state.best_recall),
            finished=epoch >= self.settings.epochs or epoch - best_epoch >= self.settings.patience,
            history=(*state.history, {"epoch": epoch, "loss": loss, "recall": recall}),
            arrays={**{f"now_{n}": a for n, a in now.items()}, **best},
        )
        steps = n_batches(len(self.pairs.users), self.settings.batch_size)
        self._tell(Report(epoch, self.settings.epochs, steps, steps, loss, recall, state.best_recall))
        return state

    def _epoch(self, epoch: int, best: float) -> float:
        s = self.settings
        steps, total = n_batches(len(self.pairs.users), s.batch_size), 0.0
        rng = np.random.default_rng([s.seed, epoch])
        drawn = batches(self.pairs, self.sampler, s.batch_size, s.n_negatives, rng)
        for step, batch in enumerate(drawn, start=1):
            loss = self._step(batch)
            if not np.isfinite(loss):
                raise ModelError(
                    f"the loss became {loss} in epoch {epoch}, step {step}; "
                    f"lower learning_rate (now {s.learning_rate}) or raise temperature (now {s.temperature})"
                )
            total += loss
            self._tell(Report(epoch, s.epochs, step, steps, total / step, None, best if best >= 0 else None))
        return total / max(steps, 1)

    def _step(self, batch: Batch) -> float:
        self.optimiser.zero_grad(set_to_none=True)
        users, items = self._vectors(batch)
        left, right = users.detach(), items.detach()
        parts = [self._block(batch, left, right, start) for start in range(0, len(left), BLOCK)]
        gradients = [torch.cat([part[1] for part in parts]), _joined([part[2] for part in parts], right)]
        torch.autograd.backward([users, items], gradients)
        self.optimiser.step()
        return sum(part[0] for part in parts)

    def _vectors(self, batch: Batch) -> tuple[Tensor, Tensor]:
        n_users = self.pairs.matrix.shape[0]
        nodes = np.concatenate([batch.users, batch.candidates.ravel() + n_users])
        found = self._measured(self.network.get_embedding(self.adjacency).index_select(0, self._tensor(nodes)))
        users, items = found[: len(batch.users)], found[len(batch.users) :]
        return users / self.settings.temperature, items.view(*batch.candidates.shape, -1)

    def _block(self, batch: Batch, users: Tensor, items: Tensor, start: int) -> tuple[float, Tensor, Tensor]:
        """The share of some rows in the batch's loss, and its gradients: their table of logits fits the cache."""
        rows = slice(start, min(start + BLOCK, len(users)))
        left = users[rows].requires_grad_()
        right = (items if items.ndim == 2 else items[rows]).detach().requires_grad_()
        logits = left @ right.T if right.ndim == 2 else torch.einsum("bd,bnd->bn", left, right)
        target = self._tensor(batch.target[rows])
        self._correct(logits.detach(), target, batch, rows)
        loss = self.loss(logits, target).sum() / len(users)
        torch.autograd.backward(loss)
        return float(loss.detach()), cast(Tensor, left.grad), cast(Tensor, right.grad)

    def _correct(self, logits: Tensor, target: Tensor, batch: Batch, rows: slice) -> None:
        """In place: constants, so no gradient passes. Negatives count as often as they were drawn, and the less for
        it the likelier that was, so that the loss is that of all items (Bengio and Senécal, 2008); the positive is
        always there."""
        if batch.log_drawn is not None and batch.log_expected is not None:
            positive = logits.gather(1, target[:, None])
            weight = batch.log_drawn - np.float32(self.settings.correction) * batch.log_expected
            logits.add_(torch.from_numpy(weight).to(self.device)).scatter_(1, target[:, None], positive)
        first, last = np.searchsorted(batch.excluded[0], (rows.start, rows.stop))
        row, column = (self._tensor(part[first:last]) for part in batch.excluded)
        logits[row - rows.start, column] = -torch.inf

    def _validate(self, epoch: int) -> float:
        with torch.no_grad():
            vectors = self.network.get_embedding(self.adjacency)
            n_users = self.pairs.matrix.shape[0]
            users, items = self._measured(vectors[:n_users]), self._measured(vectors[n_users:])
            self._check(items, epoch)
            return self.validation.recall(users, items)

    def _check(self, items: Tensor, epoch: int) -> None:
        unit = torch.nn.functional.normalize(items[torch.diff(self.adjacency.indptr)[-len(items) :] > 0])
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
            self.progress(report)


def _joined(gradients: list[Tensor], whole: Tensor) -> Tensor:
    """The gradient of all candidates: summed where all users share them, else one after the other."""
    if whole.ndim == 2:
        total = gradients[0]
        for gradient in gradients[1:]:
            total += gradient
        return total
    return torch.cat(gradients)


def _parts(moment: str, state: State) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    prefix = f"{moment}_"
    return {n.removeprefix(prefix): a for n, a in (state.arrays or {}).items() if n.startswith(prefix)}


def _only(moment: str, state: State) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    return {f"{moment}_{name}": array for name, array in _parts(moment, state).items()}
