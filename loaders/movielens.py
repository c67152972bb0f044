"""MovieLens in its three notations: 100K (`u.data`), 1M and 10M (`::`), and 20M to 32M and latest (CSV)."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from loaders.delimited import Delimited, Dialect
from loaders.format import Count, Format, Step, Tables, events, named, split_tags, with_year
from loaders.reading import Reader
from loaders.sources import Source
from loaders.values import COUNT, ID, NUMBER, TEXT, TIME, Field

GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
NO_GENRES = "(no genres listed)"

_RATINGS = ("user_id", "item_id", "rating", "timestamp")
_ROW_100K = re.compile(r"\d+\t\d+\t[1-5]\t\d{9,10}")
_ROW_1M = re.compile(r"\d+::\d+::[0-5](\.5|\.0)?::\d{9,10}")
_HEADER = "userId,movieId,rating,timestamp"


def match(sources: Sequence[Source]) -> Format | None:
    """The notation whose ratings lie among the files."""
    if source := _ratings(sources, "u.data", lambda line: bool(_ROW_100K.fullmatch(line))):
        return _format_100k(source, sources)
    if source := _ratings(sources, "ratings.dat", lambda line: bool(_ROW_1M.fullmatch(line))):
        return _format_1m(source, sources)
    if source := _ratings(sources, "ratings.csv", lambda line: line.strip() == _HEADER):
        return _format_csv(source, sources)
    return None


def _ratings(sources: Sequence[Source], base: str, fits: object) -> Source | None:
    """The file of that name, or the only file, if one of its first lines fits (the others may be malformed)."""
    assert callable(fits)
    found = named(sources, base) or (sources[0] if len(sources) == 1 else None)
    return found if found and any(fits(line) for line in found.lines[:20]) else None


def _step(source: Source, dialect: Dialect, fields: Sequence[Field], tables: object) -> Step:
    assert callable(tables)
    return Step(source, functools.partial(_open, dialect), tuple(fields), tables)


def _open(dialect: Dialect, source: Source, count: Count | None) -> Reader:
    return Delimited(source, dialect, count)


def _rating_fields(user: str, item: str) -> tuple[Field, ...]:
    return (
        Field(user, "user_id", ID),
        Field(item, "item_id", ID),
        Field("rating", "rating", NUMBER),
        Field("timestamp", "at", TIME),
    )


def _format_100k(ratings: Source, sources: Sequence[Source]) -> Format:
    table = Dialect("\t", quotes=False, names=_RATINGS)
    steps = [_step(ratings, table, _rating_fields("user_id", "item_id"), events("rating"))]
    if items := named(sources, "u.item"):
        names = ("item_id", "title", "release_date", "video_release_date", "imdb_url", *GENRES)
        fields = [Field("item_id", "item_id", ID), Field("title", "title", TEXT, False)]
        fields += [Field(name, name, TEXT, False) for name in ("release_date", "imdb_url", *GENRES)]
        steps.append(_step(items, Dialect("|", False, names, "latin-1"), fields, _items_100k))
    if users := named(sources, "u.user"):
        steps.append(_step(users, Dialect("|", False, _USER_100K, "latin-1"), _user_fields(_USER_100K), _users))
    return Format("MovieLens 100K", tuple(steps))


_USER_100K = ("user_id", "age", "gender", "occupation", "zip_code")
_USER_1M = ("user_id", "gender", "age", "occupation", "zip_code")


def _user_fields(names: Sequence[str]) -> list[Field]:
    kinds = {"user_id": ID, "age": COUNT}
    return [Field(name, name, kinds.get(name, TEXT), name == "user_id") for name in names]


def _users(rows: pa.Table) -> Tables:
    return {"users": rows}


def _items_100k(rows: pa.Table) -> Tables:
    tags = []
    for genre in GENRES:
        items = rows["item_id"].filter(pc.equal(rows[genre], "1").fill_null(False))
        if genre != "unknown":
            tags.append(pa.table({"item_id": items, "tag": pa.repeat(genre, len(items))}))
    return {"items": with_year(rows.drop_columns(GENRES)), "item_tags": pa.concat_tables(tags)}


def _format_1m(ratings: Source, sources: Sequence[Source]) -> Format:
    def dialect(*names: str) -> Dialect:
        return Dialect("::", False, names, "latin-1")

    steps = [_step(ratings, dialect(*_RATINGS), _rating_fields("user_id", "item_id"), events("rating"))]
    if movies := named(sources, "movies.dat"):
        steps.append(_step(movies, dialect("item_id", "title", "genres"), _movie_fields("item_id"), _items))
    if users := named(sources, "users.dat"):
        steps.append(_step(users, dialect(*_USER_1M), _user_fields(_USER_1M), _users))
    if tags := named(sources, "tags.dat"):
        names = ("user_id", "item_id", "tag", "timestamp")
        steps.append(_step(tags, dialect(*names), _tag_fields("user_id", "item_id"), _taggings))
    return Format("MovieLens 1M or 10M", tuple(steps))


def _movie_fields(item: str) -> tuple[Field, ...]:
    return (
        Field(item, "item_id", ID),
        Field("title", "title", TEXT, False),
        Field("genres", "genres", TEXT, False),
    )


def _items(rows: pa.Table) -> Tables:
    tags = split_tags(rows, "genres", "|", NO_GENRES)
    return {"items": with_year(rows.drop_columns(["genres"])), "item_tags": tags}


def _tag_fields(user: str, item: str) -> tuple[Field, ...]:
    return (
        Field(user, "user_id", ID),
        Field(item, "item_id", ID),
        Field("tag", "tag", ID),
        Field("timestamp", "at", TIME),
    )


def _taggings(rows: pa.Table) -> Tables:
    return {"taggings": rows}


def _format_csv(ratings: Source, sources: Sequence[Source]) -> Format:
    table = Dialect(",")
    steps = [_step(ratings, table, _rating_fields("userId", "movieId"), events("rating"))]
    if movies := named(sources, "movies.csv"):
        steps.append(_step(movies, table, _movie_fields("movieId"), _items))
    if links := named(sources, "links.csv"):
        fields = (
            Field("movieId", "item_id", ID),
            Field("imdbId", "imdb_id", TEXT, False),
            Field("tmdbId", "tmdb_id", TEXT, False),
        )
        steps.append(_step(links, table, fields, lambda rows: {"items": rows}))
    if tags := named(sources, "tags.csv"):
        steps.append(_step(tags, table, _tag_fields("userId", "movieId"), _taggings))
    return Format("MovieLens CSV", tuple(steps))
