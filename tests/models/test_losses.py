"""Losses: values worked by hand, gradients by differences, and what is left out stays out."""

from __future__ import annotations

import math

import pytest
import torch

from graphrec.models.losses import LOSSES, bpr, softmax

INF = float("inf")


def test_softmax_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3.0)], [1.0, 1.0]])
    found = softmax(logits, torch.tensor([1, 0]))
    torch.testing.assert_close(found, torch.tensor([-math.log(3 / 4), math.log(2.0)]))


def test_bpr_by_hand() -> None:
    logits = torch.tensor([[2.0, 2.0, 2.0 - math.log(3.0)]])
    wanted = (math.log(2.0) - math.log(3 / 4)) / 2
    torch.testing.assert_close(bpr(logits, torch.tensor([0])), torch.tensor([wanted]))


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_gradients_agree_with_differences(name: str) -> None:
    logits = torch.randn(4, 5, dtype=torch.double, generator=torch.Generator().manual_seed(1)).requires_grad_()
    target = torch.tensor([0, 3, 2, 4])
    assert torch.autograd.gradcheck(lambda x: LOSSES[name](x, target), (logits,))


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_candidate_of_minus_infinity_counts_for_nothing(name: str) -> None:
    with_hole = torch.tensor([[1.0, -INF, 0.5]], requires_grad=True)
    without = torch.tensor([[1.0, 0.5]], requires_grad=True)
    found, wanted = (LOSSES[name](x, torch.tensor([0])) for x in (with_hole, without))
    torch.testing.assert_close(found, wanted)
    torch.autograd.backward([found.sum(), wanted.sum()])
    assert with_hole.grad is not None
    assert without.grad is not None
    torch.testing.assert_close(with_hole.grad[:, [0, 2]], without.grad)
    assert with_hole.grad[0, 1] == 0


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_row_without_negatives_loses_nothing(name: str) -> None:
    assert float(LOSSES[name](torch.tensor([[0.3, -INF]]), torch.tensor([0]))) == pytest.approx(0, abs=1e-6)
