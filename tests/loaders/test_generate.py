"""The generator of synthetic interactions: the same for a seed, popular items, and loadable."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from small import load

ROOT = Path(__file__).parents[2]


@pytest.fixture
def generate(monkeypatch: pytest.MonkeyPatch) -> object:
    """The script as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.delitem(sys.modules, "generate", raising=False)
    import generate

    return generate


def test_the_same_seed_gives_the_same_bytes(generate: object, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate.write_csv(tmp_path / f"{name}.csv", 5000, seed=seed)  # type: ignore[attr-defined]
    first, same, other = ((tmp_path / f"{name}.csv").read_bytes() for name in "abc")
    assert first == same != other


def test_the_shape(generate: object) -> None:
    table = pa.concat_tables(generate.interactions(40_000, seed=3, chunk=7_000))  # type: ignore[attr-defined]
    assert table.num_rows == 40_000
    times = table["timestamp"].to_numpy()
    assert (np.diff(times) >= 0).all()
    counts = np.sort(table["item_id"].value_counts().flatten()[1].to_numpy())[::-1]
    assert counts[: len(counts) // 10].sum() > 0.25 * 40_000
    assert set(np.unique(table["rating"].to_numpy() * 2)) == set(range(1, 11))


def test_it_loads(generate: object, tmp_path: Path) -> None:
    generate.write_csv(tmp_path / "g.csv", 3000, seed=4)  # type: ignore[attr-defined]
    frames = load(tmp_path / "g.csv", tmp_path)
    assert frames.counts["interactions"] + frames.duplicates["interactions"] == 3000
