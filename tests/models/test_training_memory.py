"""What a training is said to take, and what happens where that isn't there."""

from __future__ import annotations

import pytest

from graphrec.errors import ModelError
from graphrec.models import Report
from graphrec.models.lightgcn.memory import memory_needed, require
from graphrec.models.lightgcn.model import LightGCN
from graphrec.models.lightgcn.settings import LightGCNSettings
from graphrec.snapshot import Snapshot


def test_it_grows_with_nodes_numbers_and_pairs() -> None:
    small = LightGCNSettings(embedding_dim=64)
    base = memory_needed(70_000, 800_000, small)
    assert memory_needed(140_000, 800_000, small) > base
    assert memory_needed(70_000, 1_600_000, small) > base
    assert memory_needed(70_000, 800_000, LightGCNSettings(embedding_dim=256)) > 2 * base
    assert memory_needed(70_000, 800_000, LightGCNSettings()) < 3 * 2**30, "Gowalla's size"


def test_too_little_is_told_before_the_start() -> None:
    require(5 * 2**30, 6 * 2**30)
    with pytest.raises(ModelError, match=r"expected 5\.0 GiB of free memory for this training, found 1\.5 GiB; lower"):
        require(5 * 2**30, 3 * 2**29)


def test_the_first_report_says_how_much(tastes: Snapshot) -> None:
    reports: list[Report] = []
    settings = LightGCNSettings(embedding_dim=8, epochs=1)
    LightGCN(settings).fit(tastes, reports.append)
    assert reports[0].memory == memory_needed(sum(tastes.matrix.shape), tastes.matrix.nnz, settings)
