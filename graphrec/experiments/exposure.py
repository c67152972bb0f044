"""What an experiment's users were shown and did, a row a user, in the order in which they are judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphrec.experiments.experiment import Experiment, Measure
from graphrec.experiments.store import Store

Ints = npt.NDArray[np.int64]

USERS = """
SELECT user_id, MIN(variant), MAX(variant), MIN(at), COUNT(*) FROM impressions
WHERE experiment = :name AND at >= :starts AND at < :ends GROUP BY user_id ORDER BY MIN(at), user_id
"""

DONE = """
SELECT o.user_id, COUNT(*) FROM outcomes o
JOIN (SELECT user_id, MIN(at) AS first_at FROM impressions
      WHERE experiment = :name AND at >= :starts AND at < :ends GROUP BY user_id) u ON u.user_id = o.user_id
WHERE o.kind = :kind AND o.at >= u.first_at AND o.at < u.first_at + :window AND o.at <= :now
AND (:match = 'user' OR EXISTS (
  SELECT 1 FROM impressions i, json_each(i.items) s
  WHERE i.experiment = :name AND i.user_id = o.user_id AND i.at >= :starts AND i.at <= o.at
  AND json_extract(s.value, '$[0]') = o.item_id))
GROUP BY o.user_id
"""

TEAMS = """
SELECT o.user_id, o.item_id, (
  SELECT i.items FROM impressions i, json_each(i.items) s
  WHERE i.experiment = :name AND i.user_id = o.user_id AND i.at >= :starts AND i.at <= o.at
  AND json_extract(s.value, '$[0]') = o.item_id ORDER BY i.at DESC LIMIT 1)
FROM outcomes o
JOIN (SELECT user_id, MIN(at) AS first_at FROM impressions
      WHERE experiment = :name AND at >= :starts AND at < :ends GROUP BY user_id) u ON u.user_id = o.user_id
WHERE o.kind = :kind AND o.at >= u.first_at AND o.at < u.first_at + :window AND o.at <= :now
"""


@dataclass(frozen=True)
class Exposure:
    """A row a user who was shown something. `variant`: the place in the experiment's variants.

    `judged`: whether the user's window is over. `counts`: events of each kind within it. `mixed`: users left out,
    because they were shown lists of two variants, or of one that isn't declared.
    """

    variant: Ints
    impressions: Ints
    judged: npt.NDArray[np.bool_]
    counts: Mapping[str, Ints]
    mixed: int = 0

    def converted(self, kind: str) -> npt.NDArray[np.bool_]:
        """Whether a judged user did so at least once."""
        return self.judged & (self.counts[kind] > 0)


def read_exposure(store: Store, experiment: Experiment, now: int) -> Exposure:
    """What is known at a time (epoch ms). An event counts that comes within the window of the first impression.

    It must be of an item that the user was shown before, unless its measure says that any item will do.
    """
    values = _values(experiment, now)
    places = {variant.name: place for place, variant in enumerate(experiment.variants)}
    rows = store.read(USERS, values)
    kept = [row for row in rows if row[1] == row[2] and row[1] in places]
    ids = {row[0]: place for place, row in enumerate(kept)}
    measures = (experiment.outcome, *experiment.guardrails)
    return Exposure(
        variant=np.array([places[row[1]] for row in kept], dtype=np.int64),
        impressions=np.array([row[4] for row in kept], dtype=np.int64),
        judged=np.array([row[3] + experiment.window <= now for row in kept], dtype=np.bool_),
        counts={measure.kind: _counts(store, measure, values, ids) for measure in measures},
        mixed=len(rows) - len(kept),
    )


def read_wins(store: Store, experiment: Experiment, now: int) -> Exposure:
    """The same where two variants are interleaved: each user's events that are credited to the teams.

    `counts` has one row of events a team, by the variants' names; `variant` says nothing here.
    """
    values = _values(experiment, now)
    rows = store.read(USERS, values)
    ids = {row[0]: place for place, row in enumerate(rows)}
    counts = {variant.name: np.zeros(len(rows), dtype=np.int64) for variant in experiment.variants}
    for user_id, item_id, items in store.read(TEAMS, values | {"kind": experiment.outcome.kind}):
        team = next((one[1] for one in json.loads(items or "[]") if one[0] == item_id), None)
        if team in counts:
            counts[team][ids[user_id]] += 1
    return Exposure(
        variant=np.zeros(len(rows), dtype=np.int64),
        impressions=np.array([row[4] for row in rows], dtype=np.int64),
        judged=np.array([row[3] + experiment.window <= now for row in rows], dtype=np.bool_),
        counts=counts,
    )


def _values(experiment: Experiment, now: int) -> dict[str, object]:
    starts = experiment.starts if experiment.starts is not None else -(1 << 62)
    ends = min(experiment.ends if experiment.ends is not None else 1 << 62, now + 1)
    return {"name": experiment.name, "starts": starts, "ends": ends, "window": experiment.window, "now": now}


def _counts(store: Store, measure: Measure, values: Mapping[str, object], ids: Mapping[str, int]) -> Ints:
    counts = np.zeros(len(ids), dtype=np.int64)
    for user_id, n in store.read(DONE, {**values, "kind": measure.kind, "match": measure.match}):
        if user_id in ids:
            counts[ids[user_id]] = n
    return counts
