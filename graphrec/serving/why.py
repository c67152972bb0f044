"""Why an item is in a list: a sentence for each item, and the parts of one score with the paths behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from graphrec.recommend.explain import Reason
from graphrec.recommend.history import people
from graphrec.serving.foldin import Floats, Ints, follow
from graphrec.serving.lists import NO_ITEM
from graphrec.serving.ranking import Answer
from graphrec.serving.state import State

OF_YOUR_TASTE = "near to your taste"


@dataclass(frozen=True)
class Why:
    """The parts of a score by name, which add up to it, and the strongest ways to the item; none if nothing leads."""

    parts: dict[str, float]
    reasons: tuple[Reason, ...]
    seen: bool

    @property
    def score(self) -> float:
        """What the parts add up to."""
        return sum(self.parts.values())


def sentences(state: State, answer: Answer) -> list[str]:
    """One plain sentence for each item of an answer, by the source that found it."""
    if not answer.found_by and answer.strategy == "blend":  # a prepared list, as most answers are
        title = state.catalogue.title
        because = answer.because.tolist()
        return [f"because you liked {title(item)}" if item != NO_ITEM else OF_YOUR_TASTE for item in because]
    told = list(answer.told)
    found_by = answer.found_by or (answer.strategy,) * len(answer.items)
    rows = zip(found_by, answer.items.tolist(), answer.because.tolist(), strict=True)
    told += [_sentence(state, *row) for row in list(rows)[len(told) :]]
    return told if answer.moved is None else _by_context(state, answer, told)


def _by_context(state: State, answer: Answer, told: list[str]) -> list[str]:
    """The same sentences, but of the items that are there because of the context, if enough people like them."""
    moved = answer.moved or {}
    items = answer.items.tolist()
    reasons = [moved[item].reason if item in moved and _is_known(state, item) else "" for item in items]
    return [reason or sentence for reason, sentence in zip(reasons, told, strict=True)]


def _sentence(state: State, source: str, item: int, because: int) -> str:
    if because != NO_ITEM:
        return _BECAUSE.get(source, _liked)(state, because)
    if source == "blend":
        return OF_YOUR_TASTE
    if not _is_known(state, item):  # how few people, and whether any, isn't told
        return "taken up lately" if source == "trending" else "little known yet"
    return "much liked these days" if source == "trending" else people(state.catalogue.liking(item), "liked it")


def _is_known(state: State, item: int) -> bool:
    """Whether enough people like an item to speak of them."""
    return state.catalogue.liking(item) >= state.least_people


def _liked(state: State, item: int) -> str:
    return f"because you liked {state.catalogue.title(item)}"


_BECAUSE: Mapping[str, Callable[[State, int], str]] = {
    "similar": lambda state, item: f"it goes well with {state.catalogue.title(item)}",
    "stated": lambda state, tag: f"you like {state.catalogue.tag_names[tag]}",
    "tags": lambda state, tag: f"of the same kind: {state.catalogue.tag_names[tag]}",
    "follows": lambda state, n: f"{n} people you follow liked it" if n >= state.least_people else "you may like it",
}
"""By source, what is said of what speaks most for an item."""


def why(state: State, user_id: str, item_id: str, k: int = 5) -> Why:
    """The parts of the score by similar items, vectors and popularity, as the user's likes are at this moment.

    Nothing of one who has opted out. UnknownIdError for a user or an item that isn't known.
    """
    if user_id in state.withheld:
        state.catalogue.ids.find([item_id], "item")
        return Why({}, (), False)
    user, item = state.users.find([user_id], "user")[0], state.catalogue.ids.find([item_id], "item")[0]
    with state.lock:
        liked, weights = state.tastes.items_of(user)
        seen = item in state.tastes.seen_by(user)
        new = state.tastes.new_of(user)
    blended, numbers = state.blended, state.blended.numbers
    if not numbers or not len(liked):
        return Why({}, (), seen)
    found = blended.graph(liked, weights)
    factor = numbers["weight_graph"] / blended.rms(found)
    ways = _ways(state, item, liked, weights)
    parts = {"graph": factor * sum(part for _, part in ways)}
    vector = blended.vector(user, liked, weights, new)
    if vector is not None and item < len(blended.embeddings.item_vectors):
        cosine = float(blended.embeddings.item_vectors[item] @ vector)
        parts["vectors"] = numbers["weight_vectors"] / numbers["spread"] * cosine
    popularity = np.log1p(state.catalogue.liking(item)) / np.log1p(numbers["most_likers"])
    parts["popularity"] = numbers["weight_popularity"] * float(popularity)
    return Why(parts, _reasons(state, (user_id, item), ways, factor, parts)[:k], seen)


def _ways(state: State, item: int, liked: Ints, weights: Floats) -> list[tuple[int, float]]:
    """Which liked items lead to an item, and how much each gives, the most first."""
    known = liked < state.blended.similar.shape[0]
    liked = liked[known]
    ways = follow(state.blended.similar, liked, weights[known])
    there = ways.items == item
    found = zip(liked[ways.steps[there]].tolist(), ways.parts[there].tolist(), strict=True)
    return sorted(found, key=lambda way: (-way[1], way[0]))


def _reasons(
    state: State, asked: tuple[str, int], ways: list[tuple[int, float]], factor: float, parts: dict[str, float]
) -> tuple[Reason, ...]:
    user_id, item = asked
    title = state.catalogue.title(item)
    begin, end = ("user", f"user {user_id}"), ("item", title)
    reasons = [
        Reason(
            f"{title} goes well with {state.catalogue.title(one)}, which you liked",
            factor * part,
            (begin, ("item", state.catalogue.title(one)), end),
        )
        for one, part in ways
    ]
    taste, many = parts.get("vectors", 0.0), parts.get("popularity", 0.0)
    if taste > 0:
        reasons.append(Reason(f"{title} is near to your taste", taste, (begin, end)))
    if many > 0 and _is_known(state, item):
        n = state.catalogue.liking(item)
        reasons.append(Reason(f"{n} people liked {title}", many, (("people", f"{n} people"), end)))
    elif many > 0:
        reasons.append(Reason(f"how popular {title} is", many, (begin, end)))
    return tuple(sorted(reasons, key=lambda reason: -(reason.part or 0.0)))
