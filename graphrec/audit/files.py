"""Files as they are: every row that can be told apart goes into a table, and what a strict load refuses is noted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphrec.audit.source import TABLES, Source
from graphrec.errors import InputError
from graphrec.ids import clean_id
from loaders.format import Step, property_name, with_kind
from loaders.json_lines import JsonLines
from loaders.reading import Block, Reader, decoded, plain_value
from loaders.recognise import recognise
from loaders.values import NUMBER, TEXT, Field

REASONS = 10_000
"""For so many bad values of a column the reason quotes the value; more of them are told by what was expected."""

ROW, LINE = "_row", "_line"

INTO: Mapping[str, tuple[str, str | None]] = {
    "interactions": ("interactions", "train"),
    "valid": ("interactions", "valid"),
    "test": ("interactions", "test"),
    "items": ("items", None),
    "users": ("users", None),
    "item_tags": ("tags", None),
    "taggings": ("tags", None),
    "follows": ("follows", None),
}
"""By table of a loader: the table here, and the part that its rows belong to."""

DWELL: Mapping[str, float] = {
    **dict.fromkeys(("dwell", "dwelltime", "dwells", "duration", "timespent", "watchtime", "viewtime"), 1.0),
    **dict.fromkeys(("dwellms", "durationms", "msplayed", "timespentms", "watchtimems"), 1e-3),
}
"""Columns that say how long somebody stayed, and what makes seconds of them."""

KNOWN = {"session": "session", "sessionid": "session", "device": "device", "devicetype": "device"}

Numbers = npt.NDArray[np.int64]


def open_path(
    path: Path | str,
    *,
    staging: Path,
    columns: Mapping[str, str] | None = None,
    kind: str | None = None,
    now: int | None = None,
) -> Source:
    """The raw rows of a file or folder of any format that `graphrec load` knows; `columns` and `kind` as there.

    What a strict load refuses becomes rows of `problems`. `staging`: a new folder. InputError for what no loader
    recognises.
    """
    path = Path(path)
    kind = clean_id(kind) if kind is not None else None
    found = recognise(path, columns)
    source = Source.empty(path.name, found.name, "files", staging, now=now)
    try:
        for step in found.steps:
            _FileReader(source, step, kind).read()
    except BaseException:
        source.close()
        raise
    return source


@dataclass
class _FileReader:
    source: Source
    step: Step
    kind: str | None
    n_rows: int = 0

    def read(self) -> None:
        """Stage one file."""
        try:
            reader = self.step.reader(self.step.source, None)
            fields = (*self.step.fields, *_others(reader, self.step))
            for block in reader.blocks(fields):
                self._stage(block, fields, reader.first_line)
        except InputError as error:
            self._note([(None, None, None, str(error))])
            return
        self._settle_lines(reader)
        if reader.n_malformed:
            self._note([(None, row.line, None, row.reason) for row in reader.locate({})])

    def _stage(self, block: Block, fields: tuple[Field, ...], first_line: int) -> None:
        numbers = block.numbers
        self.n_rows = max(self.n_rows, int(numbers.max(initial=-1)) + 1)
        lines = numbers + first_line
        self._note([(None, number + first_line, None, reason) for number, reason in block.bad.items()])
        keep = ~np.isin(numbers, list(block.bad)) if block.bad else np.ones(len(numbers), bool)
        arrays, problems = {}, []
        for one in fields:
            arrays[one.name], bad = _read(one, block.columns[one.column])
            problems.append((one, np.flatnonzero(bad & keep)))
        arrays[ROW], arrays[LINE] = pa.array(np.arange(len(numbers))), pa.array(lines)
        rows = pa.table(arrays)
        row_ids = self._append(rows if keep.all() else rows.filter(pa.array(keep)), len(numbers))
        for one, places in problems:
            self._note_values(one, block.columns[one.column], places, (row_ids, lines))

    def _append(self, rows: pa.Table, n_rows: int) -> tuple[str, Numbers]:
        """Put rows into their tables; the table of the rows themselves, and their `row_id` by place in the block."""
        placed = ("", np.full(n_rows, -1))
        for name, table in self.step.tables(rows).items():
            target, part = INTO[name]
            ids = np.arange(table.num_rows) + self.source.numbers(target, table.num_rows)
            if ROW in table.column_names:
                placed = (target, placed[1].copy())
                placed[1][table[ROW].to_numpy()] = ids
            self.source.append(target, self._shaped(table, target, part, ids))
        return placed

    def _shaped(self, table: pa.Table, target: str, part: str | None, ids: Numbers) -> pa.Table:
        n = table.num_rows
        if target == "interactions" and self.kind:
            table = with_kind(table, self.kind)
        columns = {name: _plain(table[name]) for name in table.column_names if name not in (ROW, LINE)}
        scale = [(name, DWELL[_key(name)]) for name in columns if name not in TABLES[target] and _key(name) in DWELL]
        for name, factor in scale[:1]:
            columns["dwell"] = pc.multiply(columns.pop(name), factor)
        columns |= {"row_id": pa.array(ids), "file": pa.repeat(self.step.source.name, n)}
        if LINE in table.column_names:
            columns["line"] = table[LINE]
        if part:
            columns["part"] = pa.repeat(part, n)
        return pa.table(columns)

    def _note_values(
        self, one: Field, column: pa.Array, places: Numbers, where: tuple[tuple[str, Numbers], Numbers]
    ) -> None:
        (table, row_ids), lines = where
        common = f"expected {one.kind.expected} in {one.column}"
        told = [one.problem(plain_value(column[int(place)])) for place in places[:REASONS]]
        told += [common] * (len(places) - len(told))
        rows = [(int(row_ids[n]), int(lines[n]), one.name, reason) for n, reason in zip(places, told, strict=True)]
        self._note(rows, table)

    def _note(self, rows: Sequence[tuple[int | None, int | None, str | None, str]], table: str = "") -> None:
        if not rows:
            return
        row_ids, lines, fields, reasons = zip(*rows, strict=True)
        columns = {
            "table_name": pa.repeat(table or self._own_table(), len(rows)),
            "row_id": pa.array(row_ids, pa.int64()),
            "file": pa.repeat(self.step.source.name, len(rows)),
            "line": pa.array(lines, pa.int64()),
            "field": pa.array(fields, pa.string()),
            "reason": pa.array(reasons, pa.string()),
        }
        self.source.append("problems", pa.table(columns))

    def _own_table(self) -> str:
        names = {one.name for one in self.step.fields}
        if {"user_id", "item_id"} <= names:
            return "tags" if "tag" in names else "interactions"
        return "follows" if "followee_id" in names else "users" if "user_id" in names else "items"

    def _settle_lines(self, reader: Reader) -> None:
        """Put the lines right where blank, malformed or quoted lines moved them."""
        lines = reader.lines(self.n_rows)
        if lines is None:
            return
        settled = pa.table({"provisional": np.arange(len(lines)) + reader.first_line, "exact": lines})  # noqa: F841
        for table in TABLES:
            self.source.db.execute(
                f"UPDATE {table} SET line = settled.exact FROM settled "
                f"WHERE {table}.file = ? AND {table}.line = settled.provisional",
                [self.step.source.name],
            )


def _read(one: Field, column: pa.Array) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """The values, null where they are bad, and which are."""
    values, bad = one.read(column)
    values = _plain(values)
    mask = bad.to_numpy(zero_copy_only=False).astype(bool)
    return (pc.if_else(pa.array(mask), pa.scalar(None, values.type), values) if mask.any() else values), mask


def _plain(column: pa.Array) -> pa.Array:
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return decoded(column)


def _others(reader: Reader, step: Step) -> Iterator[Field]:
    """The columns of a file of events that its loader leaves out; of JSON only those that are known."""
    taken = {one.name for one in step.fields}
    used = {one.column for one in step.fields}
    columns: list[str] = getattr(reader, "columns", [])
    if not {"user_id", "item_id"} <= taken or "tag" in taken:
        return
    for column in columns:
        name, key = property_name(column), _key(column)
        known = key in DWELL or key in KNOWN
        name = KNOWN.get(key, name)
        if column in used or columns.count(column) > 1 or name in taken or column.isdecimal():
            continue
        if known or not isinstance(reader, JsonLines):
            taken.add(name)
            yield Field(column, _free(name, key), NUMBER if key in DWELL else TEXT, required=False)


def _free(name: str, key: str) -> str:
    """The name, unless the tables mean something else by it."""
    reserved = set(TABLES["interactions"]) - {"session", "device"}
    return f"{name}_" if name in reserved and key not in DWELL else name


def _key(column: str) -> str:
    return "".join(filter(str.isalnum, column.partition(":")[0].lower()))
