"""What an experiment is: variants and their shares, what counts as success, what may not get worse, when it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

from graphrec.errors import InputError

KINDS = ("split", "interleaving")
MATCHES = ("item", "user")

FULL = 1 << 64
"""One more than the largest hash of 64 bits."""


@dataclass(frozen=True)
class Variant:
    """One way to recommend. `recommenders`: asked one after another until the places are filled.

    `settings`: how the list is made, such as its diversity, by the names that the service has for them; the service
    checks them.
    """

    name: str
    recommenders: tuple[str, ...]
    share: float
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Measure:
    """A kind of event that counts. `match`: whether it must be of an item that was shown ('item') or of any ('user').

    `worst`: the worst allowed relative change, for a guardrail: -0.05 lets a rate fall by 5 %, +0.05 lets it rise.
    """

    kind: str
    match: str = "item"
    worst: float | None = None


@dataclass(frozen=True)
class Experiment:
    """Users are the unit. The first variant is the one that others are compared with.

    `traffic`: the share of users who take part. `starts`, `ends`, `window`: milliseconds; a user is judged once, on the
    window after the first impression. `uplift`: the relative change that the sequential test is tuned to find.
    """

    name: str
    variants: Sequence[Variant]
    salt: str = ""
    kind: str = "split"
    outcome: Measure = Measure("click")
    guardrails: Sequence[Measure] = ()
    traffic: float = 1.0
    starts: int | None = None
    ends: int | None = None
    window: int = 86_400_000
    uplift: float = 0.1

    def __post_init__(self) -> None:
        for problem in _problems(self):
            raise InputError(f"experiment {self.name!r}: {problem}")

    def is_running(self, at: int) -> bool:
        """Whether it takes users at that time."""
        return (self.starts is None or at >= self.starts) and (self.ends is None or at < self.ends)

    @property
    def control(self) -> Variant:
        """The variant that others are compared with."""
        return self.variants[0]

    @cached_property
    def key(self) -> bytes:
        """The key of the hash: other salts give unrelated hashes."""
        return blake2b((self.salt or self.name).encode(), digest_size=32).digest()

    @cached_property
    def admitted(self) -> int:
        """Users whose first hash is below this take part."""
        return round(self.traffic * FULL)

    @cached_property
    def cuts(self) -> tuple[int, ...]:
        """Where each variant's part of the second hash ends; the last ends with the hashes."""
        ends, total = [], 0.0
        for variant in self.variants:
            total += variant.share
            ends.append(round(total * FULL))
        return (*ends[:-1], FULL)


def _problems(experiment: Experiment) -> list[str]:
    """What can't be, in words, each with its key."""
    names = [variant.name for variant in experiment.variants]
    kinds = [measure.kind for measure in (experiment.outcome, *experiment.guardrails)]
    total = sum(variant.share for variant in experiment.variants)
    start, end = experiment.starts, experiment.ends
    wanted = {
        f"kind: expected {' or '.join(KINDS)}, found {experiment.kind!r}": experiment.kind in KINDS,
        f"variant: expected at least two, found {len(names)}": len(names) > 1,
        f"variant.name: expected different names, found {', '.join(names)}": len(set(names)) == len(names),
        f"variant: interleaving compares two, found {len(names)}": experiment.kind == "split" or len(names) == 2,
        f"variant.share: expected shares that add up to 1, found {total:g}": abs(total - 1) < 1e-9,
        "variant.share: expected every share above 0": all(variant.share > 0 for variant in experiment.variants),
        "variant.recommender: expected at least one name": all(variant.recommenders for variant in experiment.variants),
        f"guardrail.outcome: expected different kinds, found {', '.join(kinds)}": len(set(kinds)) == len(kinds),
        f"traffic: expected a share in (0, 1], found {experiment.traffic:g}": 0 < experiment.traffic <= 1,
        "ends: expected a time after starts": start is None or end is None or start < end,
        f"window: expected more than 0, found {experiment.window}": experiment.window > 0,
        f"uplift: expected a change above 0, such as '10%', found {experiment.uplift:g}": 0 < experiment.uplift <= 10,
    }
    matches = [measure.match for measure in (experiment.outcome, *experiment.guardrails)]
    wanted |= {f"match: expected {' or '.join(MATCHES)}, found {match!r}": match in MATCHES for match in matches}
    worst = [measure.worst for measure in experiment.guardrails]
    wanted |= {
        f"guardrail.worst: expected a change such as '-5%' or '+5%', found {change}": bool(change) and change > -1
        for change in worst
        if change is not None
    }
    if None in worst:
        wanted["guardrail.worst: expected a change such as '-5%' or '+5%', found none"] = False
    return [problem for problem, is_good in wanted.items() if not is_good]
