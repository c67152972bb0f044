"""Replay: what another recommender would have got in place of lists that were shown by chance."""

from graphrec.replay.entry import Policy, Told, replay_graph
from graphrec.replay.estimate import Estimate, Replayed, chances, replay
from graphrec.replay.logged import Logged, read_logged

__all__ = ["Estimate", "Logged", "Policy", "Replayed", "Told", "chances", "read_logged", "replay", "replay_graph"]
