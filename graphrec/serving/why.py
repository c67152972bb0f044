"""Why an item is in a list: a sentence for each item, and the parts of one score with the paths behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphrec.recommend.explain import Reason
from graphrec.serving.foldin import Floats, Ints, follow
from graphrec.serving.lists import NO_ITEM
from graphrec.serving.ranking import Answer
from graphrec.serving.state import State


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
    """One plain sentence for each item of an answer."""
    title, likers = state.catalogue.title, state.catalogue.liking
    told = list(answer.told)
    for item, because in list(zip(answer.items.tolist(), answer.because.tolist(), strict=True))[len(told) :]:
        if because != NO_ITEM and answer.strategy == "similar":
            told.append(f"liked by the people who like {title(because)}")
        elif because != NO_ITEM:
            told.append(f"because you liked {title(because)}")
        elif answer.strategy == "blend" and not answer.fallbacks:
            told.append("liked by people whose taste is like yours")
        else:
            n = likers(item)
            told.append(f"{n} {'person' if n == 1 else 'people'} liked it" if n else "new here")
    return told if answer.moved is None else _by_context(answer, told)


def _by_context(answer: Answer, told: list[str]) -> list[str]:
    """The same sentences, but of the items that are there because of the context."""
    moved = answer.moved or {}
    reasons = [moved[item].reason if item in moved else "" for item in answer.items.tolist()]
    return [reason or sentence for reason, sentence in zip(reasons, told, strict=True)]


def why(state: State, user_id: str, item_id: str, k: int = 5) -> Why:
    """The parts of the score by similar items, vectors and popularity, as the user's likes are at this moment.

    UnknownIdError for a user or an item that isn't known.
    """
    user, item = state.users.find([user_id], "user")[0], state.catalogue.ids.find([item_id], "item")[0]
    with state.lock:
        liked, weights = state.tastes.items_of(user)
        seen = item in state.tastes.seen_by(user)
    blended, numbers = state.blended, state.blended.numbers
    if not numbers or not len(liked):
        return Why({}, (), seen)
    found = blended.graph(liked, weights)
    factor = numbers["weight_graph"] / blended.rms(found)
    ways = _ways(state, item, liked, weights)
    parts = {"graph": factor * sum(part for _, part in ways)}
    vector = blended.vector(user, liked, weights)
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
            f"{title} is liked by the people who like {state.catalogue.title(one)}",
            factor * part,
            (begin, ("item", state.catalogue.title(one)), end),
        )
        for one, part in ways
    ]
    taste, many = parts.get("vectors", 0.0), parts.get("popularity", 0.0)
    if taste > 0:
        path = (begin, ("people", "people of your taste"), end)
        reasons.append(Reason(f"{title} is liked by people whose taste is like yours", taste, path))
    if many > 0:
        n = state.catalogue.liking(item)
        reasons.append(Reason(f"{n} people liked {title}", many, (("people", f"{n} people"), end)))
    return tuple(sorted(reasons, key=lambda reason: -(reason.part or 0.0)))
