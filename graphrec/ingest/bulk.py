"""Into an empty local store through Neo4j's own bulk importer.

Nodes are numbered, so that relationship files hold integers and the importer needs no table of ids. Files lie in
HOME/staging while it runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from graphrec.errors import GraphError
from graphrec.ingest.bolt import Progress
from graphrec.ingest.rows import SEPARATOR, Column, Rows
from graphrec.ingest.staging import staging_folder
from graphrec.server import Home, importer, stopped

OPTIONS = (
    "--overwrite-destination",
    "--id-type=actual",
    "--bad-tolerance=0",
    "--array-delimiter=U+001F",
    "--path-pattern-style=none",
    "--high-parallel-io=on",
)
MAX_VALUE = 1 << 20
"""Characters of the longest text that the importer's buffers take safely."""

_NAME = re.compile(r"[^\W\d]\w*")
_SUM_TYPES = {"kind": "string", "count": "long", "weight": "double", "rating": "double"} | dict.fromkeys(
    ("first_at", "last_at"), "long"
)


@dataclass(frozen=True)
class _Numbers:
    """Where the numbers of a label's nodes begin, and its ids in their order."""

    first: int
    words: pa.Array


def fits(rows: Rows) -> bool:
    """Whether the importer's files can hold every name and value; if not, Bolt takes them."""
    names = [column.name for column in (*rows.user_columns, *rows.item_columns)]
    if not all(_NAME.fullmatch(name) for name in names):
        return False
    return all(_texts_fit(rows, word, columns) for word, columns in _nodes(rows))


def load_in_bulk(
    home: Home, rows: Rows, progress: Progress | None = None, *, still_empty: Callable[[], bool] = lambda: True
) -> None:
    """Write the files, import them, and remove them. The server of the home is stopped meanwhile.

    GraphError if `still_empty`, asked before the store is replaced, says no. After a kill in the middle the next
    start, or the next import, finds an empty store.
    """
    with staging_folder(home, "bulk") as folder:
        arguments = write_files(rows, folder, home.root, progress)
        if not still_empty():
            raise GraphError(f"something was written into the graph of {home.root} meanwhile; load again")
        with stopped(home):
            importer.run(home, arguments)


def write_files(rows: Rows, folder: Path, root: Path, progress: Progress | None = None) -> list[str]:
    """Write every file; the importer's arguments, with paths relative to `root`."""
    numbers = _number(rows)
    paths = {word: [_node_file(rows, folder, word, columns, numbers[word])] for word, columns in _nodes(rows)}
    nodes = [f"--nodes={word.capitalize()}={_listed(files, root)}" for word, files in paths.items()]
    edges = {
        "INTERACTED": _sum_files(rows, folder, numbers, progress),
        **{kind: _edge_file(rows, folder, edge, numbers) for kind, edge in _EDGES.items()},
    }
    relationships = [f"--relationships={kind}={_listed(files, root)}" for kind, files in edges.items() if files]
    multiline = ["--multiline-fields=true"] if _has_newline(rows) else []
    return [*OPTIONS, *multiline, *nodes, *relationships]


@dataclass(frozen=True)
class _Edge:
    """A view, the properties of its relationships, and the query of its rows with the nodes' numbers."""

    view: str
    properties: str
    query: str


_EDGES = {
    "HAS_TAG": _Edge(
        "has_tag",
        "weight:double",
        """SELECT i.number + {item}, t.number + {tag}, e.weight FROM has_tag e
           JOIN item_words i USING (item_id) JOIN tag_words t ON t.name = e.tag ORDER BY 1, 2""",
    ),
    "TAGGED": _Edge(
        "tagged",
        "tag:string,at:long",
        """SELECT u.number + {user}, i.number + {item}, e.tag, e."at" FROM tagged e
           JOIN user_words u USING (user_id) JOIN item_words i USING (item_id) ORDER BY 1, 2, 3""",
    ),
    "FOLLOWS": _Edge(
        "followed",
        "",
        """SELECT u.number + {user}, v.number + {user} FROM followed e
           JOIN user_words u USING (user_id) JOIN user_words v ON v.user_id = e.followee_id ORDER BY 1, 2""",
    ),
}


def _nodes(rows: Rows) -> list[tuple[str, tuple[Column, ...]]]:
    return [("user", rows.user_columns), ("item", rows.item_columns), ("tag", ())]


def _key(word: str) -> str:
    return "name" if word == "tag" else f"{word}_id"


def _number(rows: Rows) -> dict[str, _Numbers]:
    found, first = {}, 0
    for word, _ in _nodes(rows):
        key = _key(word)
        words = rows.database.cursor().sql(f"SELECT {key} FROM {word}_words ORDER BY number").to_arrow_table()[key]
        found[word] = _Numbers(first, words.combine_chunks())
        first += len(words)
    return found


def _node_file(rows: Rows, folder: Path, word: str, columns: tuple[Column, ...], numbers: _Numbers) -> Path:
    key = _key(word)
    values = "".join(f", {_value(column)}" for column in columns)
    query = f"SELECT w.number + {numbers.first}, n.{key}{values} FROM {word}_rows n JOIN {word}_words w USING ({key})"
    header = [":ID", f"{key}:string", *(f"{column.name}:{column.type}" for column in columns)]
    return _copy(rows, folder / f"{word}s.csv", f"{query} ORDER BY 1", ",".join(header))


def _value(column: Column) -> str:
    name = f'n."{column.name}"'
    return f"array_to_string({name}, chr({ord(SEPARATOR)}))" if column.type.endswith("[]") else name


def _edge_file(rows: Rows, folder: Path, edge: _Edge, numbers: dict[str, _Numbers]) -> list[Path]:
    if not rows.count(edge.view):
        return []
    offsets = {word: number.first for word, number in numbers.items()}
    header = ",".join(filter(None, [":START_ID", ":END_ID", edge.properties]))
    return [_copy(rows, folder / f"{edge.view}.csv", edge.query.format(**offsets), header)]


def _copy(rows: Rows, path: Path, query: str, header: str) -> Path:
    """Write a query's rows; texts are quoted, so that an empty one differs from a missing one."""
    with path.open("wb") as file:
        file.write(header.encode() + b"\n")
        reader = rows.database.cursor().sql(query).to_arrow_reader(100_000)
        for batch in reader:
            pacsv.write_csv(batch, file, pacsv.WriteOptions(include_header=False, quoting_style="all_valid"))
    return path


def _sum_files(rows: Rows, folder: Path, numbers: dict[str, _Numbers], progress: Progress | None) -> list[Path]:
    total = rows.count("sums")
    if not total:
        return []
    known = ", ".join(f"count({name})" for name in _SUM_TYPES)
    counts = rows.first(f"SELECT {known} FROM sums")
    columns = [name for name, n in zip(_SUM_TYPES, counts, strict=True) if n]
    header = folder / "interacted.csv"
    header.write_text(",".join([":START_ID", ":END_ID", *(f"{name}:{_SUM_TYPES[name]}" for name in columns)]) + "\n")
    paths, done = [header], 0
    staged = sorted((rows.frames.folder / "sums").glob("*.parquet"))
    tables = (pq.read_table(path, read_dictionary=["user_id", "item_id", "kind"]) for path in staged)
    pieces = tables if staged else (pa.Table.from_batches([batch]) for batch in rows.sums(500_000))
    with ThreadPoolExecutor(2) as pool:

        def write(n: int, table: pa.Table) -> Path:
            path = folder / f"interacted-{n:05d}.csv"
            _write_sums(table, columns, numbers, path)
            return path

        waiting = []
        for n, table in enumerate(pieces):
            waiting.append((table.num_rows, pool.submit(write, n, table)))
            while len(waiting) > 2 or (waiting and waiting[0][1].done()):
                done += _settle(waiting, paths)
                if progress:
                    progress("files", done, total)
        while waiting:
            _settle(waiting, paths)
    return paths


def _settle(waiting: list, paths: list[Path]) -> int:  # type: ignore[type-arg]
    n_rows, future = waiting.pop(0)
    paths.append(future.result())
    return int(n_rows)


def _write_sums(table: pa.Table, columns: list[str], numbers: dict[str, _Numbers], path: Path) -> None:
    ends = {
        "start": _numbered(table["user_id"], numbers["user"]),
        "end": _numbered(table["item_id"], numbers["item"]),
    }
    values = {name: table[name].cast(pa.string()) if name == "kind" else table[name] for name in columns}
    options = pacsv.WriteOptions(include_header=False, quoting_style="needed")
    pacsv.write_csv(pa.table({**ends, **values}), str(path), options)


def _numbered(column: pa.ChunkedArray, numbers: _Numbers) -> pa.ChunkedArray:
    """The number of each row's node. The words of a dictionary are looked up once."""
    chunks = []
    for chunk in column.chunks:
        coded = chunk if isinstance(chunk, pa.DictionaryArray) else chunk.dictionary_encode()
        found = pc.index_in(coded.dictionary, value_set=numbers.words).to_numpy().astype(np.int64) + numbers.first
        chunks.append(pa.array(found[coded.indices.to_numpy()]))
    return pa.chunked_array(chunks, pa.int64())


def _texts(word: str, columns: tuple[Column, ...]) -> list[str]:
    texts = [column for column in columns if column.type.startswith("string") or column.type.endswith("[]")]
    return [f"n.{_key(word)}", *(_value(column) for column in texts)]


def _texts_fit(rows: Rows, word: str, columns: tuple[Column, ...]) -> bool:
    longest = ", ".join(f"coalesce(max(length({text})), 0)" for text in _texts(word, columns))
    query = f"SELECT greatest({longest}, 0) FROM {word}_rows n"
    for column in columns:
        if column.type == "string[]":
            broken = f'SELECT count(*) FROM {word}_rows WHERE contains("{column.name}"::VARCHAR, chr({ord(SEPARATOR)}))'
            if rows.first(broken) != (0,):
                return False
    return int(rows.first(query)[0]) <= MAX_VALUE


def _has_newline(rows: Rows) -> bool:
    """Whether a text has a line of its own in it: only then does the importer read slowly, whole lines apart."""
    queries = [
        f"SELECT 1 FROM {word}_rows n WHERE {' OR '.join(f'{text} SIMILAR TO {_NEWLINE}' for text in _texts(word, c))}"
        for word, c in _nodes(rows)
    ]
    queries.append(f"SELECT 1 FROM taggings WHERE tag SIMILAR TO {_NEWLINE}")
    queries.append(f"SELECT 1 FROM (SELECT DISTINCT kind FROM sums) WHERE kind SIMILAR TO {_NEWLINE}")
    return any(rows.first(f"{query} LIMIT 1") for query in queries)


_NEWLINE = r"'(?s).*[\n\r].*'"


def _listed(paths: list[Path], root: Path) -> str:
    return ",".join(path.relative_to(root).as_posix() for path in paths)
