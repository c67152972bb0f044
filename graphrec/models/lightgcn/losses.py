"""Losses. Each takes the scores of some users and says how badly what they like stands against what they don't.

A loss knows nothing of how the candidates were drawn, nor of the model; each user stands alone (DirectAU: each block
of users), so that a batch can be worked off in blocks. All give the sum over the likes; the trainer divides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, eq=False)
class Scores:
    """The user of row `row[n]` likes the item of row `column[n]`, and not that of row `drawn[n]`.

    `users`, `items`: vectors, a row each; a score is their product divided by the temperature, and the item's `prior`.
    `log_weight`: see `Batch`, whose negatives are the first so many items. `workspace`: users × items numbers that are
    there already, so that no memory is asked for.
    """

    users: Tensor
    items: Tensor
    row: Tensor
    column: Tensor
    drawn: Tensor
    temperature: float
    log_weight: Tensor | None = None
    prior: Tensor | None = None
    workspace: Tensor | None = None

    @property
    def liked(self) -> Tensor:
        """The score of each like."""
        return self._of(self.column)

    @property
    def disliked(self) -> Tensor:
        """The score of the item drawn for each like."""
        return self._of(self.drawn)

    @property
    def products(self) -> Tensor:
        """The product of the vectors of each like."""
        return self._products(self.column)

    def log_others(self) -> Tensor:
        """For each user the logarithm of the summed exponentials of all that the user doesn't like."""
        n_negatives = len(self.items) if self.log_weight is None else len(self.log_weight)
        given = [self.log_weight, None if self.prior is None else self.prior[:n_negatives]]
        added = [one for one in given if one is not None]
        liked = self.column < n_negatives
        row, column = self.row[liked], self.column[liked]
        users, items = self.users / self.temperature, self.items[:n_negatives]
        return cast(Tensor, LogOthers.apply(users, items, row, column, sum(added) if added else None, self.workspace))

    def _of(self, column: Tensor) -> Tensor:
        found = self._products(column) / self.temperature
        return found if self.prior is None else found + self.prior[column]

    def _products(self, column: Tensor) -> Tensor:
        return (self.users[self.row] * self.items[column]).sum(dim=1)


class LogOthers(torch.autograd.Function):
    """log Σ exp of a row of users @ items.T, without what is liked.

    In a workspace the table is filled, turned into exponentials and then into its own gradient: fresh memory for every
    step would cost more than the arithmetic. So there is one backward pass for a forward pass.
    """

    @staticmethod
    def forward(
        ctx: Any,
        users: Tensor,
        items: Tensor,
        row: Tensor,
        column: Tensor,
        log_weight: Tensor | None,
        workspace: Tensor | None,
    ) -> Tensor:
        shape = len(users), len(items)
        place = users.new_empty(shape) if workspace is None else workspace[: shape[0] * shape[1]].view(shape)
        table = torch.mm(users, items.T, out=place)
        if log_weight is not None:
            table += log_weight
        table.view(-1)[row * shape[1] + column] = -torch.inf
        top = table.amax(dim=1, keepdim=True).clamp(min=torch.finfo(table.dtype).min)
        total = table.sub_(top).exp_().sum(dim=1, keepdim=True)
        ctx.parts, ctx.in_place = (users, items, table, total), workspace is not None
        return (total.log() + top)[:, 0]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        users, items, table, total = ctx.parts
        factor = gradients[0][:, None] / total.clamp(min=torch.finfo(table.dtype).tiny)
        table = table.mul_(factor) if ctx.in_place else table * factor
        return table @ items, table.T @ users, None, None, None, None


Loss = Callable[[Scores], Tensor]
"""The loss, summed over the likes."""

POSITIVE_RATIO = 1.5
"""How many times the temperature of the rest BSL takes for the likes."""

TINY = 1e-12

MOST_VECTORS = 1024
"""How many vectors DirectAU spreads at a time."""


def bpr(scores: Scores) -> Tensor:
    """-log σ(liked - drawn) for one drawn item a like (Rendle et al., "BPR", UAI 2009)."""
    return functional.softplus(scores.disliked - scores.liked).sum()


def softmax(scores: Scores) -> Tensor:
    """-log of the like's share beside all that the user doesn't like (Wu et al., "On the effectiveness of sampled
    softmax loss for item recommendation", TOIS 2024)."""
    return functional.softplus(scores.log_others()[scores.row] - scores.liked).sum()


def bsl(scores: Scores) -> Tensor:
    """A soft minimum over the likes, as softmax has a soft maximum over the rest: likes that can't be explained weigh
    less (Wu et al., "BSL: understanding and improving softmax loss for recommendation", ICDE 2024)."""
    liked = scores.liked / POSITIVE_RATIO
    others = scores.log_others()
    n_likes = torch.bincount(scores.row, minlength=len(others))
    top = torch.full_like(others, -torch.inf).scatter_reduce(0, scores.row, liked.detach(), "amax")
    sums = torch.zeros_like(others).scatter_add(0, scores.row, (liked - top[scores.row]).exp())
    soft = POSITIVE_RATIO * ((sums / n_likes).log() + top)
    return (n_likes * (others - soft))[n_likes > 0].sum()


def directau(scores: Scores) -> Tensor:
    """Likes near to each other, users and items spread over the sphere (Wang et al., "Towards representation alignment
    and uniformity in collaborative filtering", KDD 2022)."""
    distance = 2 - 2 * scores.products
    items = scores.items[torch.unique(scores.column)]
    return distance.sum() + len(distance) * (_uniformity(scores.users) + _uniformity(items)) / 2


def _uniformity(unit: Tensor) -> Tensor:
    """log of the mean of exp(-2 distance²) over all pairs of at most MOST_VECTORS vectors of length 1."""
    unit = unit[:: len(unit) // MOST_VECTORS + 1]
    if len(unit) < 2:
        return unit.sum() * 0
    return (2 - 2 * unit @ unit.T).mul(-2).exp().triu(1).sum().div(len(unit) * (len(unit) - 1) / 2).log()


def popularity_penalty(scores: Scores, popularity: Tensor) -> Tensor:
    """The squared correlation of the scores of likes with how popular their items are, times the likes (Zhu et al.,
    "Popularity-opportunity bias in collaborative filtering", WSDM 2021). `popularity`: a number for each item.

    0 for fewer than three likes, and where either is the same for all.
    """
    return _correlation(scores.liked, popularity[scores.column])


def group_penalty(scores: Scores, member: Tensor) -> Tensor:
    """The squared correlation of how far likes stand above what was drawn for them with whether their items are of a
    group, times the likes: where it is 0, the group's items win as clearly as others do (Beutel et al., "Fairness in
    recommendation ranking through pairwise comparisons", KDD 2019). `member`: 1 or 0 for each item.
    """
    return _correlation(scores.liked - scores.disliked, member[scores.column])


def _correlation(values: Tensor, known: Tensor) -> Tensor:
    """Squared, and times how many there are."""
    if len(values) < 3:
        return values.sum() * 0
    apart, other = values - values.mean(), known - known.mean()
    lengths = (apart**2).sum() * (other**2).sum()
    return len(values) * (apart @ other) ** 2 / lengths.clamp(min=TINY)


LOSSES: Mapping[str, Loss] = {"bpr": bpr, "softmax": softmax, "bsl": bsl, "directau": directau}
