"""Rows of nodes or relationships into files for the bulk importer: one file for all that share labels and types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from graphrec.holdings.columns import column_type, field_of

Layout = Mapping[tuple[str, ...], Mapping[str, Sequence[str]]]
"""By labels, the types that each property has among the nodes; by one type of relationship likewise."""


def layout_of(rows: Iterable[Mapping[str, Any]]) -> Layout:
    """The layout that rows of `transfer/node_types` or `transfer/relationship_types` tell."""
    found: dict[tuple[str, ...], dict[str, set[str]]] = {}
    for row in rows:
        if kind := column_type(row["key"], row["type"]):
            found.setdefault(tuple(sorted(row["labels"])), {}).setdefault(row["key"], set()).add(kind)
    return {labels: {key: sorted(kinds) for key, kinds in keys.items()} for labels, keys in found.items()}


class Sheets:
    """The files of a folder that begin with a word. A property that has several types among the nodes of some labels
    parts them into several files, because a column has one type."""

    def __init__(self, stack: ExitStack, folder: Path, word: str, begin: Sequence[str], layout: Layout) -> None:
        self._stack = stack
        self._folder, self._word, self._begin = folder, word, begin
        self._layout = layout
        self._files: dict[tuple[Any, ...], TextIO] = {}
        self.paths: list[Path] = []
        self.n_rows = 0
        self.multiline = False

    def write(self, begin: Sequence[str], labels: Sequence[str], properties: Mapping[str, Any]) -> dict[str, Any]:
        """Write a row that begins with these fields; the properties that no file can hold come back."""
        keys = self._layout.get(tuple(sorted(labels)), {})
        fields, left = _fields(keys, properties)
        parts = tuple((key, fields[key][0]) for key, kinds in keys.items() if len(kinds) > 1 and key in fields)
        columns = {key: kinds[0] for key, kinds in keys.items() if len(kinds) == 1} | dict(parts)
        texts = [fields[key][1] if key in fields else "" for key in columns]
        line = ",".join([*begin, *texts])
        self.multiline = self.multiline or "\n" in line or "\r" in line
        self._file((tuple(sorted(labels)), parts), columns).write(line + "\n")
        self.n_rows += 1
        return left

    def _file(self, key: tuple[Any, ...], columns: Mapping[str, str]) -> TextIO:
        if key not in self._files:
            path = self._folder / f"{self._word}-{len(self._files):05d}.csv"
            file = self._stack.enter_context(path.open("w", encoding="utf-8", newline=""))
            file.write(",".join([*self._begin, *(f"{name}:{kind}" for name, kind in columns.items())]) + "\n")
            self._files[key] = file
            self.paths.append(path)
        return self._files[key]


def _fields(
    keys: Mapping[str, Sequence[str]], properties: Mapping[str, Any]
) -> tuple[dict[str, tuple[str, str]], dict[str, Any]]:
    """The type and the field of each property, and the properties that have none."""
    fields, left = {}, {}
    for key, value in properties.items():
        kind = _kind_of(value)
        field = field_of(value, kind) if kind and kind in keys.get(key, ()) else None
        if field is None or kind is None:
            left[key] = value
        else:
            fields[key] = kind, field
    return fields, left


def _kind_of(value: Any) -> str | None:
    """The importer's type of a value as the driver gives it."""
    if isinstance(value, list):
        kinds = {_PLAIN.get(type(part)) for part in value}
        kind = kinds.pop() if len(kinds) == 1 else None
        return f"{kind}[]" if kind else None
    return _PLAIN.get(type(value))


_PLAIN: Mapping[type, str] = {str: "string", int: "long", float: "double", bool: "boolean"}
