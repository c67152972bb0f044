"""Who gets which variant: a salted hash of the user, so that nothing need be kept to give the same answer again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from graphrec.errors import InputError
from graphrec.experiments.experiment import Experiment, Variant


@dataclass(frozen=True)
class Assigned:
    """The experiment that a user takes part in. `variant`: None where two are interleaved."""

    experiment: Experiment
    variant: Variant | None


def takes_part(experiment: Experiment, user_id: str) -> bool:
    """Whether a user belongs to the experiment's share of the traffic. More traffic keeps those who are in."""
    return _hashes(experiment, user_id)[0] < experiment.admitted


def assign(experiment: Experiment, user_id: str) -> Variant | None:
    """The variant of a user, always the same; None for one who takes no part. About a microsecond.

    Two hashes of 64 bits, keyed by the salt: the first says whether, the second which. So a larger share of the
    traffic moves nobody from one variant to another, and experiments of different salts are independent.
    """
    if experiment.kind != "split":
        raise InputError(f"experiment {experiment.name!r} interleaves its variants; ask takes_part, then team_draft")
    admission, place = _hashes(experiment, user_id)
    if admission >= experiment.admitted:
        return None
    for variant, cut in zip(experiment.variants, experiment.cuts, strict=True):
        if place < cut:
            return variant
    return experiment.variants[-1]


def find_assignment(experiments: Iterable[Experiment], user_id: str, at: int) -> Assigned | None:
    """The first experiment that runs at that time (epoch ms) and has this user; None where there is none.

    A user takes part in one at a time: those of later experiments are the ones whom the earlier left out.
    """
    for experiment in experiments:
        if not experiment.is_running(at):
            continue
        if experiment.kind == "interleaving":
            if takes_part(experiment, user_id):
                return Assigned(experiment, None)
        elif variant := assign(experiment, user_id):
            return Assigned(experiment, variant)
    return None


def _hashes(experiment: Experiment, user_id: str) -> tuple[int, int]:
    digest = blake2b(user_id.encode(), digest_size=16, key=experiment.key).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")
