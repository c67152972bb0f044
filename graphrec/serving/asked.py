"""Who asks for what: what is known of them, which items may come, and in which order the sources are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from graphrec.recommend.base import Profile
from graphrec.serving.context import Moved
from graphrec.serving.foldin import Floats, Ints
from graphrec.serving.ids import Bools
from graphrec.serving.state import State
from graphrec.serving.wish import Wish, allowed

NOBODY = -1
"""The position of one who isn't known."""


@dataclass(eq=False)
class Asked:
    """`user`: the position, all that is `liked` with `weights`, `own`: items given with the question, `mask`: which
    items may come. `chain`: the sources, `found_by`: what each found, as they were asked, `moved`: what the
    context did to items."""

    state: State
    user: int
    liked: Ints
    weights: Floats
    own: Ints
    wish: Wish
    chain: tuple[str, ...]
    mask: Bools
    found_by: list[tuple[str, Ints]] = field(default_factory=list)
    moved: dict[int, Moved] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """How many items the list must have to hold the page."""
        return self.wish.offset + self.wish.k

    @property
    def new(self) -> Mapping[int, float]:
        """What of it the version doesn't know, by weight."""
        new = self.state.tastes.new_of(self.user)
        if not len(self.own):
            return new
        given = dict(zip(self.liked.tolist(), self.weights.tolist(), strict=True))
        return {**new, **{n: given[n] for n in self.own.tolist() if n in given}}

    @property
    def preferred(self) -> Mapping[str, float]:
        """What the features of the graph say that the user thinks of tags, by name."""
        return self.state.preferred.of(self.user)

    @property
    def depth(self) -> int:
        """How many candidates are put in another order."""
        return max(4 * self.n, self.state.pipeline.candidates.depth)

    @property
    def names(self) -> tuple[str, ...]:
        """The sources that found something, in the order of the list."""
        return tuple(dict.fromkeys(name for name, items in self.found_by if len(items)))


def asked_by(state: State, user: int, profile: Profile, wish: Wish) -> Asked:
    """What a profile asks for. UnknownIdError and InputError for what the catalogue doesn't know."""
    own = np.array(state.catalogue.ids.find(profile.items, "item"), dtype=np.int64)
    liked, weights = state.tastes.items_of(user)
    if len(own):
        merged = dict(zip(liked.tolist(), weights.tolist(), strict=True))
        merged |= dict(zip(own.tolist(), profile.items.values(), strict=True))
        liked = np.array([item for item, weight in merged.items() if weight > 0], dtype=np.int64)
        weights = np.array([weight for weight in merged.values() if weight > 0], dtype=np.float64)
    chain = state.pipeline.candidates.chain(_known(state, user, own, liked))
    return Asked(state, user, liked, weights, own, wish, chain, _mask(state, user, own, wish))


def asked_about(state: State, items: Ints, wish: Wish, chain: tuple[str, ...]) -> Asked:
    """What nobody in particular asks for, who likes some items."""
    return Asked(state, NOBODY, items, np.ones(len(items)), items, wish, chain, _mask(state, NOBODY, items, wish))


def unwanted(asked: Asked) -> Bools | None:
    """Items of which one who has no list yet said not to like them more than liking them; None without a dislike."""
    stated = asked.state.stated.get(asked.user)
    if not stated or min(stated.values()) >= 0 or asked.state.has_list(asked.user):
        return None
    return np.asarray(asked.state.tag_space.fitting(stated) < 0)


def _known(state: State, user: int, own: Ints, liked: Ints) -> str:
    """Which rule holds: for whom a list is prepared, who did a few things, or of whom no like is known."""
    if not len(own) and state.has_list(user):
        return "known"
    return "few" if len(liked) else "new"


def _mask(state: State, user: int, own: Ints, wish: Wish) -> Bools:
    mask = allowed(wish, state.catalogue)
    mask = np.ones(state.catalogue.n_items, dtype=bool) if mask is None else mask
    if state.catalogue.ids.gone is not None:
        mask &= ~state.catalogue.ids.gone[: len(mask)]
    if not wish.seen:
        mask[state.tastes.seen_by(user)] = False
        mask[own] = False
    return mask
