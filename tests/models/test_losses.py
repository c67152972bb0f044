"""Losses: values worked by hand, gradients by differences, and what is liked is no negative."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from graphrec.models.lightgcn.losses import LOSSES, POSITIVE_RATIO, Scores, bpr, bsl, directau, softmax

ROW, COLUMN, DRAWN = [0, 0, 1], [1, 3, 0], [0, 2, 4]
"""The first user likes the candidates 1 and 3, the second likes 0, and a third likes none."""


def scores(users: Tensor, items: Tensor, log_weight: Tensor | None = None, temperature: float = 0.5) -> Scores:
    row, column, drawn = (torch.tensor(values) for values in (ROW, COLUMN, DRAWN))
    return Scores(users, items, row, column, drawn, temperature, log_weight)


def table(*rows: list[float], log_weight: list[float] | None = None) -> Scores:
    """Scores whose logits are given."""
    logits = torch.tensor(rows)
    weight = None if log_weight is None else torch.tensor(log_weight)
    return scores(logits, torch.eye(logits.shape[1]), weight, temperature=1.0)


LOGITS = ([0.0, 1.0, 2.0, 3.0, -1.0], [0.5, 0.0, 0.0, 0.0, 0.0], [9.0, 9.0, 9.0, 9.0, 9.0])


def test_softmax_by_hand() -> None:
    rest = math.exp(0.0) + math.exp(2.0) + math.exp(-1.0)
    shares = [
        math.exp(1) / (math.exp(1) + rest),
        math.exp(3) / (math.exp(3) + rest),
        math.exp(0.5) / (math.exp(0.5) + 4),
    ]
    assert float(softmax(table(*LOGITS))) == pytest.approx(-sum(map(math.log, shares)), rel=1e-6)


def test_softmax_counts_a_candidate_as_often_as_it_stands_for() -> None:
    twice = table(*LOGITS, log_weight=[0.0, 0.0, math.log(2.0), 0.0, 0.0])
    again = torch.tensor([[*row, row[2]] for row in LOGITS])
    torch.testing.assert_close(softmax(twice), softmax(scores(again, torch.eye(6), temperature=1.0)))


def test_bpr_by_hand() -> None:
    margins = [0.0 - 1.0, 2.0 - 3.0, 0.0 - 0.5]
    assert float(bpr(table(*LOGITS))) == pytest.approx(sum(math.log1p(math.exp(m)) for m in margins), rel=1e-6)


def test_bsl_by_hand() -> None:
    first = math.log(math.exp(0.0) + math.exp(2.0) + math.exp(-1.0))
    soft = POSITIVE_RATIO * math.log((math.exp(1 / POSITIVE_RATIO) + math.exp(3 / POSITIVE_RATIO)) / 2)
    second = math.log(4.0) - 0.5
    assert float(bsl(table(*LOGITS))) == pytest.approx(2 * (first - soft) + second, rel=1e-5)


def test_directau_by_hand() -> None:
    """Users and their likes on a circle, 90° apart from each other: every distance² is 0 or 2."""
    users = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    items = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    liked = 0.0  # each like lies where its user does
    users_apart = -2 * 2.0
    items_apart = math.log((2 * math.exp(-4.0) + 1) / 3)  # the items 0, 1 and 3: one pair together, two apart
    wanted = liked + 3 * (users_apart + items_apart) / 2
    assert float(directau(scores(users, items))) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_agree_with_differences(name: str, weighted: bool) -> None:
    generator = torch.Generator().manual_seed(1)
    users, items = (torch.randn(n, 4, dtype=torch.double, generator=generator).requires_grad_() for n in (3, 5))
    weight = torch.randn(5, dtype=torch.double, generator=generator) if weighted else None

    def loss(users: Tensor, items: Tensor) -> Tensor:
        unit = [torch.nn.functional.normalize(x) for x in (users, items)]
        return LOSSES[name](scores(unit[0], unit[1], weight))

    assert torch.autograd.gradcheck(loss, (users, items))


@pytest.mark.parametrize("name", ["softmax", "bsl"])
def test_another_like_is_no_negative(name: str) -> None:
    """Moving what the first user likes, apart from the like itself, changes nothing of the sum over the rest."""
    near, far = (table([0.0, 1.0, 2.0, x, -1.0], *LOGITS[1:]) for x in (3.0, 30.0))
    torch.testing.assert_close(near.log_others(), far.log_others())
    assert float(LOSSES[name](far)) < float(LOSSES[name](near))


@pytest.mark.parametrize("name", ["softmax", "bsl"])
def test_a_user_who_likes_all_candidates_loses_nothing(name: str) -> None:
    everything = Scores(
        torch.tensor([[0.3, 0.1]]), torch.eye(2), torch.tensor([0, 0]), torch.tensor([0, 1]), torch.tensor([0, 1]), 1.0
    )
    found = LOSSES[name](everything)
    assert float(found) == (0.0 if name == "softmax" else -math.inf)


def test_the_workspace_changes_nothing() -> None:
    """What an earlier block left in it is overwritten."""
    generator = torch.Generator().manual_seed(2)
    users, items = (torch.randn(n, 4, generator=generator).requires_grad_() for n in (3, 5))
    gradients = []
    for workspace in (None, torch.full((40,), torch.nan)):
        given = scores(users, items)
        found = softmax(Scores(**{**vars(given), "workspace": workspace}))
        gradients.append(torch.autograd.grad(found, (users, items)))
    for plain, placed in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, placed)


@pytest.mark.parametrize("name", ["bpr", "softmax", "bsl"])
def test_a_prior_is_a_part_of_every_score(name: str) -> None:
    """Scores with a prior are those of users whose logits hold it already."""
    prior = torch.tensor([0.3, -0.2, 0.7, 0.0, 1.1])
    given, weight = torch.tensor(LOGITS), torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5])
    told = Scores(**{**vars(scores(given, torch.eye(5), weight, temperature=1.0)), "prior": prior})
    added = scores(given + prior, torch.eye(5), weight, temperature=1.0)
    torch.testing.assert_close(LOSSES[name](told), LOSSES[name](added))
    few = Scores(**{**vars(told), "log_weight": weight[:4]})
    torch.testing.assert_close(few.log_others(), scores(given + prior, torch.eye(5), weight[:4], 1.0).log_others())


def test_directau_spreads_vectors_whatever_is_popular() -> None:
    told = table(*LOGITS)
    assert directau(Scores(**{**vars(told), "prior": torch.ones(5)})) == directau(told)


def test_where_negatives_are_fewer_the_other_items_are_liked_or_left_out() -> None:
    logits = torch.tensor([[0.0, 1.0, 2.0, 3.0, -1.0], [0.5, 0.1, 0.2, 0.3, 0.4]])
    weight = torch.tensor([0.1, 0.2, 0.3])
    row, column = torch.tensor([0, 0, 1]), torch.tensor([1, 3, 4])
    found = Scores(logits, torch.eye(5), row, column, column, 1.0, weight)
    wanted = [torch.logsumexp(logits[0, [0, 2]] + weight[[0, 2]], 0), torch.logsumexp(logits[1, :3] + weight, 0)]
    torch.testing.assert_close(found.log_others(), torch.stack(wanted))
    torch.testing.assert_close(found.liked, torch.tensor([1.0, 3.0, 0.4]))
