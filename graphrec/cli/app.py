"""What every verb shares: the application, its common options, and how it speaks to people and machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

app = typer.Typer(
    name="graphrec",
    help="A recommender system that lives in Neo4j, from loading to serving.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

console = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="GRAPHREC_HOME",
        help="Where the local Neo4j and the models live.",
        show_default=False,
    ),
]
PIPED = 200
"""Columns of text for tables that go into a file or another command, where no terminal says how wide it is."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def emit_json(value: Any) -> None:
    """Print a value as JSON with sorted keys: the same value always gives the same bytes."""
    sys.stdout.write(json.dumps(value, sort_keys=True, ensure_ascii=False, indent=2, default=_plain) + "\n")


def print_table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], title: str | None = None) -> None:
    """Print rows as a table; numbers to the right, floats with four digits."""
    rows = list(rows)
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        numeric = all(isinstance(row.get(column), int | float | None) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell(row.get(column)) for column in columns))
    wide = console if console.is_terminal else Console(highlight=False, width=PIPED)
    wide.print(table)


def cell(value: Any) -> str:
    """One value as it stands in a table."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, list | tuple):
        return ", ".join(cell(part) for part in value)
    return str(value)


def progress() -> Progress:
    """A progress bar on standard error: what, how far, how fast, how long still. Silent when nobody watches."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
    )


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "iso_format"):
        return value.iso_format()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
