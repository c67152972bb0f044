"""From a query to a wish, and from an answer to a body."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

import orjson
from fastapi import Response

from graphrec.errors import InputError
from graphrec.service.context import context_of
from graphrec.service.schemas import MOST_PAGES, ListQuery
from graphrec.service.trials import Trial
from graphrec.serving.pipeline import Pipeline
from graphrec.serving.ranking import Answer
from graphrec.serving.state import State
from graphrec.serving.why import sentences, why
from graphrec.serving.wish import Wish, rule_of

Value = TypeVar("Value")


def wish_of(query: ListQuery, pipeline: Pipeline) -> Wish:
    """What a query asks for beside the pipeline's filters and rules, and what it leaves to the pipeline.

    InputError for a cursor or a rule that can't be read.
    """
    offset = _offset(query.cursor) if query.cursor else 0
    rules = [rule_of(text, 1.0) for text in query.boost] + [rule_of(text, -1.0) for text in query.bury]
    usual = pipeline.rerank
    return Wish(
        k=query.k,
        offset=offset,
        include=tuple(query.include),
        exclude=tuple(query.exclude),
        every=(*(f"tag={tag}" for tag in query.tag), *query.where),
        some=tuple(query.any),
        never=tuple(query.none),
        rules=(*pipeline.rules, *rules),
        seen=_or(query.seen, pipeline.filters.seen),
        diversity=_or(query.diversity, usual.diversity),
        calibration=_or(query.calibration, usual.calibration),
        rare=_or(query.rare, usual.rare),
        new=_or(query.new, usual.new),
        explore=_or(query.explore, usual.explore),
        seed=query.seed,
        house=pipeline.house,
        context=context_of(query),
        taste=_or(query.taste, pipeline.score.taste),
    )


def body_of(
    state: State,
    answer: Answer,
    wish: Wish,
    *,
    request_id: str,
    user_id: str | None,
    degraded: bool,
    explain: bool,
    trial: Trial | None = None,
) -> Response:
    """The answer as JSON; `Listed` describes it."""
    names, titles = state.catalogue.ids.names, state.catalogue.titles
    explain = explain and user_id in state.users.places
    parts = [_parts(state, answer, user_id, item) for item in answer.items.tolist()] if explain and user_id else None
    columns = (answer.items.tolist(), answer.scores.tolist(), answer.chances.tolist(), sentences(state, answer))
    items = [
        {
            "rank": wish.offset + n + 1,
            "item_id": names[item],
            "title": titles[item] if item < len(titles) else None,
            "score": score,
            "reason": reason,
            "probability": chance,
            "parts": parts[n] if parts is not None else None,
        }
        for n, (item, score, chance, reason) in enumerate(zip(*columns, strict=True))
    ]
    if trial is not None and trial.teams:
        items = [item | {"team": team} for item, team in zip(items, trial.teams, strict=True)]
    body = {
        "request_id": request_id,
        "user_id": user_id,
        "items": items,
        "strategy": answer.strategy,
        "fallbacks": answer.fallbacks,
        "model": model_of(state),
        "degraded": degraded,
        "next": _cursor(wish.offset + wish.k) if len(items) == wish.k else None,
        "variant": None if trial is None else trial.told,
    }
    return json_of(body)


def _parts(state: State, answer: Answer, user_id: str, item: int) -> dict[str, float]:
    """What the score is made of, and what context added to it."""
    parts = why(state, user_id, state.catalogue.ids.names[item]).parts
    if answer.moved is None:
        return parts
    return {**parts, "context": answer.moved[item].part if item in answer.moved else 0.0}


def model_of(state: State) -> dict[str, Any] | None:
    """What answers."""
    return {"name": state.version.name, "version": state.version.version} if state.version else None


def json_of(body: Any) -> Response:
    """A body that needs no further check."""
    return Response(orjson.dumps(body), media_type="application/json")


def _or(asked: Value | None, usual: Value) -> Value:
    return usual if asked is None else asked


def _cursor(offset: int) -> str | None:
    if offset > MOST_PAGES:
        return None
    return base64.urlsafe_b64encode(f"o{offset}".encode()).decode().rstrip("=")


def _offset(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        offset = int(text[1:]) if text[:1] == "o" and text[1:].isascii() and text[1:].isdigit() else -1
    except (ValueError, binascii.Error):
        offset = -1
    if not 0 <= offset <= MOST_PAGES:
        raise InputError(f"expected a cursor as `next` of a page gave it, found {cursor!r}")
    return offset
