"""Experiments with real users: who gets which variant, what they were shown and did, and what that tells.

What a service calls lies here and costs microseconds; `report`, `size` and what they compute with are imported apart.
"""

from graphrec.experiments.assignment import Assigned, assign, find_assignment, takes_part
from graphrec.experiments.config import read_experiments
from graphrec.experiments.events import Impression, Outcome, Shown
from graphrec.experiments.experiment import Experiment, Measure, Variant
from graphrec.experiments.interleaving import Pick, credit, team_draft
from graphrec.experiments.recorder import Recorder
from graphrec.experiments.store import Store

__all__ = [
    "Assigned",
    "Experiment",
    "Impression",
    "Measure",
    "Outcome",
    "Pick",
    "Recorder",
    "Shown",
    "Store",
    "Variant",
    "assign",
    "credit",
    "find_assignment",
    "read_experiments",
    "takes_part",
    "team_draft",
]
