"""Losses. Each takes a table of logits and says how badly the positives stand against the rest.

`logits`: batch × candidates, scores divided by the temperature. `target`: the column of each row's positive.
Candidates that aren't negatives of a row (its other positives) hold -inf. A loss knows nothing of how the candidates
were drawn, nor of the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

Loss = Callable[[Tensor, Tensor], Tensor]
"""logits, target -> the mean over the batch."""


def bpr(logits: Tensor, target: Tensor) -> Tensor:
    """-log σ(positive - negative), over all negatives of a row (Rendle et al., 2009)."""
    positive = logits.gather(1, target[:, None])
    negative = torch.isfinite(logits).scatter(1, target[:, None], False)
    return functional.softplus((logits - positive)[negative]).mean()


def softmax(logits: Tensor, target: Tensor) -> Tensor:
    """-log of the positive's share among all candidates (Wu et al., 2022, "On the effectiveness of sampled softmax
    loss for item recommendation")."""
    return functional.cross_entropy(logits, target)


def bsl(logits: Tensor, target: Tensor) -> Tensor:
    """Softmax with the positives smoothed in the same way: rows that fit badly weigh less, as noise does
    (Wu et al., 2023, "BSL: understanding and improving softmax loss for recommendation")."""
    rows = functional.cross_entropy(logits, target, reduction="none")
    return math.log(len(rows)) - torch.logsumexp(-rows, dim=0)


LOSSES: Mapping[str, Loss] = {"bpr": bpr, "softmax": softmax, "bsl": bsl}
