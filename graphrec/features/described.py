"""What each feature is: the table that `graphrec schema` and the documents show, and that tests hold the writer to."""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "feature_"
"""All features begin so, so that they are never taken for what the data say."""

DIGEST = "feature_digest"
"""A number of what was written, by which the next run knows whether it changed."""

HALF_LIFE_DAYS = 7.0
"""After how many days a like counts half in `feature_trend`."""


@dataclass(frozen=True)
class Feature:
    """A property of a label: its type in Neo4j, and what it says."""

    label: str
    name: str
    type: str
    meaning: str


FEATURES: tuple[Feature, ...] = (
    Feature("User", "feature_last_at", "INTEGER", "recency: when something was done last, epoch milliseconds"),
    Feature("User", "feature_interactions", "INTEGER", "activity: how many interactions of any kind"),
    Feature("User", "feature_items", "INTEGER", "activity: with how many different items"),
    Feature("User", "feature_breadth", "FLOAT", "of how many tags the likes are, were they even: exp of the entropy"),
    Feature("User", "feature_skip_rate", "FLOAT", "the part of interactions whose kinds don't count as liking"),
    Feature("User", "feature_hours", "LIST<FLOAT>", "24 shares by the hour of the day (UTC) of the last time of each"),
    Feature("User", "feature_weekdays", "LIST<FLOAT>", "7 shares by the day of the week (UTC), Monday first"),
    Feature("User", "feature_tags", "LIST<STRING>", "tag preferences: up to 20 tags, the strongest first"),
    Feature("User", "feature_tag_weights", "LIST<FLOAT>", "how much each of them is liked, from -1 to 1"),
    Feature("User", "feature_price", "FLOAT", "the median price of what is liked, where items have a price"),
    Feature(
        "User",
        "feature_price_sensitivity",
        "FLOAT",
        "1: likes the cheapest of all items, 0: the dearest, .5: no matter",
    ),
    Feature("User", "feature_follows", "INTEGER", "how many people the user follows"),
    Feature("User", "feature_followers", "INTEGER", "how many people follow the user"),
    Feature("Item", "feature_likers", "INTEGER", "popularity: how many people like the item"),
    Feature("Item", "feature_interactions", "INTEGER", "popularity: how many interactions of any kind"),
    Feature(
        "Item",
        "feature_trend",
        "FLOAT",
        "popularity now: log2 of the likes, each worth half with every week, in weeks since 1970",
    ),
    Feature("Item", "feature_months", "LIST<STRING>", "popularity over time: the months in which it was liked"),
    Feature("Item", "feature_month_likers", "LIST<INTEGER>", "by how many people in each of them"),
    Feature("Item", "feature_first_at", "INTEGER", "age: when somebody took it up first, epoch milliseconds"),
    Feature("Item", "feature_tag_rarity", "FLOAT", "the mean ln(N / n) of its tags: N items in all, n with the tag"),
    Feature("Item", "feature_ratings", "INTEGER", "how many people rated it"),
    Feature("Item", "feature_rating_mean", "FLOAT", "the mean of their ratings"),
    Feature("Item", "feature_rating_spread", "FLOAT", "the standard deviation of their ratings, from two on"),
    Feature("User", DIGEST, "STRING", "tells whether the others changed"),
    Feature("Item", DIGEST, "STRING", "tells whether the others changed"),
)


def names_of(label: str) -> tuple[str, ...]:
    """The features of a label but for the digest."""
    return tuple(one.name for one in FEATURES if one.label == label and one.name != DIGEST)
