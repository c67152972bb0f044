"""Adjacency lists: `user item item …`, the LightGCN files with their fixed train, valid and test parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from loaders.format import Format, Step, events
from loaders.lists import Lists
from loaders.sources import Source
from loaders.values import ID, Field

_PARTS = {"train": "interactions", "valid": "valid", "validation": "valid", "val": "valid", "test": "test"}
_FIELDS = (Field("user", "user_id", ID), Field("item", "item_id", ID))
_SUFFIXES = ("", ".txt", ".dat", ".data", ".lst")
_LIST = re.compile(r"[^\s,;|:]+( +[^\s,;|:]+)* *")


def match(sources: Sequence[Source]) -> Format | None:
    """The format if there is a training part, or one file whose lines are lists of different lengths."""
    parts = {table: source for source in sources if (table := _PARTS.get(_stem(source))) and _is_list(source)}
    if "interactions" in parts:
        steps = [_step(parts[table], table) for table in ("interactions", "valid", "test") if table in parts]
        return Format("adjacency lists", tuple(steps))
    if len(sources) == 1 and _is_list(sources[0]) and _varies(sources[0]):
        return Format("adjacency lists", (_step(sources[0], "interactions"),))
    return None


def _step(source: Source, table: str) -> Step:
    return Step(source, Lists, _FIELDS, events("interaction", table))


def _stem(source: Source) -> str:
    return PurePosixPath(source.base).stem


def _is_list(source: Source) -> bool:
    """Whether most of the first lines look like ids between blanks."""
    if PurePosixPath(source.base).suffix not in _SUFFIXES:
        return False
    fits = [bool(_LIST.fullmatch(line)) for line in source.lines[:20]]
    return sum(fits) * 2 > len(fits)  # a malformed line is told by its number, not by an unknown format


def _varies(source: Source) -> bool:
    """Whether the lines differ in length and hold ids, not prose: every word has a digit."""
    if not all(any(map(str.isdigit, word)) for line in source.lines[:200] for word in line.split()):
        return False
    lengths = {len(line.split()) for line in source.lines[:200]}
    return len(lengths) > 1 or max(lengths) == 2
