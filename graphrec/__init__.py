"""graphrec: a recommender system that lives in Neo4j, from loading to serving.

    import graphrec

    graph = graphrec.connect()
    graphrec.recommend(graph, "196", k=5, model="walk")

Everything the command line says can be asked here: `load`, `train`, `retrain`, `tune`, `recommend`, `similar`,
`explain`, `evaluate`. Each is imported when it is first used, so `import graphrec` opens no driver and no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphrec.connect import connect
    from graphrec.evaluation import evaluate
    from graphrec.ingest.load import load
    from graphrec.models.train import train
    from graphrec.nightly import retrain
    from graphrec.recommend.answer import recommend, similar
    from graphrec.recommend.explain import explain
    from graphrec.tuning import tune

__version__ = "0.1.0"
__all__ = ["connect", "evaluate", "explain", "load", "recommend", "retrain", "similar", "train", "tune"]

_PLACES = {
    "connect": ("graphrec.connect", None),
    "evaluate": ("graphrec.evaluation", "evaluate"),
    "explain": ("graphrec.recommend.explain", "explain"),
    "load": ("graphrec.ingest.load", "load"),
    "recommend": ("graphrec.recommend", None),
    "retrain": ("graphrec.nightly", "retrain"),
    "similar": ("graphrec.recommend.answer", "similar"),
    "train": ("graphrec.models.train", "train"),
    "tune": ("graphrec.tuning", "tune"),
}
"""Where each name lies. `connect` and `recommend` are modules that can be called."""


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'graphrec' has no attribute {name!r}")
    module, attribute = _PLACES[name]
    found = importlib.import_module(module)
    return getattr(found, attribute) if attribute else found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
