"""Fairness and filter bubbles: lists in another order, what that costs, and groups over time."""

from graphrec.fairness.over_time import Period, audit_over_time
from graphrec.fairness.reranked import Reranked
from graphrec.fairness.steps import STEPS, Side
from graphrec.fairness.tradeoff import Tradeoff, weigh

__all__ = ["STEPS", "Period", "Reranked", "Side", "Tradeoff", "audit_over_time", "weigh"]
