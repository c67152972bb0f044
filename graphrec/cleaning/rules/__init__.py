"""The rules, a file each, in the order in which they are applied.

Rows that are wrong by themselves go first, then those of people who are none, because what comes later counts; names
are made one before values are filled in by them; the core comes last, because it is what is left that must hang
together.
"""

from graphrec.cleaning.rule import Rule
from graphrec.cleaning.rules import (
    accidents,
    bots,
    constant_raters,
    decay,
    duplicates,
    implicit,
    impute,
    k_core,
    near_duplicates,
    orphans,
    outliers,
    scales,
    shilling,
    times,
    unreadable,
    weights,
    without_id,
)

RULES: tuple[Rule, ...] = (
    unreadable.RULE,
    duplicates.RULE,
    scales.RULE,
    times.RULE,
    orphans.RULE,
    accidents.RULE,
    bots.RULE,
    constant_raters.RULE,
    shilling.RULE,
    near_duplicates.RULE,
    outliers.RULE,
    impute.RULE,
    implicit.RULE,
    weights.RULE,
    decay.RULE,
    k_core.RULE,
    without_id.RULE,
)
