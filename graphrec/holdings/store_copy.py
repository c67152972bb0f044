"""A whole graph out of one store and into another by the bulk importer, with constraints and indexes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from neo4j import Query

from graphrec.errors import GraphrecError
from graphrec.graph import Graph
from graphrec.holdings.columns import quoted
from graphrec.holdings.sheets import Layout, Sheets, layout_of
from graphrec.ingest.bulk import OPTIONS
from graphrec.ingest.schema import INDEX_SECONDS
from graphrec.ingest.stats import read_stats

NODES_A_PAGE = 2_000
SET_AT_ONCE = 500


@dataclass(frozen=True)
class Copied:
    """What was read of a store. `arguments`: those of the importer; `left`: properties that it can't read, by the
    number that a node has in the new store; `statements` make constraints and indexes; `checksum`: that of `stats`."""

    arguments: list[str]
    left: list[tuple[int, dict[str, Any]]]
    statements: list[str]
    n_nodes: int
    n_relationships: int
    checksum: str


def copy_out(graph: Graph, folder: Path, root: Path) -> Copied:
    """All of a graph that nobody writes to, in files of a folder; their paths in the arguments are relative to `root`.

    GraphrecError where a relationship holds what the importer can't read. Memory: a page, and eight bytes a node.
    """
    counts = graph.read("transfer/n_nodes")[0]
    reader = _Reader(graph, counts["nodes"])
    with ExitStack() as stack:
        begin = [":ID", ":LABEL"]
        nodes = Sheets(stack, folder, "nodes", begin, reader.layout("node"))
        left = reader.nodes(nodes)
        begin = [":START_ID", ":END_ID", ":TYPE"]
        relationships = Sheets(stack, folder, "relationships", begin, reader.layout("relationship"))
        reader.relationships(relationships)
    if relationships.n_rows != counts["relationships"]:
        raise GraphrecError(
            f"{counts['relationships']:,} relationships are in the store, {relationships.n_rows:,} were read; "
            "something wrote to it meanwhile, so run it again"
        )
    found = [row["statement"] for name in ("constraints", "indexes") for row in graph.read(f"transfer/{name}")]
    arguments = [*OPTIONS, *(["--multiline-fields=true"] if nodes.multiline or relationships.multiline else [])]
    arguments += [f"--nodes={_from(root, path)}" for path in nodes.paths]
    arguments += [f"--relationships={_from(root, path)}" for path in relationships.paths]
    return Copied(arguments, left, found, nodes.n_rows, relationships.n_rows, read_stats(graph).checksum)


def complete(graph: Graph, copied: Copied) -> None:
    """Make the rest of a store that was just imported, and compare it with the first. GraphrecError if it differs."""
    for start in range(0, len(copied.left), SET_AT_ONCE):
        rows = [list(row) for row in copied.left[start : start + SET_AT_ONCE]]
        graph.write("transfer/set_properties", rows=rows)
    with graph.session() as session:
        for statement in copied.statements:  # Neo4j's own words, and names can't be parameters
            session.run(Query(statement)).consume()
    graph.run("schema/await_indexes", seconds=INDEX_SECONDS)
    counts = graph.read("transfer/n_nodes")[0]
    told = [row["statement"] for name in ("constraints", "indexes") for row in graph.read(f"transfer/{name}")]
    found = counts["nodes"], counts["relationships"], sorted(told), read_stats(graph).checksum
    if found != (copied.n_nodes, copied.n_relationships, sorted(copied.statements), copied.checksum):
        raise GraphrecError(
            f"the new store isn't the same as the old one ({found[0]:,} nodes of {copied.n_nodes:,}, {found[1]:,} "
            f"relationships of {copied.n_relationships:,}, {len(told)} constraints and indexes of "
            f"{len(copied.statements)}, checksum {found[3]} for {copied.checksum}); the old one stays"
        )


class _Reader:
    """Reads by the server's numbers of nodes, which are nearly dense, until all nodes were met."""

    def __init__(self, graph: Graph, n_nodes: int) -> None:
        self._graph = graph
        self._n_nodes = n_nodes
        self._numbers = np.zeros(0, dtype=np.int64)

    def layout(self, word: str) -> Layout:
        return layout_of(
            row
            for first, last in self._pages()
            for row in self._graph.read(f"transfer/{word}_types", first=first, last=last)
        )

    def nodes(self, sheets: Sheets) -> list[tuple[int, dict[str, Any]]]:
        """Number them anew in the order of the old numbers, and write them; what no file can hold."""
        left = []
        for first, last in self._pages():
            for row in self._graph.read("transfer/nodes", first=first, last=last):
                number = sheets.n_rows
                self._numbers[row["node"]] = number
                labels = "\x1f".join(row["labels"])
                more = sheets.write([str(number), quoted(labels)], row["labels"], row["properties"])
                left += [(number, more)] if more else []
        return left

    def relationships(self, sheets: Sheets) -> None:
        for first, last in self._pages():
            for row in self._graph.read("transfer/relationships", first=first, last=last):
                ends = [str(self._numbers[row["begin"]]), str(self._numbers[row["end"]])]
                more = sheets.write([*ends, quoted(row["type"])], [row["type"]], row["properties"])
                if more:
                    raise GraphrecError(
                        f"a relationship {row['type']} has in {', '.join(more)} what the bulk importer can't read; "
                        "take it away or keep it as text, and run it again"
                    )

    def _pages(self) -> Iterator[tuple[int, int]]:
        if not len(self._numbers) and self._n_nodes:
            self._numbers = np.zeros(self._highest() + 1, dtype=np.int64)
        for first in range(0, len(self._numbers), NODES_A_PAGE):
            yield first, min(first + NODES_A_PAGE, len(self._numbers)) - 1

    def _highest(self) -> int:
        """The highest number that a node has: pages are read until all nodes were met."""
        met, first, highest = 0, 0, 0
        while met < self._n_nodes:
            row = self._graph.read("transfer/node_numbers", first=first, last=first + 100_000 - 1)[0]
            met, highest, first = met + row["n"], max(highest, row["highest"]), first + 100_000
        return highest


def _from(root: Path, path: Path) -> str:
    """A path as the importer is told it, which runs at `root`."""
    return Path(os.path.relpath(path, root)).as_posix()
