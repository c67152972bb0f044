"""What a comparison found: a row a model, every difference, and what that means in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from graphrec.comparing.paired import Difference


@dataclass(frozen=True)
class Comparison:
    """`rows`: a model each, the best first: the deciding metric with its interval, means of all metrics and costs.

    `slices`: recall of users and items of whom little is known. `told`: what was measured on.
    """

    metric: str
    seeds: Sequence[int]
    n_users: int
    told: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    differences: Sequence[Difference]
    slices: Sequence[Mapping[str, Any]]

    @property
    def verdict(self) -> str:
        """Which is the best, and from which others it can't be told apart."""
        best = self.rows[0]["model"]
        if len(self.rows) == 1:
            return f"only {best} was measured"
        known = [one for one in self.differences if best in (one.first, one.second)]
        unsure = [_other(one, best) for one in known if not one.is_found]
        if len(unsure) == len(self.rows) - 1:
            return f"no difference found between {_listed([best, *unsure])}: any of them may be the best"
        if not unsure:
            return f"{best} is the best on {self.metric}" + self._only_these(known)
        return f"{best} is ahead on {self.metric}, but no difference was found to {_listed(unsure)}"

    @property
    def sentences(self) -> list[str]:
        """Every comparison in words."""
        return [sentence(one, self.metric) for one in self.differences] + self._warnings()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "verdict": self.verdict, "sentences": self.sentences}

    def _only_these(self, known: Sequence[Difference]) -> str:
        return "" if len(known) == len(self.rows) - 1 else f" of those that {known[0].second} was compared with"

    def _warnings(self) -> list[str]:
        if len(self.seeds) == 1:
            return ["One seed: this tells of these very splits and fits; --seeds 3 tells of others as well."]
        if len(self.seeds) == 2:
            return ["Two seeds tell little of how much seeds matter; three or more find smaller differences."]
        return []


def sentence(one: Difference, metric: str) -> str:
    """A comparison in words."""
    low, high = one.interval
    if one.is_found:
        better, other = (one.first, one.second) if one.estimate > 0 else (one.second, one.first)
        low, high = (low, high) if one.estimate > 0 else (-high, -low)
        span = f"by {abs(one.estimate):.4f} ({low:.4f} to {high:.4f})"
        return f"{better} is better than {other} on {metric} {span}, p {one.corrected:.2g} (of all comparisons)."
    return (
        f"No difference found between {one.first} and {one.second}: {one.first} less {one.second} lies between "
        f"{low:+.4f} and {high:+.4f} (95 %), p {one.corrected:.2g} (of all comparisons)."
    )


def _other(one: Difference, name: str) -> str:
    return one.second if one.first == name else one.first


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
