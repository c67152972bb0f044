"""What requests and answers look like; the texts are those of the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints

from graphrec.errors import InputError
from graphrec.ids import clean_id
from graphrec.ingest.events import KEY, MOST_CHARACTERS, MOST_KEYS
from graphrec.serving.context import CONTEXT_WEIGHT

MOST_ITEMS = 200
MOST_PAGES = 2_000


def _id(text: str) -> str:
    try:
        return clean_id(text)
    except InputError as error:
        raise ValueError(str(error)) from error


Id = Annotated[str, AfterValidator(_id), Field(description="An id as it was loaded: text, compared as it is.")]
Part = Annotated[FiniteFloat, Field(ge=0, le=1)]
Weight = Annotated[FiniteFloat, Field(ge=-1_000, le=1_000)]
INT64 = 2**63 - 1
Key = Annotated[str, StringConstraints(pattern=rf"^{KEY.pattern}$")]
Value = Annotated[str, StringConstraints(min_length=1, max_length=MOST_CHARACTERS)]


class Strict(BaseModel):
    """A name that isn't known is an error, not nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ListQuery(Strict):
    """How a list is to be. What is left out is as the service's pipeline has it."""

    k: int = Field(10, ge=1, le=MOST_ITEMS, description="How many items; as many come as there are.")
    cursor: str | None = Field(None, max_length=64, description="`next` of the page before.")
    include: list[Id] = Field([], max_length=1_000, description="Only these items may come.")
    exclude: list[Id] = Field([], max_length=1_000, description="These items must not come.")
    tag: list[str] = Field([], max_length=20, description="Only items that have all of these tags.")
    where: list[str] = Field(
        [], max_length=20, description="Conditions that all hold, such as `year>=1990` or `tag!=Horror`."
    )
    any: list[str] = Field([], max_length=20, description="Conditions of which at least one holds.")
    none: list[str] = Field([], max_length=20, description="Conditions of which none holds.")
    boost: list[str] = Field(
        [],
        max_length=20,
        description="`CONDITION*PART`: up by a part of the way from the last candidate to the best. The name of a "
        "property that is a number, such as `feature_trend*0.1`, moves each item by its place among all.",
    )
    bury: list[str] = Field([], max_length=20, description="As `boost`, but down.")
    taste: Part | None = Field(
        None, description="How far items go up whose tags are near to those that the user likes; 1: by the whole way."
    )
    seen: bool | None = Field(None, description="Whether items that the user has seen may come.")
    diversity: Part | None = Field(
        None, description="0: by score alone; near 1: as unlike each other as possible (MMR)."
    )
    calibration: Part | None = Field(
        None, description="Near 1: the list has tags in the shares that the user's likes have."
    )
    rare: Part | None = Field(None, description="At least this share comes from the long tail.")
    new: Part | None = Field(
        None,
        description="At least this share comes from new items: first taken up lately, or known to hardly anyone.",
    )
    explore: Part | None = Field(None, description="The share of positions given to chance.")
    seed: int = Field(0, ge=0, le=INT64, description="What is left to chance is the same for the same seed.")
    device: str | None = Field(
        None,
        max_length=200,
        description="The device that the list is for: what is liked on it more than usual goes up.",
    )
    location: str | None = Field(None, max_length=200, description="The place that the list is for, as events name it.")
    at: int | str | None = Field(
        None,
        description="The time that the list is for, by ISO 8601 (`2026-07-01T18:00Z`; UTC where it doesn't say) or as "
        "epoch milliseconds. Its hour and its time of year count, 2 hours and a month more or less.",
    )
    context: list[str] = Field(
        [], max_length=MOST_KEYS, description="`KEY:VALUE` such as `mood:calm`, with a key that events have told."
    )
    context_weight: float = Field(
        CONTEXT_WEIGHT,
        ge=0,
        le=10,
        description="How far an item goes up that is liked 2.7 times as often as usual in this context: a part of the "
        "way from the last candidate to the best.",
    )
    explain: bool | None = Field(None, description="Whether each item comes with the parts of its score.")
    with_: str | None = Field(
        None,
        alias="with",
        max_length=100,
        description="Recommenders over the graph, one filling up after the other: `walk,popular`.",
    )


class VisitorQuery(ListQuery):
    """A visitor without an account, known by what was looked at in this session."""

    items: dict[Id, Weight] = Field(..., max_length=500, description="Weights by item; 0 or less only hides an item.")


class PeopleQuery(Strict):
    """How many people."""

    k: int = Field(10, ge=1, le=MOST_ITEMS, description="How many people; as many come as there are.")


class RatingsQuery(Strict):
    """Which items, and by what."""

    item: list[Id] = Field(..., min_length=1, max_length=MOST_ITEMS, description="The items' ids.")
    with_: str = Field(
        "svd",
        alias="with",
        max_length=100,
        description="What predicts: `svd` or `svdpp`, once trained; `user_neighbours` or `item_neighbours`, at once.",
    )


class EventIn(Strict):
    """Something that a user did to an item. The same `event_id` again changes nothing."""

    event_id: Id
    user_id: Id
    item_id: Id
    kind: Id = Field("interaction", description="Such as view, click, purchase, listen, skip, dislike.")
    at: int | None = Field(None, ge=-INT64, le=INT64, description="Epoch milliseconds; now where it is left out.")
    count: int | None = Field(None, ge=1, le=1_000_000, description="How many times at once.")
    weight: FiniteFloat | None = None
    rating: FiniteFloat | None = None
    dwell: FiniteFloat | None = Field(None, description="How long, in seconds.")
    device: str | None = Field(None, max_length=200, description="Where it was done: phone, tv.")
    location: str | None = Field(None, max_length=200, description="A place by any name, but always the same.")
    session: str | None = Field(None, max_length=200)
    context: dict[Key, Value] | None = Field(
        None, max_length=MOST_KEYS, description='What else was the case, as text: `{"mood": "calm"}`.'
    )


class EventsIn(Strict):
    """Several events at once: all are taken, or none."""

    events: list[EventIn] = Field(..., min_length=1, max_length=1_000)


class Item(BaseModel):
    """A place in a list."""

    rank: int = Field(description="From 1; goes on over pages.")
    item_id: str
    title: str | None
    score: float = Field(description="Falls along the list, unless it was put in another order; of no unit.")
    reason: str = Field(description="A sentence to show; people only as counts.")
    probability: float = Field(description="That this item came at this position; below 1 with `explore`.")
    parts: dict[str, float] | None = Field(None, description="With `explain`: what the score is made of.")
    team: str | None = Field(
        None, description="Where two variants are interleaved: the one that picked the item, null for what filled up."
    )


class Model(BaseModel):
    """What answered."""

    name: str
    version: int


class Listed(BaseModel):
    """A list."""

    request_id: str
    user_id: str | None
    items: list[Item]
    strategy: str = Field(
        description="The source that found the first items: blend, fold_in, similar, stated, tags, follows, trending, "
        "popular, or names given by `with`."
    )
    fallbacks: list[str] = Field(description="The sources that filled up the list where the strategy had too few.")
    model: Model | None = Field(description="None before the first training.")
    degraded: bool = Field(description="True while Neo4j can't be reached: the answer is from memory.")
    next: str | None = Field(description="`cursor` of the next page; None at the end.")
    variant: dict[str, str | None] | None = Field(
        description="The experiment that the user takes part in, and the variant that answered, null where two are "
        "interleaved; null where there is none."
    )


class Taken(BaseModel):
    """Events that are safe now."""

    new: int
    repeated: int = Field(description="Those whose event_id was known.")


class Person(BaseModel):
    """Somebody to follow."""

    rank: int
    user_id: str
    friends_in_common: int


class People(BaseModel):
    """People to follow, those with the most friends in common first."""

    request_id: str
    user_id: str
    people: list[Person]


class Rating(BaseModel):
    """What a user would rate an item with."""

    item_id: str
    title: str | None
    rating: float | None = Field(description="On the scale of the data; null where nothing is known.")


class Rated(BaseModel):
    """Ratings in the order asked for. Of a user who has opted out, what all rate the items with."""

    model_config = ConfigDict(populate_by_name=True)

    request_id: str
    user_id: str
    with_: str = Field(alias="with", description="What predicted them.")
    ratings: list[Rating]


class Way(BaseModel):
    """One reason, with the nodes on the way: what each is, and how it is called."""

    text: str
    part: float | None
    path: list[tuple[str, str]]


class Explained(BaseModel):
    """Why an item would be recommended to a user."""

    request_id: str
    user_id: str
    item_id: str
    title: str
    score: float | None = Field(description="The sum of the parts; None where nothing leads to the item.")
    seen: bool
    parts: dict[str, float] = Field(description="By similar items (graph), by vectors, by popularity.")
    reasons: list[Way]
    model: Model | None
    degraded: bool


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str = Field(description="As in the header X-Request-Id, and in the log of the service.")
    errors: list[dict[str, Any]] | None = None


class Alive(BaseModel):
    """Whether the process answers, or is ready to."""

    status: Literal["alive", "ready"]
