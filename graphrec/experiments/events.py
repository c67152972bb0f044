"""What is recorded: what was shown to whom, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """An item at its place in a list. `team`: the name of the variant that picked it, where two were interleaved.

    `probability`: how likely the policy was to show this item here after those before it, for estimates of other
    policies; 1 where nothing was left to chance.
    """

    item_id: str
    team: str | None = None
    probability: float = 1.0


@dataclass(frozen=True)
class Impression:
    """A list that was shown. `at`: epoch ms; `variant`: None where two were interleaved.

    `experiment`: empty for a list outside of all that left something to chance. `policy`: what made the list.
    `version`: that of the model behind it, where there is one. `offset`: how many items the pages before held.
    """

    request_id: str
    at: int
    user_id: str
    experiment: str
    variant: str | None
    items: Sequence[Shown]
    policy: str = ""
    version: str | None = None
    offset: int = 0


@dataclass(frozen=True)
class Outcome:
    """What a user did. `event_id`: an outcome that comes again with the same one counts once; `at`: epoch ms."""

    event_id: str
    kind: str
    user_id: str
    item_id: str
    at: int
    value: float | None = None
