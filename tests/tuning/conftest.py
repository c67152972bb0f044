"""A small world of two tastes, staged: users of one like the items of that one, and some items are everybody's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from graphrec.frames import Frames, FramesWriter


def stage(folder: Path) -> Frames:
    """Frames of 40 users and 24 items."""
    rng = np.random.default_rng(3)
    user, item = np.meshgrid(np.arange(40), np.arange(24), indexing="ij")
    liked = (rng.random(user.shape) < 0.6) & ((user % 2 == item % 2) | (item < 4))
    columns = {
        "user_id": [f"u{n:02d}" for n in user[liked]],
        "item_id": [f"i{n:02d}" for n in item[liked]],
        "kind": ["like"] * int(liked.sum()),
        "at": rng.integers(1, 1000, int(liked.sum())),
    }
    with FramesWriter(folder, "two tastes", "test") as writer:
        writer.add("interactions", pa.table(columns))
        return writer.finish()


@pytest.fixture(scope="session")
def tastes(tmp_path_factory: pytest.TempPathFactory) -> Frames:
    """The data, staged once."""
    return stage(tmp_path_factory.mktemp("tastes"))
