"""One function to evaluate on whatever holds data: files, frames that are staged already, or a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from graphrec.evaluation.comparison import DEFAULT_KS, DEFAULT_MODELS, Evaluation, compare
from graphrec.evaluation.groups import Groups
from graphrec.evaluation.parts import BEST_SPLIT, SplitSettings
from graphrec.evaluation.ranking import Progress
from graphrec.evaluation.stage import staged
from graphrec.frames import Frames
from graphrec.graph import Graph


def evaluate(
    data: Graph | Frames | Path | str,
    models: Sequence[str] = DEFAULT_MODELS,
    *,
    ks: Sequence[int] = DEFAULT_KS,
    settings: SplitSettings = BEST_SPLIT,
    n_users: int | None = None,
    lists: Path | None = None,
    model_settings: Mapping[str, Mapping[str, Any]] | None = None,
    groups: Groups | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Every metric at every k for each model, on held-back data, over all items with the training items masked.

    `data`: files that `graphrec load` takes, staged frames, or a graph, whose data are read and never written. Models
    that ask the graph get a second, small server, gone afterwards. `n_users` measures a seeded sample of test users;
    `lists` is a .csv or .parquet file for the ranked lists; `model_settings` are settings by model name; `groups` of
    users or items are measured apart.
    """
    with TemporaryDirectory(prefix="graphrec-") as folder:
        return compare(
            staged(data, Path(folder) / "frames", with_users=groups is not None and groups.need_users),
            models,
            ks=ks,
            settings=settings,
            n_users=n_users,
            lists=lists,
            model_settings=model_settings,
            groups=groups,
            progress=progress,
        )
