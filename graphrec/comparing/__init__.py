"""Comparing recommenders: over seeds and folds, with what chance can explain, what they cost, and a page of it all."""

from graphrec.comparing.entry import compare, judge
from graphrec.comparing.gathering import Asked
from graphrec.comparing.paired import Difference
from graphrec.comparing.result import Comparison

__all__ = ["Asked", "Comparison", "Difference", "compare", "judge"]
