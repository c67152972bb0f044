"""`graphrec export`: everything held about a person."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from graphrec.cli.app import HomeOption, app, console, err


@app.command()
def export(
    user: Annotated[str, typer.Argument(help="The user's id.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write there, readable by its owner alone.")] = None,
    home: HomeOption = None,
) -> None:
    """Write everything that is held about a person as JSON, from all places that `graphrec forget` empties."""
    from graphrec.holdings.export import export as write

    if out is None:
        n_things = write(home, user, sys.stdout)
        err.print(f"{n_things:,} things are held")
        return
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        n_things = write(home, user, file)
    console.print(f"{n_things:,} things are held; {out}", markup=False)
