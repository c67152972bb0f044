"""What requests that change items and users look like, and the questions to new users with their answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, Field, FiniteFloat, StrictBool, StrictFloat, StrictInt, StrictStr

from graphrec.errors import InputError
from graphrec.ingest.changes import (
    MOST_CHARACTERS,
    MOST_FOLLOWED,
    MOST_PROPERTIES,
    MOST_TAGS,
    MOST_WEIGHT,
    clean_properties,
    clean_tags,
)
from graphrec.service.schemas import INT64, Id, Strict
from graphrec.serving.questions import MOST_ASKED

MOST_ANSWERS = 200
MOST_KEY = 255

Checked = TypeVar("Checked")


def _checked(check: Callable[[Any], Checked]) -> Callable[[Any], Checked]:
    def work(value: Any) -> Checked:
        try:
            return check(value)
        except InputError as error:
            raise ValueError(str(error)) from error

    return work


def _weighted(tags: list[str] | dict[str, float | None]) -> dict[str, float]:
    return clean_tags(dict.fromkeys(tags, 1.0) if isinstance(tags, list) else tags)


Scalar = StrictBool | Annotated[StrictInt, Field(ge=-INT64 - 1, le=INT64)] | StrictFloat | StrictStr | None
Properties = Annotated[
    dict[str, Scalar],
    Field(
        max_length=MOST_PROPERTIES,
        description="Texts, finite numbers, true and false by name; null takes a property away. What isn't named "
        "stays. A name is a letter, then letters, digits and _; those that graphrec writes itself are refused.",
    ),
    AfterValidator(_checked(clean_properties)),
]
TagWeight = Annotated[FiniteFloat, Field(ge=-MOST_WEIGHT, le=MOST_WEIGHT)]
Tags = Annotated[
    list[str] | dict[str, TagWeight | None],
    Field(description=f"All tags of the item, at most {MOST_TAGS}: names, or weights by name (1 for null)."),
    AfterValidator(_checked(_weighted)),
]
Stated = Annotated[FiniteFloat, Field(ge=-1, le=1)]


class ItemIn(Strict):
    """What is to be said of an item from now on. What isn't named stays as it is."""

    title: str | None = Field(None, max_length=MOST_CHARACTERS, description="To show; null takes it away.")
    properties: Properties = Field({})
    tags: Tags = Field({})


class UserIn(Strict):
    """What is to be said of a user from now on. What isn't named stays as it is."""

    properties: Properties = Field({})
    follows: list[Id] = Field(
        [], max_length=MOST_FOLLOWED, description="All users that this one follows, by their ids."
    )


class QuestionsQuery(Strict):
    """How many questions."""

    k: int = Field(10, ge=1, le=MOST_ASKED, description="How many items, and how many tags, at most.")


class AnswersIn(Strict):
    """What a new user answered; an answer may be left out."""

    liked: list[Id] = Field([], max_length=MOST_ANSWERS, description="Items that the user likes.")
    disliked: list[Id] = Field([], max_length=MOST_ANSWERS, description="Items that the user doesn't like.")
    tags: Annotated[dict[str, Stated], AfterValidator(_checked(clean_tags))] = Field(
        {},
        max_length=MOST_TAGS,
        description="From -1 (not at all) to 1 (very much) by the name of a tag; 0 takes back what was said before.",
    )


class ChangeTaken(BaseModel):
    """A change that is safe now: on the disk, and in the lists of every worker within a second."""

    request_id: str = Field(description="The name of this request.")
    key: str = Field(description="The header Idempotency-Key, or one made for this request.")
    repeated: bool = Field(description="Whether the key was known, so that nothing changed.")
    taken: dict[str, Any] = Field(description="What was taken, in its normal form.")


class Consent(BaseModel):
    """Whether what a user does may count."""

    request_id: str = Field(description="The name of this request.")
    user_id: str = Field(description="The user.")
    opted_out: bool = Field(description="Whether nothing counts that the user does.")


class AnswersTaken(BaseModel):
    """Answers that are safe now."""

    request_id: str = Field(description="The name of this request.")
    key: str = Field(description="The header Idempotency-Key, or one made for this request.")
    repeated: bool = Field(description="Whether all of it was known, so that nothing changed.")
    new: int = Field(description="How many answers are new; all tags together are one.")
    tags: dict[str, float] = Field(description="What was taken of tags.")


class AskedItem(BaseModel):
    """An item to ask about."""

    item_id: str = Field(description="To be given back in `liked` or `disliked`.")
    title: str | None = Field(description="To show.")
    tags: list[str] = Field(description="The item's tags, the heaviest first.")
    information: float = Field(description="What the answer tells beyond those to the questions before, about in bits.")


class AskedTag(BaseModel):
    """A tag to ask about."""

    tag: str = Field(description="To be given back in `tags`, with a weight.")
    information: float = Field(description="What the answer tells beyond those to the questions before, in bits.")


class Asked(BaseModel):
    """Questions to a new user, the most telling first."""

    request_id: str = Field(description="The name of this request.")
    items: list[AskedItem] = Field(description="Do you like it?")
    tags: list[AskedTag] = Field(description="How much do you like such items?")
