"""Losses. Each takes a table of logits and says how badly each row's positive stands against the rest.

`logits`: rows × candidates, scores divided by the temperature. `target`: the column of each row's positive.
Candidates that aren't negatives of a row (its other positives) hold -inf. A loss knows nothing of how the candidates
were drawn, nor of the model; each row stands alone, so that a batch can be worked off in blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.nn import functional

Loss = Callable[[Tensor, Tensor], Tensor]
"""logits, target -> one number a row."""


def bpr(logits: Tensor, target: Tensor) -> Tensor:
    """-log σ(positive - negative), the mean over a row's negatives (Rendle et al., 2009)."""
    negative = logits.isfinite().scatter(1, target[:, None], False)
    margins = logits.masked_fill(~negative, 0) - logits.gather(1, target[:, None])
    losses = functional.softplus(margins).masked_fill(~negative, 0)
    return losses.sum(dim=1) / negative.sum(dim=1).clamp(min=1)


def softmax(logits: Tensor, target: Tensor) -> Tensor:
    """-log of the positive's share among all candidates (Wu et al., 2022, "On the effectiveness of sampled softmax
    loss for item recommendation")."""
    return functional.cross_entropy(logits, target, reduction="none")


LOSSES: Mapping[str, Loss] = {"bpr": bpr, "softmax": softmax}
