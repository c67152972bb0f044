"""`graphrec load`: files in, a graph out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.cli.app import HomeOption, JsonOption, app, console, emit_json, progress
from graphrec.cli.watch import Watch
from graphrec.errors import InputError

if TYPE_CHECKING:
    from graphrec.ingest.load import LoadReport


@app.command()
def load(  # noqa: PLR0917
    path: Annotated[Path, typer.Argument(help="A folder, file or zip; its format is recognised by its contents.")],
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="user=…,item=…", help="Which columns of a table hold user, item, rating, time, kind, count, weight."
        ),
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write bad rows to FILE and load the rest.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="The kind of all interactions, like purchase or view.")] = None,
    via: Annotated[str, typer.Option(help="auto, bulk (empty local store) or bolt.")] = "auto",
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Load a data set into the graph. Loading it again, also after a kill, changes nothing.

    The whole input is checked before the first write. Of fixed parts only the training part goes into the graph.
    """
    from graphrec.ingest import load as loading

    with progress() as bar:
        watch = Watch(bar)
        report = loading.load(
            path, home, columns=read_columns(columns), rejects=rejects, kind=kind, via=via, progress=watch.tell
        )
    if as_json:
        emit_json(asdict(report))
        return
    _show(report, rejects)


def read_columns(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    pairs = [part.partition("=") for part in text.split(",")]
    for name, equals, column in pairs:
        if not (name and equals and column):
            raise InputError(f"expected --columns like user=customer,item=sku,time=date, found {text!r}")
    return {name.strip(): column.strip() for name, _, column in pairs}


def _show(report: LoadReport, rejects: Path | None) -> None:
    found = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in report.counts.items() if n)
    console.print(f"loaded {report.name} ({report.format}): {found}", markup=False)
    told = {"bulk": "through Neo4j's bulk importer", "bolt": "over Bolt"}[report.way]
    console.print(f"{told} ({report.why}), {report.seconds:.1f} s", markup=False)
    n_duplicates = sum(report.duplicates.values())
    if n_duplicates:
        console.print(f"{n_duplicates:,} rows left out because an equal one stands already")
    if report.rejected:
        console.print(f"{report.rejected:,} bad rows written to {rejects}", markup=False)
