"""What the detectors take as wrong, unless a policy says otherwise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Where each detector draws its line. Times in epoch milliseconds, durations in seconds, shares from 0 to 1.

    A scale that isn't given is told from the ratings themselves.
    """

    rating_min: float | None = None
    rating_max: float | None = None
    rating_step: float | None = None
    earliest: int = 631_152_000_000
    """1990-01-01: nothing was recorded on a site before. Clocks that were never set say 1970."""
    slack: float = 86_400.0
    """How far ahead of the clock a time may be: a day, for zones that were mixed up."""
    constant_ratings: int = 20
    """From how many ratings on it says something that all are the same."""
    bot_events: int = 40
    """How many events a bot has at least: fewer don't show a pattern, and do little harm."""
    bot_spread: float = 0.6
    """The middle nine tenths of the gaps between events, as a share of their median: below it they are too regular."""
    bot_pause: float = 10_800.0
    bot_awake: float = 72_000.0
    """Somebody who never paused for `bot_pause` during `bot_awake` doesn't sleep."""
    bot_peak: float = 60.0
    bot_fence: float = 3.0
    """Events in a minute that are too many: at least `bot_peak`, and so many interquartile ranges (of logarithms) above
    the third quartile of all busy users."""
    bot_items: int = 60
    bot_blind: float = 2.5
    bot_lift: float = 1.2
    """From `bot_items` on a history is too wide if its items are as popular as any (within so many standard errors) and
    go together less than so many times as often as by chance."""
    accident_dwell: float = 3.0
    """Who stays shorter came by accident."""
    undo_within: float = 15.0
    """What is taken back within so many seconds was an accident."""
    group_drawn: float = -2.0
    """Whose items are so much likelier drawn from the catalogue than chosen (natural logarithm) may be in a group."""
    group_size: int = 4
    """How many accounts make a group."""
    cold: int = 5
    """Who has fewer different partners is cold."""
    near_score: float = 80.0
    """The least similarity of titles or tags that are taken for one: 100 less the share of letters to change (OSA)."""
