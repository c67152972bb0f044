"""Which format an input has, told by what its files hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from graphrec.errors import InputError
from loaders import adjacency, amazon, atomic, lastfm, movielens, table
from loaders.format import Format, Match
from loaders.sources import Source, find_sources

FORMATS: tuple[Match, ...] = (atomic.match, movielens.match, lastfm.match, adjacency.match, amazon.match)
"""Tried in order on the files of each folder; a table of obvious columns comes last."""

KNOWN = (
    "MovieLens (u.data, ratings.dat, ratings.csv), atomic files (.inter), HetRec Last.fm (user_artists.dat), "
    "adjacency lists (train.txt), Amazon reviews, or a table with the columns user_id and item_id"
)


def recognise(path: Path, columns: Mapping[str, str] | None = None) -> Format:
    """The format of an input. InputError says what was found, and how to map columns."""
    sources = find_sources(Path(path))
    if columns:
        return table.mapped(sources, columns)
    folders: dict[PurePosixPath, list[Source]] = defaultdict(list)
    for source in sources:
        folders[source.path.parent].append(source)
    for formats in (FORMATS, (table.match,)):
        found = {folder: one for folder, files in folders.items() if (one := _match(files, formats))}
        if len(found) == 1:
            return next(iter(found.values()))
        if found:
            names = ", ".join(f"{one.name} in {folder}" for folder, one in found.items())
            raise InputError(f"expected one data set in {path}, found {names}; give the path of one of them")
    raise InputError(_unknown(Path(path), sources))


def _match(files: Sequence[Source], formats: Sequence[Match]) -> Format | None:
    return next((found for match in formats if (found := match(files))), None)


def _unknown(path: Path, sources: Sequence[Source]) -> str:
    message = f"{path.name} isn't in a format that is known: expected {KNOWN}; found "
    described = table.describe(sources)
    if not described:
        return message + ", ".join(source.name for source in sources[:8])
    advice = "Say which columns are which: --columns user=NAME,item=NAME,rating=NAME,time=NAME"
    return f"{message}{described}. {advice} (without a header: their positions, from 1)"
