"""Tuning: settings searched on a validation part of the training data, in trials that are kept on disk."""

from graphrec.tuning.entry import tune
from graphrec.tuning.result import Trial, Tuning

__all__ = ["Trial", "Tuning", "tune"]
