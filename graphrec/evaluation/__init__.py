"""Evaluation: split the data, rank for every test user, and measure the lists."""

from graphrec.evaluation.comparison import DEFAULT_KS, DEFAULT_MODELS, Evaluation
from graphrec.evaluation.entry import evaluate
from graphrec.evaluation.groups import Groups
from graphrec.evaluation.metrics import definitions
from graphrec.evaluation.parts import Split, SplitSettings, split

__all__ = [
    "DEFAULT_KS",
    "DEFAULT_MODELS",
    "Evaluation",
    "Groups",
    "Split",
    "SplitSettings",
    "definitions",
    "evaluate",
    "split",
]
